//! The socket's description, as AsyncAPI 3.0 (<https://www.asyncapi.com/docs/reference/specification/v3.0.0>).

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use crate::{Conversation, Problem, account, conversation, entry, error, ids, keys, receipt, scalar, socket};

/// Every type that a call or an event may carry.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    ids::UserId,
    ids::DeviceId,
    ids::SessionId,
    ids::ConversationId,
    ids::MessageId,
    scalar::Seq,
    scalar::Timestamp,
    scalar::Secret,
    error::Code,
    Problem,
    account::User,
    entry::EntryKind,
    entry::Envelope,
    entry::Sealed,
    entry::SealContext,
    entry::GroupBox,
    entry::Content,
    entry::System,
    entry::Message,
    entry::NewMessage,
    entry::Status,
    entry::Accepted,
    conversation::ConversationKind,
    conversation::Role,
    conversation::Member,
    conversation::My,
    Conversation,
    receipt::Receipt,
    receipt::NewReceipt,
    socket::SendMessage,
    socket::RaiseReceipt,
    socket::Typing,
    socket::WatchPresence,
    socket::RenewAuth,
    socket::Renewed,
    socket::Done,
    socket::PresenceStates,
    socket::Presence,
    socket::TypingEvent,
    socket::Ready,
    socket::ConversationChange,
    socket::ConversationEvent,
    socket::LiveMessage,
    socket::MailboxEvent,
    socket::KeysEvent,
    socket::DevicesEvent,
    socket::SendLink,
    socket::LinkEvent,
    keys::Address,
    keys::KemPart,
    keys::KeyBox,
    keys::MailboxItem,
    socket::SessionReason,
    socket::SessionEvent,
)))]
struct Schemas;

const ABOUT: &str = "Socket.IO (protocol 5) at /socket.io/, namespace /. Connect with auth: {token}; a refused connection gets \
    connect_error with data.code. Calls are acknowledged with {ok: true, ...} or {ok: false, error}. Up to 4096 calls or \
    2 MiB may wait for their answer; a client that sends more, or reads so slowly that 256 packets wait for it, is cut \
    off and catches up with POST /api/v1/sync.";

/// The whole of `asyncapi.yaml`.
pub fn asyncapi() -> serde_json::Result<String> {
    Ok(format!(
        "# The socket's contract, generated from shared-types by `cargo xtask gen`. Do not edit.\n{}",
        super::yaml::document(&document()?)
    ))
}

fn document() -> serde_json::Result<Value> {
    let (mut messages, mut operations) = (Map::new(), Map::new());
    for (name, payload, reply) in socket::CALLS {
        let id = identifier("call", name);
        messages.insert(id.clone(), message(name, &schema(payload)));
        messages.insert(format!("{id}_ack"), message(&format!("{name} acknowledgement"), &ack(reply)));
        operations.insert(id.clone(), operation("receive", &id, Some(&format!("{id}_ack"))));
    }
    for (name, payload) in socket::EVENTS {
        let id = identifier("event", name);
        messages.insert(id.clone(), message(name, &schema(payload)));
        operations.insert(id.clone(), operation("send", &id, None));
    }
    let on_channel: Map<String, Value> =
        messages.keys().map(|id| (id.clone(), reference(&format!("components/messages/{id}")))).collect();
    let components = serde_json::to_value(Schemas::openapi().components)?;
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {"title": "Sotto", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT},
        "channels": {"socket": {"address": "/socket.io/", "messages": on_channel}},
        "operations": operations,
        "components": {"messages": messages, "schemas": components["schemas"]},
    }))
}

fn identifier(kind: &str, name: &str) -> String {
    format!("{kind}_{}", name.replace(':', "_"))
}

fn reference(place: &str) -> Value {
    json!({"$ref": format!("#/{place}")})
}

fn schema(name: &str) -> Value {
    reference(&format!("components/schemas/{name}"))
}

fn message(name: &str, payload: &Value) -> Value {
    json!({"name": name, "payload": payload})
}

fn ack(reply: &str) -> Value {
    let ok = |value: bool| json!({"type": "object", "required": ["ok"], "properties": {"ok": {"const": value}}});
    let mut failed = ok(false);
    failed["properties"]["error"] = schema("Problem");
    json!({"oneOf": [{"allOf": [ok(true), schema(reply)]}, failed]})
}

fn operation(action: &str, id: &str, reply: Option<&str>) -> Value {
    let on_channel = |id: &str| reference(&format!("channels/socket/messages/{id}"));
    let mut operation = json!({
        "action": action,
        "channel": reference("channels/socket"),
        "messages": [on_channel(id)],
    });
    if let Some(reply) = reply {
        operation["reply"] = json!({"channel": reference("channels/socket"), "messages": [on_channel(reply)]});
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn everything_that_is_referred_to_is_there() {
        let document = document().unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }
}
