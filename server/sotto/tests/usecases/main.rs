//! What people can do, over the embedded adapters: the rules from a caller's side.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod acceptance;
mod accounts;
mod conversations;
mod entries;
mod reading;
#[path = "../world/mod.rs"]
mod world;

use std::time::Duration;

use shared_types::{
    Code, Content, Conversation, EntryKind, Envelope, Message, MessageId, Seq, entry::NewMessage, socket::SendMessage,
};
use sotto_core::{
    App, Caller, Error,
    ports::{Heard, Parcel},
    usecases::entry::{History, history},
};
use world::words;

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> (Code, Option<String>) {
    match result {
        Err(Error::Refused(refusal)) => (refusal.code, refusal.field.map(Into::into)),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The event that was heard.
fn parcel(heard: Option<Heard>) -> Parcel {
    match heard {
        Some(Heard::Parcel(parcel)) => *parcel,
        other => panic!("expected an event, got {other:?}"),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    refused(result).0
}

/// The whole log, once it has `count` entries.
async fn log(app: &App, me: Caller, conversation: &Conversation, count: usize) -> Vec<Message> {
    let all = History { conversation: conversation.id, before_seq: None, after_seq: Some(Seq(0)), limit: Some(200) };
    for _ in 0..2_000 {
        let page = history(app, me, all).await.unwrap();
        if page.messages.len() >= count {
            return page.messages;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the log never had {count} entries");
}

fn change(conversation: &Conversation, kind: EntryKind, target: MessageId) -> SendMessage {
    let content = match kind {
        EntryKind::Reaction => Content::Reaction { emoji: "👍".into(), active: true },
        _ => Content::Text { text: "better words".into() },
    };
    let plain = words(conversation, "x");
    SendMessage {
        message: NewMessage {
            kind: Some(kind),
            target: Some(target),
            envelope: (kind != EntryKind::Retract).then_some(Envelope::Plain { content }),
            ..plain.message
        },
        ..plain
    }
}
