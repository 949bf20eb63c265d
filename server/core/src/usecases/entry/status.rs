//! How far a message has come.

use shared_types::{
    ConversationId, MessageId,
    entry::{MessageStatus, Status},
};

use crate::{App, Caller, Error, Refusal, domain::receipt::Watermark};

/// The status of a message, derived from the members' watermarks.
pub async fn status(
    app: &App,
    me: Caller,
    at @ (conversation, _): (ConversationId, MessageId),
) -> Result<MessageStatus, Error> {
    app.member(conversation, me.user).await?;
    let Some(entry) = app.log.find(&[at]).await?.pop() else {
        app.claims.find(at).await?.ok_or_else(|| Refusal::not_found("message"))?;
        return Ok(MessageStatus { status: Status::Accepted, delivered_to: Vec::new(), read_by: Vec::new() });
    };
    let marks = app.receipts.of(&[conversation]).await?;
    let others = app.conversations.members(conversation).await?;
    let others: Vec<_> = others
        .into_iter()
        .filter(|member| member.user != entry.sender_id && member.from_seq < entry.seq)
        .map(|member| {
            let mark = marks.iter().find(|(_, user, _)| *user == member.user).map(|(_, _, mark)| *mark);
            (member.user, mark.unwrap_or_default())
        })
        .collect();
    let having = |reached: fn(&Watermark) -> shared_types::Seq| {
        others.iter().filter(|(_, mark)| reached(mark) >= entry.seq).map(|(user, _)| *user).collect()
    };
    let marks: Vec<Watermark> = others.iter().map(|(_, mark)| *mark).collect();
    Ok(MessageStatus {
        status: Watermark::status(entry.seq, &marks),
        delivered_to: having(|mark| mark.delivered),
        read_by: having(|mark| mark.read),
    })
}
