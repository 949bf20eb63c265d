//! A whole Sotto in this process, on its embedded adapters in a folder of its own.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "each test file uses its part of it"
)]

pub mod phone;
pub mod served;

use std::{net::Ipv4Addr, ops::Deref, path::Path, sync::Arc};

use shared_types::{
    Content, Conversation, Envelope, MessageId, Secret,
    account::{NewDevice, Register, SignedIn},
    conversation::NewConversation,
    entry::NewMessage,
    socket::SendMessage,
};
use sotto::{config::Settings, secrets::Cost, wire, worker};
use sotto_core::{
    App, Caller,
    app::RateLimits,
    domain::entry::Plaintext,
    usecases::{
        account,
        conversation::{Started, start_conversation},
    },
};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// The embedded adapters over a folder. Wiring them waits for nothing.
fn wired(dir: &TempDir) -> wire::Wired {
    futures_util::FutureExt::now_or_never(wire::wire(&settings(dir.path()), Cost::Test)).unwrap().unwrap()
}

/// Everything, and the folder it lives in.
pub struct World {
    pub app: App,
    pub engines: Arc<dyn wire::Engines>,
    pub dir: TempDir,
    pub workers: TaskTracker,
    pub stop: CancellationToken,
}

impl Deref for World {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Settings for a folder: plain text allowed, nothing limited.
pub fn settings(dir: &Path) -> Settings {
    let mut settings = Settings::load(None).unwrap();
    dir.clone_into(&mut settings.data_dir);
    settings.plaintext = Plaintext::Allowed;
    settings.rate_limits = RateLimits::Off;
    settings
}

impl World {
    /// Ports alone; nothing consumes the partitions.
    pub fn ports() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let wired = wired(&dir);
        Self {
            app: wired.app,
            engines: wired.engines,
            dir,
            workers: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// With running workers.
    pub fn running() -> Self {
        let world = Self::ports();
        worker::start(&world.app, &world.workers, &world.stop);
        world
    }

    /// Stops the workers, lets go of the files and opens them again, as a new process would.
    pub async fn restarted(self) -> Self {
        Self::reopened(self.close().await)
    }

    /// Stops the workers, lets go of the files and gives their folder.
    pub async fn close(mut self) -> TempDir {
        self.stop.cancel();
        self.workers.close();
        self.workers.wait().await;
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }

    /// Opens a folder that a world has left, with running workers.
    pub fn reopened(dir: TempDir) -> Self {
        let wired = wired(&dir);
        let (workers, stop) = (TaskTracker::new(), CancellationToken::new());
        worker::start(&wired.app, &workers, &stop);
        Self { app: wired.app, engines: wired.engines, dir, workers, stop }
    }

    /// A new person, signed in.
    pub async fn person(&self, name: &str) -> SignedIn {
        account::register(&self.app, Ipv4Addr::LOCALHOST.into(), register(name)).await.unwrap()
    }

    /// Two people and their conversation.
    pub async fn pair(&self) -> (Caller, Caller, Conversation) {
        let (ana, bo) = (self.person(&unique("ana")).await, self.person(&unique("bo")).await);
        let input = NewConversation::direct(bo.user.id);
        let (Started::New(conversation) | Started::Existing(conversation)) =
            start_conversation(&self.app, caller(&ana), input).await.unwrap();
        (caller(&ana), caller(&bo), *conversation)
    }
}

/// A name that nobody else has.
pub fn unique(name: &str) -> String {
    let tail = Uuid::now_v7().simple().to_string();
    format!("{name}-{}", &tail[tail.len() - 12..])
}

pub fn register(name: &str) -> Register {
    Register { username: name.into(), password: Secret("correct horse".into()), display_name: None, device: device() }
}

pub fn device() -> NewDevice {
    NewDevice { name: "test".into(), platform: "test".into(), id: None }
}

pub fn caller(signed_in: &SignedIn) -> Caller {
    Caller { user: signed_in.user.id, device: signed_in.device.id, session: signed_in.session_id }
}

/// Words for a conversation, under a fresh id.
pub fn words(conversation: &Conversation, text: &str) -> SendMessage {
    SendMessage {
        conversation_id: conversation.id,
        message: NewMessage {
            id: Some(MessageId(Uuid::now_v7())),
            kind: None,
            target: None,
            envelope: Some(Envelope::Plain { content: Content::Text { text: text.into() } }),
            reply_to: None,
            ..NewMessage::default()
        },
    }
}
