//! Say something: from the door to the queue.

use sha2::{Digest as _, Sha256};
use shared_types::{
    Code, ConversationId, ConversationKind, EntryKind, Envelope, MessageId,
    entry::{Accepted, Status},
    keys::Address,
    socket::SendMessage,
};
use tracing::warn;
use uuid::Uuid;

use crate::{
    App, Caller, Error, PortError, Refusal,
    domain::{
        conversation::Conversation,
        entry::{Change, Draft, Plaintext, check, is_same, may_change},
        keys,
        limits::Limited,
    },
    ports::Claim,
};

/// Accepts an entry: once this returns, it survives any crash and will get its position.
///
/// Sending the same id again changes nothing and gives the same answer, so a client may retry until it hears back.
#[tracing::instrument(level = "debug", skip_all, fields(conversation.id = %input.conversation_id))]
pub async fn send(app: &App, me: Caller, input: SendMessage) -> Result<Accepted, Error> {
    let conversation = input.conversation_id;
    app.member(conversation, me.user).await?;
    let found = app.conversations.find(&[conversation]).await?.pop();
    let found = found.ok_or_else(|| Refusal::not_found("conversation"))?;
    let plaintext = match found.kind {
        ConversationKind::Direct | ConversationKind::Group => app.policy.plaintext,
        // Open to everybody in it, and moderated: the server reads along.
        ConversationKind::Community => Plaintext::Allowed,
    };
    let kind = check(&input.message, plaintext)?;
    app.spend(Limited::SendBy, me.user).await?;
    app.spend(Limited::SendIn, conversation).await?;
    refuse_if_blocked(app, me, (found.kind, &input)).await?;

    let now = app.clock.now();
    let roster = input.message.roster;
    let draft = Draft {
        id: input.message.id.unwrap_or_else(|| MessageId(Uuid::now_v7())),
        conversation,
        kind,
        target: input.message.target,
        sender: me.user,
        device: me.device,
        sent_at: now,
        envelope: input.message.envelope,
        reply_to: input.message.reply_to,
        boxes: input.message.boxes,
        system: None,
        stamp: None,
        expires_at: input.message.expires_in.map(|s| now.plus_ms(i64::try_from(s).unwrap_or(i64::MAX) * 1_000)),
    };
    let draft = draft.stamped(&app.policy.franking_key);
    let accepted = Accepted { id: draft.id, status: Status::Accepted };
    let at = (conversation, draft.id);
    let claim = claim(app, at, &draft).await?;
    if claim != Claimed::Unused
        && let Some(entry) = app.log.find(&[at]).await?.pop()
    {
        if claim == Claimed::New {
            app.claims.release(&[at]).await?;
        }
        return if is_same(&draft, &entry) { Ok(accepted) } else { Err(conflict().into()) };
    }
    let checked = match check_target(app, &draft).await {
        // What was claimed before was checked then: who retries must not be refused for what has changed since.
        Ok(()) if claim == Claimed::Before => Ok(()),
        Ok(()) => fits_devices(app, &draft, (&found, roster)).await,
        Err(refused) => Err(refused),
    };
    if let Err(refused) = checked {
        match claim {
            Claimed::New | Claimed::Unused => app.claims.release(&[at]).await?,
            // It may be claimed although nobody could say so: whoever seals it again, as a refusal may ask for, must not
            // find its id taken by what was refused. Where that fails too, the claim expires by itself.
            Claimed::Unknown => drop(app.claims.release(&[at]).await),
            Claimed::Before => {}
        }
        return Err(refused);
    }
    let payload = serde_json::to_vec(&draft).map_err(|error| PortError::new("queue", error))?;
    // Not released where it fails: the queue may have it although it did not say so. The claim expires by itself.
    app.queue.publish(app.lane(conversation), payload).await?;
    Ok(accepted)
}

/// What is known of an id once it is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claimed {
    /// Now, and it is so young that the log can't have it: its claim would still be remembered.
    Unused,
    /// Now; the log may have it.
    New,
    /// Nobody remembers ids just now.
    Unknown,
    /// For the same message: on its way, settled a moment ago, or half-way when a pod died. Publishing it once more is
    /// harmless, and the answer must mean "durable".
    Before,
}

async fn claim(app: &App, at: (ConversationId, MessageId), draft: &Draft) -> Result<Claimed, Error> {
    let claim = Claim { sender: draft.sender, digest: digest(draft)? };
    match app.claims.claim(at, claim).await {
        Ok(Some(other)) if other != claim => Err(conflict().into()),
        Ok(Some(_)) => Ok(Claimed::Before),
        Ok(None) if is_young(draft, app.claims.remembers_ms()) => Ok(Claimed::Unused),
        Ok(None) => Ok(Claimed::New),
        Err(error) => {
            // Claims may be lost: the log's own uniqueness stays.
            warn!(%error, "ids are not claimed");
            Ok(Claimed::Unknown)
        }
    }
}

/// Whether the id says of itself that it was made a moment ago. One that lies costs its sender a message in the dead
/// letters, nobody else anything.
fn is_young(draft: &Draft, remembers_ms: i64) -> bool {
    let made = draft.id.0.get_timestamp().filter(|_| draft.id.0.get_version_num() == 7);
    let made_ms = made.map(|made| i64::try_from(made.to_unix().0).unwrap_or_default().saturating_mul(1_000));
    made_ms.is_some_and(|made| draft.sent_at.0.saturating_sub(made).abs() < remembers_ms / 2)
}

fn conflict() -> Refusal {
    Refusal { field: Some("id".into()), ..Refusal::new(Code::IdConflict, "this id was used for another message") }
}

async fn refuse_if_blocked(
    app: &App,
    me: Caller,
    (kind, input): (ConversationKind, &SendMessage),
) -> Result<(), Error> {
    // Taking one's own words back is always allowed.
    if kind != ConversationKind::Direct || input.message.kind == Some(EntryKind::Retract) {
        return Ok(());
    }
    for member in app.conversations.members(input.conversation_id).await? {
        if member.user != me.user && app.blocks.between(me.user, member.user).await? {
            return Err(Refusal::new(Code::Blocked, "one of you has blocked the other").into());
        }
    }
    Ok(())
}

/// The target must be there and allow the change; it may still be on its way, right before this entry.
async fn check_target(app: &App, draft: &Draft) -> Result<(), Error> {
    let missing = || Refusal { field: Some("target".into()), ..Refusal::not_found("message") };
    for (field, id) in [("target", draft.target), ("reply_to", draft.reply_to)] {
        let Some(id) = id else { continue };
        let at = (draft.conversation, id);
        if let Some(entry) = app.log.find(&[at]).await?.pop() {
            if field == "target" {
                may_change(draft.kind, &entry, &Change { by: draft.sender, now: draft.sent_at })?;
            }
            continue;
        }
        // Claims may be away: then the target must stand in the log.
        let Some(claim) = app.claims.find(at).await.unwrap_or_default() else {
            // It may have been appended, and its claim released, between the two looks.
            let Some(entry) = app.log.find_latest(&[at]).await?.pop() else {
                return Err(Refusal { field: Some(field.into()), ..missing() }.into());
            };
            if field == "target" {
                may_change(draft.kind, &entry, &Change { by: draft.sender, now: draft.sent_at })?;
            }
            continue;
        };
        let own_only = matches!(draft.kind, EntryKind::Edit | EntryKind::Retract);
        if own_only && claim.sender != draft.sender {
            return Err(Refusal { field: Some(field.into()), ..Refusal::new(Code::Forbidden, "not yours") }.into());
        }
    }
    Ok(())
}

/// What is sealed must be sealed for the devices that there are now: one that was left out could never read it, and one that
/// is gone must not. Between two people the boxes show it. In a group the sender says which statement about the members, and
/// which device lists, it went by.
async fn fits_devices(app: &App, draft: &Draft, (of, roster): (&Conversation, Option<u64>)) -> Result<(), Error> {
    let Some(Envelope::Sealed(sealed)) = &draft.envelope else { return Ok(()) };
    let is_direct = of.kind == ConversationKind::Direct;
    if !is_direct && !draft.boxes.is_empty() {
        return Err(Refusal::field("boxes", "only in conversations of two").into());
    }
    if !is_direct && of.epoch == 0 {
        return Ok(());
    }
    if !is_direct {
        keys::fits_epoch(sealed, of.epoch)?;
    }
    let people: Vec<_> = app.conversations.members(of.id).await?.iter().map(|member| member.user).collect();
    let lists = app.keys.lists(&people).await?;
    if is_direct {
        let sender = Address { user_id: draft.sender, device_id: draft.device };
        return Ok(keys::fits(&draft.boxes, &lists, sender)?);
    }
    Ok(keys::fits_roster(roster, &lists)?)
}

/// What makes it the same message: all but the moment.
fn digest(draft: &Draft) -> Result<[u8; 32], PortError> {
    let lasting = draft.expires_at.map(|end| end.ms_since(draft.sent_at));
    let what = (draft.kind, draft.target, draft.sender, &draft.envelope, draft.reply_to, lasting);
    let json = serde_json::to_vec(&what).map_err(|error| PortError::new("queue", error))?;
    Ok(Sha256::digest(json).into())
}
