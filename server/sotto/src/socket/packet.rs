//! Socket.IO packets of the one namespace, as text. Reading is socketioxide's parser; writing is a line each.

use engineioxide::Str;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared_types::{Problem, ServerEvent};
use socketioxide_core::{
    Value,
    packet::PacketData,
    parser::{Parse as _, ParseConfig, ParserState},
};
use socketioxide_parser_common::CommonParser;

/// A packet from a client.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Wants in, with what it calls `auth`.
    Connect(Option<String>),
    /// Wants into a namespace that isn't there.
    ConnectElsewhere(String),
    /// Calls something.
    Event(Event),
    /// Leaves.
    Disconnect,
    /// Acknowledges something; we ask for nothing.
    Ack,
}

/// A call.
#[derive(Debug)]
pub(super) struct Event {
    /// Its name.
    pub name: String,
    /// Its first argument.
    pub payload: Option<Box<RawValue>>,
    /// Names the answer.
    pub ack: Option<i64>,
}

/// Reads a packet; `None` if it is none, or carries binary attachments, which nothing here takes.
pub(super) fn read(text: Str) -> Option<Incoming> {
    let packet = CommonParser.decode_str(&ParseConfig::default(), &ParserState::default(), text).ok()?;
    let elsewhere = &*packet.ns != "/";
    match packet.inner {
        PacketData::Connect(_) if elsewhere => Some(Incoming::ConnectElsewhere(packet.ns.to_string())),
        PacketData::Connect(auth) => Some(Incoming::Connect(auth.and_then(as_text))),
        _ if elsewhere => None,
        PacketData::Event(value, ack) => {
            let text = as_text(value)?;
            let mut arguments: Vec<Box<RawValue>> = serde_json::from_str(&text).ok()?;
            if arguments.is_empty() {
                return None;
            }
            let name = serde_json::from_str(arguments.remove(0).get()).ok()?;
            let payload = (!arguments.is_empty()).then(|| arguments.remove(0));
            Some(Incoming::Event(Event { name, payload, ack }))
        }
        PacketData::Disconnect => Some(Incoming::Disconnect),
        PacketData::EventAck(..) => Some(Incoming::Ack),
        PacketData::ConnectError(_) | PacketData::BinaryEvent(..) | PacketData::BinaryAck(..) => None,
    }
}

fn as_text(value: Value) -> Option<String> {
    match value {
        Value::Str(text, None) => Some(text.to_string()),
        Value::Str(..) | Value::Bytes(_) => None,
    }
}

/// The token in a connection's `auth`.
pub(super) fn token(auth: Option<&str>) -> Option<String> {
    #[derive(Deserialize)]
    struct Auth {
        token: String,
    }
    serde_json::from_str::<Auth>(auth?).ok().map(|auth| auth.token)
}

/// You are in.
pub(super) fn connected(sid: &str) -> Str {
    format!(r#"0{{"sid":"{sid}"}}"#).into()
}

/// You are not, with the reason where clients look for it: `error.data.code`.
pub(super) fn refused(problem: &Problem) -> Str {
    #[derive(Serialize)]
    struct Refused<'a> {
        message: &'a str,
        data: &'a Problem,
    }
    let body = Refused { message: &problem.detail, data: problem };
    format!("4{}", serde_json::to_string(&body).unwrap_or_else(|_| r#"{"message":"refused"}"#.into())).into()
}

/// That namespace isn't there.
pub(super) fn no_such_namespace(name: &str) -> Str {
    format!(r#"4{name},{{"message":"Invalid namespace"}}"#).into()
}

/// An event, encoded once for however many sockets.
pub(super) fn event(event: &ServerEvent) -> serde_json::Result<Str> {
    Ok(format!(r#"2["{}",{}]"#, event.name(), event.data()?.get()).into())
}

/// The answer to a call.
pub(super) fn ack(id: i64, answer: &RawValue) -> Str {
    format!("3{id}[{}]", answer.get()).into()
}

/// The server ends the connection.
pub(super) fn disconnect() -> Str {
    "1".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_with_its_name_payload_and_ack() {
        let Some(Incoming::Event(event)) = read(r#"217["typing",{"active":true}]"#.into()) else { panic!() };
        assert_eq!((event.name.as_str(), event.ack), ("typing", Some(17)));
        assert_eq!(event.payload.unwrap().get(), r#"{"active":true}"#);
    }

    #[test]
    fn what_is_no_packet_is_nothing() {
        for text in
            ["", "9", "2", "2[]", "2[7]", r#"2{"a":1}"#, r#"51-["x",{"_placeholder":true,"num":0}]"#, "2/x,[\"a\"]"]
        {
            assert!(read(text.into()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_connection_carries_its_token() {
        let Some(Incoming::Connect(auth)) = read(r#"0{"token":"abc"}"#.into()) else { panic!() };
        assert_eq!(token(auth.as_deref()).as_deref(), Some("abc"));
        let Some(Incoming::Connect(auth)) = read("0".into()) else { panic!() };
        assert_eq!(token(auth.as_deref()), None);
    }

    #[test]
    fn another_namespace_is_refused_by_its_name() {
        let Some(Incoming::ConnectElsewhere(name)) = read("0/admin,".into()) else { panic!() };
        assert_eq!(&*no_such_namespace(&name), r#"4/admin,{"message":"Invalid namespace"}"#);
    }
}
