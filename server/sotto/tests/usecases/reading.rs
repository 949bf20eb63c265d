//! History, sync, receipts, and what people hear.

use std::time::Duration;

use super::{
    code, log, parcel, refused,
    world::{World, words},
};
use shared_types::{Code, MessageId, Seq, entry::Status, receipt::NewReceipt, sync::SyncRequest};
use sotto_core::{
    ports::{Audience, PodId},
    usecases::{
        entry::{History, history, send, status},
        receipt::raise_receipt,
        sync::sync,
    },
};
use uuid::Uuid;

#[tokio::test]
async fn a_status_follows_the_watermarks() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let said = send(&world, ana, words(&conversation, "hello")).await.unwrap().id;
    log(&world, ana, &conversation, 1).await;
    let at = (conversation.id, said);
    assert_eq!(status(&world, ana, at).await.unwrap().status, Status::Sent);
    let claim = |delivered, read| NewReceipt { delivered_seq: delivered, read_seq: read };
    raise_receipt(&world, bo, (conversation.id, claim(Some(Seq(1)), None))).await.unwrap();
    let delivered = status(&world, ana, at).await.unwrap();
    assert_eq!(
        (delivered.status, delivered.delivered_to, delivered.read_by),
        (Status::Delivered, vec![bo.user], vec![])
    );
    raise_receipt(&world, bo, (conversation.id, claim(None, Some(Seq(1))))).await.unwrap();
    assert_eq!(status(&world, ana, at).await.unwrap().read_by, [bo.user]);
    raise_receipt(&world, bo, (conversation.id, claim(Some(Seq(0)), Some(Seq(0))))).await.unwrap();
    assert_eq!(status(&world, ana, at).await.unwrap().status, Status::Read, "lower claims change nothing");
    let past = raise_receipt(&world, bo, (conversation.id, claim(None, Some(Seq(2))))).await;
    assert_eq!(refused(past), (Code::SeqOutOfRange, Some("read_seq".into())));
    assert_eq!(code(raise_receipt(&world, bo, (conversation.id, claim(None, None))).await), Code::Invalid);
    assert_eq!(code(status(&world, ana, (conversation.id, MessageId(Uuid::now_v7()))).await), Code::NotFound);
}

#[tokio::test]
async fn both_members_hear_what_is_said_and_received() {
    let world = World::running();
    let mut inbox = world.delivery.listen(&PodId("pod".into())).await.unwrap();
    let (ana, bo, conversation) = world.pair().await;
    send(&world, ana, words(&conversation, "hello")).await.unwrap();
    log(&world, ana, &conversation, 1).await;
    let claim = NewReceipt { delivered_seq: Some(Seq(1)), read_seq: None };
    raise_receipt(&world, bo, (conversation.id, claim)).await.unwrap();
    raise_receipt(&world, bo, (conversation.id, claim)).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 4 {
        let parcel = parcel(inbox.next().await);
        if let Audience::Users(mut users) = parcel.to {
            users.sort_unstable();
            heard.push((parcel.event.name(), users));
        }
    }
    let mut both = vec![ana.user, bo.user];
    both.sort_unstable();
    assert_eq!(heard[2..], [("message", both.clone()), ("receipt", both)]);
}

#[tokio::test]
async fn history_is_paged_from_both_ends() {
    let world = World::running();
    let (ana, _, conversation) = world.pair().await;
    for number in 0..7 {
        send(&world, ana, words(&conversation, &format!("{number}"))).await.unwrap();
    }
    log(&world, ana, &conversation, 7).await;
    let page = async |before: Option<u64>, after: Option<u64>, limit: Option<u64>| {
        let input =
            History { conversation: conversation.id, before_seq: before.map(Seq), after_seq: after.map(Seq), limit };
        history(&world, ana, input)
            .await
            .map(|page| (page.messages.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), page.has_more))
    };
    assert_eq!(page(None, None, Some(3)).await.unwrap(), (vec![5, 6, 7], true));
    assert_eq!(page(Some(3), None, Some(3)).await.unwrap(), (vec![1, 2], false));
    assert_eq!(page(None, Some(2), Some(3)).await.unwrap(), (vec![3, 4, 5], true));
    assert_eq!(page(None, Some(4), Some(3)).await.unwrap(), (vec![5, 6, 7], false));
    assert_eq!(page(None, Some(7), None).await.unwrap(), (vec![], false));
    for limit in [0, 201, u64::MAX] {
        assert_eq!(refused(page(None, None, Some(limit)).await), (Code::Invalid, Some("limit".into())));
    }
    assert_eq!(code(page(Some(1), Some(1), None).await), Code::Invalid);
}

#[tokio::test]
async fn a_sync_gives_what_was_missed_and_no_more() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    for number in 0..3 {
        send(&world, ana, words(&conversation, &format!("{number}"))).await.unwrap();
    }
    log(&world, bo, &conversation, 3).await;
    let synced = async |head: Option<u64>| {
        let heads = head.map(|head| (conversation.id, Seq(head))).into_iter().collect();
        let answer = sync(&world, bo, SyncRequest { heads }).await.unwrap();
        let one = answer.conversations.into_iter().next().unwrap();
        (one.messages.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), one.has_more, one.receipts.len())
    };
    assert_eq!(synced(None).await, (vec![1, 2, 3], false, 2));
    assert_eq!(synced(Some(1)).await, (vec![2, 3], false, 2));
    assert_eq!(synced(Some(3)).await, (vec![], false, 2));
    assert_eq!(synced(Some(99)).await, (vec![], false, 2), "a head past the log is no reason for an endless sync");
    let foreign = SyncRequest { heads: [(Uuid::now_v7().into_bytes().into(), Seq(1))].into() };
    let answer = sync(&world, bo, foreign.clone()).await.unwrap();
    assert_eq!(answer.left, foreign.heads.keys().copied().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_long_absence_is_caught_up_page_by_page() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    for number in 0..250 {
        send(&world, ana, words(&conversation, &format!("{number}"))).await.unwrap();
    }
    let newest = History { conversation: conversation.id, before_seq: None, after_seq: Some(Seq(249)), limit: None };
    while history(&world, bo, newest).await.unwrap().messages.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut head = Seq(10);
    let mut seen = Vec::new();
    loop {
        let answer = sync(&world, bo, SyncRequest { heads: [(conversation.id, head)].into() }).await.unwrap();
        let one = &answer.conversations[0];
        seen.extend(one.messages.iter().map(|entry| entry.seq.0));
        head = one.messages.last().map_or(head, |entry| entry.seq);
        if !one.has_more {
            break;
        }
    }
    assert_eq!(seen, (11..=250).collect::<Vec<_>>());
}
