//! Say how far one has received and read.

use shared_types::{ConversationId, Receipt, ServerEvent, receipt::NewReceipt};

use crate::{
    App, Caller, Error, Refusal,
    domain::{limits::Limited, receipt::Watermark},
    ports::Audience,
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
    let head = app.log.heads(&[conversation]).await?.pop().unwrap_or_default();
    let raised = app.receipts.raise(conversation, me.user, Watermark::claimed(claim, head)?).await?;
    if !raised.rose {
        return Ok(());
    }
    let users = app.conversations.members(conversation).await?.into_iter().map(|member| member.user).collect();
    let receipt = Receipt {
        conversation_id: conversation,
        user_id: me.user,
        delivered_seq: raised.now.delivered,
        read_seq: raised.now.read,
    };
    app.delivery.tell(Audience::Users(users), ServerEvent::Receipt(receipt)).await;
    Ok(())
}
