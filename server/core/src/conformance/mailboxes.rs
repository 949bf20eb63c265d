//! The contract of [`crate::ports::Mailboxes`], and of the boxes that come with an entry.
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{
    ConversationId, MessageId, Seq, Timestamp,
    keys::{Address, MailboxItem},
};
use uuid::Uuid;

use super::keys::device;
use crate::{
    App,
    ports::{Appended, Batch, Post},
};

fn post(to: Address, at: Timestamp) -> Post {
    let item = MailboxItem {
        id: MessageId(Uuid::now_v7()),
        from: device(),
        conversation_id: super::conversation(),
        body: "Ym94".into(),
        kem: None,
        received_at: at,
    };
    Post { to, item }
}

const NOW: Timestamp = Timestamp(1_800_000_000_000);

async fn ids(app: &App, device: Address) -> Vec<MessageId> {
    app.mailboxes.list(device, 100).await.unwrap().iter().map(|item| item.id).collect()
}

/// And is the same that was put in.
pub async fn what_is_put_in_is_listed_in_order_until_it_is_acknowledged(app: &App) {
    let ana = device();
    let posts: Vec<Post> = (0..5).map(|_| post(ana, NOW)).collect();
    let mut shuffled = posts.clone();
    shuffled.rotate_left(2);
    app.mailboxes.put(&shuffled).await.unwrap();
    let items: Vec<_> = posts.iter().map(|post| post.item.clone()).collect();
    assert_eq!(app.mailboxes.list(ana, 100).await.unwrap(), items);
    assert_eq!(app.mailboxes.list(ana, 2).await.unwrap(), items[..2]);
    app.mailboxes.ack(ana, &[items[0].id, items[3].id, MessageId(Uuid::nil())]).await.unwrap();
    assert_eq!(ids(app, ana).await, [items[1].id, items[2].id, items[4].id]);
    app.mailboxes.clear(ana).await.unwrap();
    assert_eq!(ids(app, ana).await, []);
}

/// The first one stays.
pub async fn putting_in_twice_is_once(app: &App) {
    let ana = device();
    let first = post(ana, NOW);
    app.mailboxes.put(std::slice::from_ref(&first)).await.unwrap();
    let mut second = first.clone();
    second.item.body = "YW5vdGhlcg==".into();
    app.mailboxes.put(&[second, first.clone(), post(ana, NOW)]).await.unwrap();
    let items = app.mailboxes.list(ana, 100).await.unwrap();
    assert_eq!((items.len(), &items[0]), (2, &first.item));
}

/// Neither of two people, nor of two devices of one.
pub async fn mailboxes_do_not_mix(app: &App) {
    let (ana, bo) = (device(), device());
    let web = Address { user_id: ana.user_id, ..bo };
    let posts = [post(ana, NOW), post(bo, NOW), post(web, NOW)];
    app.mailboxes.put(&posts).await.unwrap();
    app.mailboxes.ack(ana, &[posts[1].item.id, posts[2].item.id]).await.unwrap();
    app.mailboxes.clear(bo).await.unwrap();
    assert_eq!(ids(app, ana).await, [posts[0].item.id]);
    assert_eq!(ids(app, bo).await, []);
    assert_eq!(ids(app, web).await, [posts[2].item.id]);
}

/// However many there are.
pub async fn what_nobody_fetches_expires(app: &App) {
    let ana = device();
    let (old, older, fresh) = (post(ana, Timestamp(2)), post(ana, Timestamp(1)), post(ana, NOW));
    app.mailboxes.put(&[old, older, fresh.clone()]).await.unwrap();
    let mut gone = 0;
    loop {
        match app.mailboxes.expire(Timestamp(1_000), 1).await.unwrap() {
            0 => break,
            some => gone += some,
        }
    }
    assert!(gone >= 2, "other tests' may have been among them");
    assert_eq!(ids(app, ana).await, [fresh.item.id]);
}

/// A batch that is fenced leaves no box behind that its entry would not follow; one that is written brings both.
pub async fn boxes_come_with_their_entry_or_not_at_all(app: &App) {
    let (ana, conversation) = (device(), super::conversation());
    let batch = |conversation: ConversationId, seq: u64| {
        let draft = super::draft(conversation, "x");
        let mut with_box = post(ana, NOW);
        (with_box.item.id, with_box.item.conversation_id) = (draft.id, conversation);
        Batch { entries: vec![draft.at(Seq(seq))], posts: vec![with_box], purge: Vec::new() }
    };
    let first = batch(conversation, 1);
    assert_eq!(app.log.append(first.clone()).await.unwrap(), Appended::Written);
    assert_eq!(ids(app, ana).await, [first.entries[0].id]);
    let gap = batch(conversation, 5);
    assert_eq!(app.log.append(gap).await.unwrap(), Appended::Fenced(conversation));
    assert_eq!(ids(app, ana).await, [first.entries[0].id]);
}
