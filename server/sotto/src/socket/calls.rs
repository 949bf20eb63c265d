//! The calls: each is read, given to its use case, and answered.

use std::sync::Arc;

use metrics::counter;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use shared_types::{
    Code, ConversationId, Problem,
    socket::{Ack, Call, Done, RaiseReceipt, RenewAuth, Renewed, SendLink, SendMessage, Typing, WatchPresence},
};
use sotto_core::{
    Caller, Error, Refusal,
    usecases::{account::authenticate, entry, keys::relay_link, presence, receipt::raise_receipt, typing::typing},
};
use tracing::warn;
use uuid::Uuid;

use super::{Pod, inbox::State, packet::Event, sock::Sock};
use crate::http::{parse, problem};

/// Who calls, over which socket.
type Who<'a> = (Caller, &'a Arc<Sock>);

/// Does what the event asks; gives the acknowledgement's one argument.
pub(super) async fn answer(pod: &Pod, who: Who<'_>, event: Event) -> Option<Box<RawValue>> {
    let payload = event.payload.as_deref();
    match event.name.as_str() {
        SendMessage::NAME => acknowledge::<SendMessage>(send(pod, who, payload).await),
        RaiseReceipt::NAME => acknowledge::<RaiseReceipt>(receipt(pod, who, payload).await),
        Typing::NAME => acknowledge::<Typing>(type_on(pod, who, payload).await),
        WatchPresence::NAME => acknowledge::<WatchPresence>(watch(pod, who, payload).await),
        SendLink::NAME => acknowledge::<SendLink>(link(pod, who, payload).await),
        RenewAuth::NAME => acknowledge::<RenewAuth>(renew(pod, who, payload).await),
        unknown => {
            let unknown: String = unknown.chars().take(64).collect();
            let problem = Problem::new(Code::Invalid, format!("there is no call {unknown:?}")).at("event");
            acknowledge::<Typing>(Err(problem))
        }
    }
}

fn acknowledge<C: Call>(result: Result<C::Reply, Problem>) -> Option<Box<RawValue>> {
    let ack = match result {
        Ok(reply) => Ack::Ok(reply),
        Err(problem) => Ack::Error(Box::new(Problem { request_id: Uuid::now_v7().to_string(), ..problem })),
    };
    to_raw_value(&ack).inspect_err(|error| warn!(%error, "an answer could not be written")).ok()
}

/// Reads a payload; an error names the field.
fn read<T: DeserializeOwned>(payload: Option<&RawValue>) -> Result<T, Problem> {
    parse(payload.map_or("null", RawValue::get).as_bytes())
}

/// Reads a payload that stands beside a `conversation_id`: in two looks, since flattened types forget which field was
/// wrong.
fn read_in<T: DeserializeOwned>(payload: Option<&RawValue>) -> Result<(ConversationId, T), Problem> {
    #[derive(serde::Deserialize)]
    struct Where {
        conversation_id: ConversationId,
    }
    Ok((read::<Where>(payload)?.conversation_id, read(payload)?))
}

async fn send(
    pod: &Pod,
    (caller, _): Who<'_>,
    payload: Option<&RawValue>,
) -> Result<<SendMessage as Call>::Reply, Problem> {
    let (conversation_id, message) = read_in(payload)?;
    let accepted = entry::send(&pod.app, caller, SendMessage { conversation_id, message }).await.map_err(problem)?;
    counter!("sotto_messages_accepted_total").increment(1);
    Ok(accepted)
}

async fn link(pod: &Pod, (caller, _): Who<'_>, payload: Option<&RawValue>) -> Result<Done, Problem> {
    relay_link(&pod.app, caller, read(payload)?).await.map_err(problem)?;
    Ok(Done {})
}

async fn receipt(pod: &Pod, (caller, _): Who<'_>, payload: Option<&RawValue>) -> Result<Done, Problem> {
    raise_receipt(&pod.app, caller, read_in(payload)?).await.map_err(problem)?;
    Ok(Done {})
}

async fn type_on(pod: &Pod, (caller, _): Who<'_>, payload: Option<&RawValue>) -> Result<Done, Problem> {
    typing(&pod.app, caller, read(payload)?).await.map_err(problem)?;
    Ok(Done {})
}

async fn watch(
    pod: &Pod,
    (caller, socket): Who<'_>,
    payload: Option<&RawValue>,
) -> Result<<WatchPresence as Call>::Reply, Problem> {
    let input: WatchPresence = read(payload)?;
    let (_, allowed) = presence::watch(&pod.app, caller, input.clone()).await.map_err(problem)?;
    pod.registry.watch(socket, allowed);
    // Looked up again after the watch began: a change in between is in the states or comes as an event, or both.
    let (states, _) = presence::watch(&pod.app, caller, input).await.map_err(problem)?;
    Ok(states)
}

async fn renew(pod: &Pod, (caller, socket): Who<'_>, payload: Option<&RawValue>) -> Result<Renewed, Problem> {
    let RenewAuth { token } = read(payload)?;
    let (renewed, access) = authenticate(&pod.app, &token.0).await.map_err(problem)?;
    if renewed.session != caller.session {
        let refusal = Refusal::field("token", "a token of another session; connect anew for that");
        return Err(problem(Error::Refused(refusal)));
    }
    if let State::Open(open) = &mut *socket.data.state() {
        open.expires_at = access.expires_at;
        open.warned_at = None;
    }
    Ok(Renewed { expires_at: access.expires_at })
}
