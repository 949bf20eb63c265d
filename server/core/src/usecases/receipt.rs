//! Say how far one has received and read.

use shared_types::{ConversationId, ConversationKind, Receipt, ServerEvent, receipt::NewReceipt};

use crate::{
    App, Caller, Error, Refusal,
    domain::{limits::Limited, receipt::Watermark},
    ports::Audience,
    usecases::audience,
};

/// Raises the caller's watermarks; members hear of it if they rose. Lower ones than before change nothing.
pub async fn raise_receipt(
    app: &App,
    me: Caller,
    (conversation, claim): (ConversationId, NewReceipt),
) -> Result<(), Error> {
    app.member(conversation, me.user).await?;
    if claim.delivered_seq.is_none() && claim.read_seq.is_none() {
        return Err(Refusal::field("delivered_seq", "give delivered_seq, read_seq or both").into());
    }
    app.spend(Limited::Signal, me.user).await?;
    let claim = checked(app, conversation, claim).await?;
    let began = app.clock.now();
    let raised = app.receipts.raise(conversation, me.user, claim).await?;
    if !raised.rose {
        return Ok(());
    }
    let Some(found) = app.conversations.find(&[conversation]).await?.pop() else { return Ok(()) };
    let audience = match found.kind {
        // In a community nobody wants to know how far thousands have read: only one's own devices hear of it.
        ConversationKind::Community => Audience::Users(vec![me.user]),
        ConversationKind::Direct | ConversationKind::Group => audience::of(app, &found).await?,
    };
    let receipt = Receipt {
        conversation_id: conversation,
        user_id: me.user,
        delivered_seq: raised.now.delivered,
        read_seq: raised.now.read,
    };
    app.delivery.tell_as_of(audience, ServerEvent::Receipt(receipt), began).await;
    Ok(())
}

/// The claim as watermarks. Who has heard of an entry is never told that it is not there.
async fn checked(app: &App, conversation: ConversationId, claim: NewReceipt) -> Result<Watermark, Error> {
    let head = app.log.heads(&[conversation]).await?.pop().unwrap_or_default();
    match Watermark::claimed(claim, head) {
        Ok(mark) => Ok(mark),
        Err(_) => Ok(Watermark::claimed(claim, app.log.latest_head(conversation).await?)?),
    }
}
