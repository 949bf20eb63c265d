//! Demo people and a conversation, so that a first look is not an empty page.

use std::net::{IpAddr, Ipv4Addr};

use shared_types::{
    Code, Content, Envelope, Secret,
    account::{NewDevice, Register, SignedIn},
    conversation::NewConversation,
    entry::NewMessage,
    socket::SendMessage,
};
use sotto_core::{
    App, Caller, Error,
    domain::entry::Plaintext,
    usecases::{
        account::{end_session, register},
        conversation::{Started, start_conversation},
        entry::send,
    },
};
use tracing::info;

/// Everybody's password. It is printed, and no secret.
pub const PASSWORD: &str = "sotto-demo";

const PEOPLE: [(&str, &str); 3] = [("ana", "Ana Petrova"), ("bo", "Bo Lindqvist"), ("cy", "Cy Okafor")];

/// Who says what, by place in [`PEOPLE`].
const TALK: [(usize, &str); 6] = [
    (0, "Hi Bo! Are you coming to the climbing hall tonight?"),
    (1, "Yes, if the trains run 🙂"),
    (1, "Shall I bring the rope?"),
    (0, "Please. Mine is older than both of us."),
    (0, "19:30 at the door?"),
    (1, "See you there 👋"),
];

/// Adds them where they are not there yet.
pub async fn add(app: &App) -> Result<(), Error> {
    let mut people = Vec::new();
    for (username, name) in PEOPLE {
        match register(app, IpAddr::V4(Ipv4Addr::LOCALHOST), account(username, name)).await {
            Ok(signed_in) => people.push(signed_in),
            Err(Error::Refused(refusal)) if refusal.code == Code::UsernameTaken => {}
            Err(error) => return Err(error),
        }
    }
    info!("demo: sign in as ana, bo or cy with the password {PASSWORD:?}");
    let [ana, bo, _] = people.as_slice() else { return Ok(()) };
    if app.policy.plaintext == Plaintext::Allowed {
        talk(app, ana, bo).await?;
    }
    for person in &people {
        end_session(app, caller(person), person.session_id).await?;
    }
    Ok(())
}

async fn talk(app: &App, ana: &SignedIn, bo: &SignedIn) -> Result<(), Error> {
    let direct = NewConversation::direct(bo.user.id);
    let (Started::New(conversation) | Started::Existing(conversation)) =
        start_conversation(app, caller(ana), direct).await?;
    for (who, words) in TALK {
        let message = NewMessage {
            id: None,
            kind: None,
            target: None,
            envelope: Some(Envelope::Plain { content: Content::Text { text: words.into() } }),
            reply_to: None,
            ..NewMessage::default()
        };
        let sender = if who == 0 { ana } else { bo };
        send(app, caller(sender), SendMessage { conversation_id: conversation.id, message }).await?;
    }
    Ok(())
}

fn account(username: &str, name: &str) -> Register {
    Register {
        username: username.into(),
        password: Secret(PASSWORD.into()),
        display_name: Some(name.into()),
        device: NewDevice { name: "Demo".into(), platform: "demo".into(), id: None },
    }
}

fn caller(signed_in: &SignedIn) -> Caller {
    Caller { user: signed_in.user.id, device: signed_in.device.id, session: signed_in.session_id }
}
