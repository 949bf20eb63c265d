//! Golden JSON: what stands here is on wires already. The bytes may only grow.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared_types::{
    Code, Content, Conversation, ConversationKind, EntryKind, Envelope, Member, Message, Problem, Receipt, Role,
    Sealed, Seq, ServerEvent, System, Timestamp, User,
    conversation::{My, UpdateConversation},
    entry::{Accepted, GroupBox, MessageStatus, NewMessage, SealContext, Status},
    keys::{
        Address, ClaimedKeys, DeviceKeys, DeviceList, KemPart, KeyBox, KeyMail, MailboxItem, NewPrekeys, Prekey,
        PrekeyKind, PublicKey,
    },
    socket::{
        Ack, DevicesEvent, Done, KeysEvent, LinkEvent, LiveMessage, MailboxEvent, Presence, Ready, SendMessage,
        SessionEvent, SessionReason,
    },
    sync::{SyncRequest, SyncResponse},
};

const ANA: &str = "00000000-0000-7000-8000-00000000000a";
const PLACE: &str = "00000000-0000-5000-8000-00000000000c";
const WORDS: &str = "00000000-0000-7000-8000-00000000000d";
const NOON: &str = "2026-01-31T12:00:00.042Z";

fn id<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(Value::from(text)).unwrap()
}

fn noon() -> Timestamp {
    id(NOON)
}

/// Written as the golden value, and read back from it.
fn golden<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, golden: Value) {
    assert_eq!(serde_json::to_value(value).unwrap(), golden);
    assert_eq!(&serde_json::from_value::<T>(golden).unwrap(), value);
}

fn message() -> Message {
    Message {
        id: id(WORDS),
        conversation_id: id(PLACE),
        seq: Seq(7),
        kind: EntryKind::Message,
        target: None,
        sender_id: id(ANA),
        sender_device_id: id(ANA),
        sent_at: noon(),
        envelope: Some(Envelope::Plain { content: Content::Text { text: "hi".into() } }),
        system: None,
        reply_to: None,
        expires_at: None,
        stamp: None,
    }
}

fn message_json() -> Value {
    json!({
        "id": WORDS, "conversation_id": PLACE, "seq": 7, "kind": "message", "sender_id": ANA, "sender_device_id": ANA,
        "sent_at": NOON, "envelope": {"kind": "plain", "content": {"type": "text", "text": "hi"}},
    })
}

#[test]
fn a_message() {
    golden(&message(), message_json());
}

#[test]
fn entries_that_change_others() {
    let retract = Message { kind: EntryKind::Retract, target: Some(id(WORDS)), envelope: None, ..message() };
    let mut expected = message_json();
    expected["kind"] = "retract".into();
    expected["target"] = WORDS.into();
    expected.as_object_mut().unwrap().remove("envelope");
    golden(&retract, expected);
    golden(&EntryKind::Edit, "edit".into());
    golden(&EntryKind::Reaction, "reaction".into());
    golden(
        &Content::Reaction { emoji: "👍".into(), active: false },
        json!({"type": "reaction", "emoji": "👍", "active": false}),
    );
    let short: Content = serde_json::from_value(json!({"type": "reaction", "emoji": "👍"})).unwrap();
    assert_eq!(short, Content::Reaction { emoji: "👍".into(), active: true });
    golden(&System::MemberJoined { user_id: id(ANA) }, json!({"type": "member_joined", "user_id": ANA}));
}

#[test]
fn a_sealed_envelope() {
    let bare = Sealed { scheme: "x1".into(), ciphertext: "aGk=".into(), context: None, group: None };
    golden(&Envelope::Sealed(bare.clone()), json!({"kind": "sealed", "scheme": "x1", "ciphertext": "aGk="}));
    let context = Some(SealContext { epoch: 2, ts: 7, commitment: "Y28=".into() });
    let group = Some(GroupBox { chain: "Y2g=".into(), body: "Ym8=".into() });
    golden(
        &Envelope::Sealed(Sealed { context, group, ..bare }),
        json!({
            "kind": "sealed", "scheme": "x1", "ciphertext": "aGk=",
            "context": {"epoch": 2, "ts": 7, "commitment": "Y28="}, "group": {"chain": "Y2g=", "body": "Ym8="},
        }),
    );
}

#[test]
fn keys_and_boxes() {
    let address = Address { user_id: id(ANA), device_id: id(PLACE) };
    let prekey = Prekey { id: "o1".into(), key: "a2V5".into(), signature: "c2ln".into() };
    let claimed = ClaimedKeys { address, kind: PrekeyKind::OneTime, prekey: prekey.clone(), kem: prekey };
    let signed = json!({"id": "o1", "key": "a2V5", "signature": "c2ln"});
    golden(&claimed, json!({"user_id": ANA, "device_id": PLACE, "kind": "one_time", "prekey": signed, "kem": signed}));
    let keys = NewPrekeys {
        one_time: vec![PublicKey { id: "o1".into(), key: "a2V5".into() }],
        signatures: [("o1".to_owned(), "c2ln".to_owned())].into(),
        ..NewPrekeys::default()
    };
    golden(&keys, json!({"one_time": [{"id": "o1", "key": "a2V5"}], "signatures": {"o1": "c2ln"}}));
    let kem = Some(KemPart { key_id: "k1".into(), ciphertext: "Y3Q=".into() });
    let key_box = KeyBox { to: address, body: "Ym8=".into(), kem };
    let boxed = json!({
        "user_id": ANA, "device_id": PLACE, "body": "Ym8=", "kem": {"key_id": "k1", "ciphertext": "Y3Q="},
    });
    golden(&key_box, boxed.clone());
    let mail = KeyMail { id: id(WORDS), conversation_id: id(PLACE), key_box };
    golden(&mail, json!({"id": WORDS, "conversation_id": PLACE, "box": boxed}));
    golden(&mailbox_item(), mailbox_item_json());
    let device = DeviceKeys { id: id(PLACE), ed25519: "ZWQ=".into(), curve25519: "Y3U=".into() };
    let list = DeviceList {
        user_id: id(ANA),
        account_key: "YWM=".into(),
        version: 3,
        devices: vec![device],
        signature: "c2ln".into(),
    };
    golden(
        &list,
        json!({
            "user_id": ANA, "account_key": "YWM=", "version": 3, "signature": "c2ln",
            "devices": [{"id": PLACE, "ed25519": "ZWQ=", "curve25519": "Y3U="}],
        }),
    );
}

fn mailbox_item() -> MailboxItem {
    let from = Address { user_id: id(ANA), device_id: id(PLACE) };
    MailboxItem { id: id(WORDS), from, conversation_id: id(PLACE), body: "Ym8=".into(), kem: None, received_at: noon() }
}

fn mailbox_item_json() -> Value {
    json!({
        "id": WORDS, "from": {"user_id": ANA, "device_id": PLACE}, "conversation_id": PLACE, "body": "Ym8=",
        "received_at": NOON,
    })
}

#[test]
fn a_conversation() {
    let user = User { id: id(ANA), username: "ana".into(), display_name: "Ana".into() };
    let conversation = Conversation {
        id: id(PLACE),
        kind: ConversationKind::Direct,
        title: None,
        members: vec![Member { user, role: Role::Member, delivered_seq: Seq(7), read_seq: Seq(6) }],
        epoch: 3,
        head_seq: Seq(7),
        last_message: Some(message()),
        my: My { role: Role::Member, delivered_seq: Seq(7), read_seq: Seq(6), muted_until: None, from_seq: Seq(2) },
        created_at: noon(),
    };
    golden(
        &conversation,
        json!({
            "id": PLACE, "kind": "direct", "title": null, "epoch": 3, "head_seq": 7, "last_message": message_json(), "created_at": NOON,
            "members": [{
                "user": {"id": ANA, "username": "ana", "display_name": "Ana"},
                "role": "member", "delivered_seq": 7, "read_seq": 6,
            }],
            "my": {"role": "member", "delivered_seq": 7, "read_seq": 6, "muted_until": null, "from_seq": 2},
        }),
    );
    golden(&UpdateConversation { muted_until: Some(None) }, json!({"muted_until": null}));
    golden(&UpdateConversation { muted_until: None }, json!({}));
}

#[test]
fn answers() {
    golden(&Accepted { id: id(WORDS), status: Status::Accepted }, json!({"id": WORDS, "status": "accepted"}));
    let status = MessageStatus { status: Status::Read, delivered_to: vec![id(ANA)], read_by: vec![id(ANA)] };
    golden(&status, json!({"status": "read", "delivered_to": [ANA], "read_by": [ANA]}));
    golden(&SyncRequest { heads: [(id(PLACE), Seq(7))].into() }, json!({"heads": {PLACE: 7}}));
    golden(&SyncResponse::default(), json!({"conversations": [], "left": [], "mailbox": []}));
}

#[test]
fn a_call_carries_its_message_beside_its_place() {
    let message = NewMessage { id: Some(id(WORDS)), ..NewMessage::default() };
    let send = SendMessage { conversation_id: id(PLACE), message };
    golden(&send, json!({"conversation_id": PLACE, "id": WORDS}));
}

#[test]
fn an_acknowledgement() {
    let ok: Ack<Accepted> = Ack::Ok(Accepted { id: id(WORDS), status: Status::Accepted });
    assert_eq!(serde_json::to_value(&ok).unwrap(), json!({"ok": true, "id": WORDS, "status": "accepted"}));
    assert_eq!(serde_json::to_value(Ack::Ok(Done {})).unwrap(), json!({"ok": true}));
    let problem = Problem::new(Code::RateLimited, "slowly");
    let failed: Ack<Done> = Ack::Error(Box::new(problem.clone()));
    assert_eq!(serde_json::to_value(&failed).unwrap(), json!({"ok": false, "error": problem}));
}

#[test]
fn a_problem() {
    let problem =
        Problem { retry_after: Some(3), request_id: "r".into(), ..Problem::new(Code::IdConflict, "used").at("id") };
    golden(
        &problem,
        json!({
            "type": "urn:sotto:problem:id_conflict", "title": "This id was used for something else", "status": 409,
            "code": "id_conflict", "detail": "used", "field": "id", "retry_after": 3, "request_id": "r",
        }),
    );
}

fn with(mut value: Value, field: &str, inside: Value) -> Value {
    value[field] = inside;
    value
}

#[test]
fn events_have_their_names() {
    let receipt = Receipt { conversation_id: id(PLACE), user_id: id(ANA), delivered_seq: Seq(2), read_seq: Seq(1) };
    let ready = Ready { pod: "p".into(), server_time: noon(), heads: [(id(PLACE), Seq(7))].into() };
    for (event, name, data) in [
        (ServerEvent::Message(LiveMessage { message: message(), key_box: None }), "message", message_json()),
        (
            ServerEvent::Message(LiveMessage { message: message(), key_box: Some(mailbox_item()) }),
            "message",
            with(message_json(), "box", mailbox_item_json()),
        ),
        (
            ServerEvent::Mailbox(MailboxEvent { count: 1, items: vec![mailbox_item()] }),
            "mailbox",
            json!({"count": 1, "items": [mailbox_item_json()]}),
        ),
        (ServerEvent::Mailbox(MailboxEvent { count: 0, items: Vec::new() }), "mailbox", json!({"count": 0})),
        (
            ServerEvent::Keys(KeysEvent { device_id: id(PLACE), one_time_left: 4 }),
            "keys",
            json!({"device_id": PLACE, "one_time_left": 4}),
        ),
        (ServerEvent::Devices(DevicesEvent { version: 2 }), "devices", json!({"version": 2})),
        (
            ServerEvent::Link(LinkEvent { from: id(PLACE), to: None, body: "x".into() }),
            "link",
            json!({"from": PLACE, "body": "x"}),
        ),
        (
            ServerEvent::Receipt(receipt),
            "receipt",
            json!({"conversation_id": PLACE, "user_id": ANA, "delivered_seq": 2, "read_seq": 1}),
        ),
        (ServerEvent::Ready(ready), "ready", json!({"pod": "p", "server_time": NOON, "heads": {PLACE: 7}})),
        (
            ServerEvent::Presence(Presence { user_id: id(ANA), online: false, last_seen: Some(noon()) }),
            "presence",
            json!({"user_id": ANA, "online": false, "last_seen": NOON}),
        ),
        (
            ServerEvent::Session(SessionEvent { reason: SessionReason::Draining, reconnect_in: Some(5) }),
            "session",
            json!({"reason": "draining", "reconnect_in": 5}),
        ),
    ] {
        assert_eq!(event.name(), name);
        assert_eq!(serde_json::from_str::<Value>(event.data().unwrap().get()).unwrap(), data);
    }
}
