//! A person's client in tests: a real device, and how it reaches the server.
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test file uses its part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use crypto_core::{
    device::{AccountSecret, Device, Draft, Opened, Received},
    secret::Key,
};
use serde_json::{Value, json};
use shared_types::{
    ConversationId, EntryKind, Message, MessageId, UserId,
    keys::{Address, Claimed, DeviceList, MailboxItem},
};
use uuid::Uuid;

use super::served::{Person, Served};

pub const NOW: u64 = 1_800_000_000_000;

/// A person's client: a device, and how it reaches the server.
pub struct Phone {
    pub device: Device,
    pub person: Person,
}

pub fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

impl Phone {
    /// Signed in, with keys of its own that nobody knows yet.
    pub async fn new(pod: &Served, name: &str) -> Self {
        let person = pod.person(name).await;
        let (_, sessions) = pod.call("GET", "/sessions", Some(&person.token), Value::Null).await;
        let device_id = parsed(sessions["sessions"][0]["device"]["id"].clone());
        let me = Address { user_id: parsed(json!(person.id)), device_id };
        let mut device = Device::create(me, Key::random());
        device.link(AccountSecret::generate(), None);
        Self { device, person }
    }

    /// And one whose keys are with the directory.
    pub async fn known(pod: &Served, name: &str) -> Self {
        let mut phone = Self::new(pod, name).await;
        phone.bring_keys(pod).await;
        phone.list(pod, 1).await;
        phone
    }

    pub fn user(&self) -> UserId {
        self.device.me().user_id
    }

    pub async fn call(&self, pod: &Served, method: &str, path: &str, body: Value) -> (u16, Value) {
        pod.call(method, path, Some(&self.person.token), body).await
    }

    pub async fn bring_keys(&mut self, pod: &Served) {
        let keys = self.device.new_prekeys(0, NOW).unwrap();
        let (status, left) = self.call(pod, "PUT", "/keys/device", json!(keys)).await;
        assert_eq!((status, &left), (200, &json!({"one_time_left": 50})));
        self.device.prekeys_taken();
    }

    pub fn new_list(&self, version: u64) -> Value {
        let mut before = self.device.sign_devices(None, vec![]).unwrap();
        before.version = version - 1;
        let list = self.device.sign_devices(Some(&before), vec![self.device.keys()]).unwrap();
        let mut list = json!(list);
        list.as_object_mut().unwrap().remove("user_id");
        list
    }

    pub async fn list(&mut self, pod: &Served, version: u64) {
        assert_eq!(self.call(pod, "PUT", "/keys/account", self.new_list(version)).await.0, 204);
    }

    /// Fetches people's lists, and begins with their devices.
    pub async fn meet(&mut self, pod: &Served, people: &[UserId]) {
        for user in people {
            let (status, list) = self.call(pod, "GET", &format!("/users/{user}/devices"), Value::Null).await;
            assert_eq!(status, 200, "{list}");
            self.device.learn(&parsed::<DeviceList>(list)).unwrap();
        }
        let devices = self.device.unreached(&self.device.devices_of(people.iter().copied()), NOW);
        if devices.is_empty() {
            return;
        }
        let (status, claimed) = self.call(pod, "POST", "/keys/claim", json!({"devices": devices})).await;
        assert_eq!(status, 200, "{claimed}");
        for keys in parsed::<Claimed>(claimed).keys {
            self.device.begin(&keys, NOW).unwrap();
        }
    }

    /// A sealed message, as it is sent.
    pub fn seal(&mut self, conversation: &str, with: UserId, words: &str) -> Value {
        let draft = Draft {
            conversation: parsed::<ConversationId>(json!(conversation)),
            id: MessageId(Uuid::now_v7()),
            kind: EntryKind::Message,
            target: None,
            reply_to: None,
            body: words.as_bytes(),
        };
        let outgoing = self.device.seal_direct(&draft, with, NOW).unwrap();
        let mut envelope = json!(outgoing.envelope);
        envelope["kind"] = json!("sealed");
        json!({"conversation_id": conversation, "id": draft.id, "envelope": envelope, "boxes": outgoing.boxes})
    }

    /// What a `message` event says, opened with the box that came with it.
    pub fn read(&mut self, event: &Value) -> Opened {
        let item: MailboxItem = parsed(event["box"].clone());
        let message: Message = parsed(event.clone());
        assert_eq!(self.device.receive(&item, NOW), Ok(Received::Key(message.id)));
        let record =
            self.device.changes(NOW).records.into_iter().find(|record| record.name == Device::record_of(&message));
        self.device.open(&message, record.unwrap().sealed.as_deref()).unwrap()
    }

    pub async fn mailbox(&self, pod: &Served) -> Vec<MailboxItem> {
        parsed(self.call(pod, "GET", "/mailbox", Value::Null).await.1["items"].clone())
    }

    /// How many boxes are there that this device did not open before.
    pub async fn read_again(&mut self, pod: &Served) -> usize {
        let items = self.mailbox(pod).await;
        items.iter().filter(|item| self.device.receive(item, NOW).is_ok()).count()
    }

    /// Waits until something lies in the mailbox.
    pub async fn has_mail(&self, pod: &Served) {
        for _ in 0..500 {
            if !self.mailbox(pod).await.is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("nothing came");
    }

    /// Another device of the same person, in the list with the first.
    pub async fn linked(&mut self, pod: &Served) -> Self {
        let (_, me) = self.call(pod, "GET", "/me", Value::Null).await;
        let login = json!({
            "username": me["username"], "password": "correct horse", "device": {"name": "web", "platform": "test"},
        });
        let (status, signed_in) = pod.call("POST", "/auth/login", None, login).await;
        assert_eq!(status, 200, "{signed_in}");
        let text = |field: &str| signed_in[field].as_str().unwrap().to_owned();
        let person = Person { id: self.person.id.clone(), token: text("access_token"), session: text("session_id") };
        let address = Address { user_id: self.user(), device_id: parsed(signed_in["device"]["id"].clone()) };
        let mut other = Self { device: Device::create(address, Key::random()), person };
        other.bring_keys(pod).await;
        let mut before = self.device.sign_devices(None, vec![]).unwrap();
        before.version = 1;
        let both = vec![self.device.keys(), other.device.keys()];
        let mut list = json!(self.device.sign_devices(Some(&before), both).unwrap());
        list.as_object_mut().unwrap().remove("user_id");
        assert_eq!(self.call(pod, "PUT", "/keys/account", list).await.0, 204);
        other
    }
}

/// The conversation of two.
pub async fn direct(pod: &Served, ana: &Phone, bo: &Phone) -> String {
    let body = json!({"kind": "direct", "user_id": bo.person.id});
    ana.call(pod, "POST", "/conversations", body).await.1["id"].as_str().unwrap().to_owned()
}
