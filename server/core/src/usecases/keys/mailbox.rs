//! A device's mailbox, and what others put into it without a message.

use shared_types::{
    Code, ConversationId, ServerEvent,
    keys::{AckMailbox, Address, KeyMail, Mailbox, MailboxItem, SendKeyMail},
    socket::MailboxEvent,
};

use crate::{
    App, Caller, Error, Refusal,
    domain::{
        keys::{MAIL_LASTS_MS, check_box},
        limits::Limited,
    },
    ports::{Audience, Post},
};

/// The most boxes in an answer.
pub(crate) const PAGE: usize = 100;
/// The most boxes in one call.
const MOST: usize = 100;
/// The most that are acknowledged in one call.
const MOST_ACKS: usize = 1_000;
/// How many are removed at once when they have waited too long.
const EXPIRE: usize = 1_000;

const fn own(me: Caller) -> Address {
    Address { user_id: me.user, device_id: me.device }
}

/// What waits for this device, oldest first.
pub async fn list_mail(app: &App, me: Caller) -> Result<Mailbox, Error> {
    app.spend(Limited::Request, me.user).await?;
    let mut items = app.mailboxes.list(own(me), PAGE + 1).await?;
    let has_more = items.len() > PAGE;
    items.truncate(PAGE);
    Ok(Mailbox { items, has_more })
}

/// Removes what is safe on this device.
pub async fn ack_mail(app: &App, me: Caller, input: AckMailbox) -> Result<(), Error> {
    if !(1..=MOST_ACKS).contains(&input.ids.len()) {
        return Err(Refusal::field("ids", format!("1 to {MOST_ACKS}")).into());
    }
    app.spend(Limited::Request, me.user).await?;
    Ok(app.mailboxes.ack(own(me), &input.ids).await?)
}

/// Puts boxes into the mailboxes of devices with whose people one shares the conversation that each names.
pub async fn send_mail(app: &App, me: Caller, input: SendKeyMail) -> Result<(), Error> {
    if !(1..=MOST).contains(&input.mail.len()) {
        return Err(Refusal::field("mail", format!("1 to {MOST}")).into());
    }
    app.spend(Limited::Mail, me.user).await?;
    let now = app.clock.now();
    let mut posts = Vec::with_capacity(input.mail.len());
    for (place, mail) in input.mail.into_iter().enumerate() {
        check_box(&format!("mail[{place}].box"), &mail.key_box)?;
        may_post(app, me, (place, &mail)).await?;
        let KeyMail { id, conversation_id, key_box } = mail;
        let (to, body, kem) = (key_box.to, key_box.body, key_box.kem);
        let item = MailboxItem { id, from: own(me), conversation_id, body, kem, received_at: now };
        posts.push(Post { to, item });
    }
    app.mailboxes.put(&posts).await?;
    let mut users: Vec<_> = posts.iter().map(|post| post.to.user_id).collect();
    users.sort_unstable();
    users.dedup();
    let event = ServerEvent::Mailbox(MailboxEvent { count: 0, items: Vec::new() });
    app.delivery.tell_boxed(Audience::Users(users), event, posts).await;
    Ok(())
}

/// Both must be in the conversation; to oneself anything may be posted in one's own.
async fn may_post(app: &App, me: Caller, (place, mail): (usize, &KeyMail)) -> Result<(), Error> {
    app.member(mail.conversation_id, me.user).await?;
    let to = mail.key_box.to;
    if to == own(me) {
        return Err(Refusal::field(format!("mail[{place}].box.device_id"), "another device").into());
    }
    if app.conversations.member(mail.conversation_id, to.user_id).await?.is_none() {
        let field = format!("mail[{place}].box.user_id");
        return Err(Refusal { field: Some(field.into()), ..Refusal::not_found("member") }.into());
    }
    // In a group both hear each other, as with messages.
    let is_direct = mail.conversation_id == ConversationId::direct(me.user, to.user_id);
    if is_direct && app.blocks.between(me.user, to.user_id).await? {
        return Err(Refusal::new(Code::Blocked, "one of you has blocked the other").into());
    }
    Ok(())
}

/// Removes what has waited too long; says how many.
pub async fn expire_mail(app: &App) -> Result<usize, Error> {
    Ok(app.mailboxes.expire(app.clock.now().plus_ms(-MAIL_LASTS_MS), EXPIRE).await?)
}
