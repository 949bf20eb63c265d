//! TypeScript from the contract: one file, every type once.

use std::fmt::Write as _;

use ts_rs::{Config, TS};

use crate::{account, backup, conversation, entry, error, http, ids, keys, receipt, scalar, socket, sync};

macro_rules! declarations {
    ($config:expr; $($ty:ty),+ $(,)?) => { vec![$(<$ty as TS>::decl($config)),+] };
}

/// The whole of `contract.ts`.
pub fn typescript() -> String {
    let config = Config::default();
    let declarations = declarations![&config;
        scalar::Seq, scalar::Timestamp, scalar::Secret,
        error::Code, error::Problem,
        account::User, account::Me, account::UpdateMe, account::NewDevice, account::Device, account::Register,
        account::Login, account::Refresh, account::SignedIn, account::Session, account::SessionList, account::UserList,
        entry::EntryKind, entry::Envelope, entry::Sealed, entry::SealContext, entry::GroupBox, entry::Content, entry::System, entry::Message,
        entry::NewMessage, entry::Status, entry::Accepted, entry::MessageStatus, entry::MessagePage,
        conversation::ConversationKind, conversation::Role, conversation::Member, conversation::My,
        conversation::Conversation, conversation::ConversationList, conversation::NewConversation,
        conversation::UpdateConversation, conversation::AddMembers, conversation::ChangeMember, conversation::RemoveMember,
        receipt::Watermarks, receipt::Receipt, receipt::NewReceipt,
        keys::Address, keys::DeviceKeys, keys::NewDeviceList, keys::DeviceList, keys::PrekeyKind, keys::PublicKey, keys::NewPrekeys, keys::PrekeysLeft, keys::Prekey, keys::ClaimKeys, keys::ClaimedKeys, keys::Claimed, keys::KemPart, keys::KeyBox, keys::KeyMail, keys::SendKeyMail, keys::MailboxItem, keys::Mailbox, keys::AckMailbox, keys::SignedMembers, keys::MemberRole, keys::Statements, keys::KnownLists, keys::KeysHealth, keys::ChangedLists,
        backup::Backup, backup::PutBackup, backup::PutBackupPart, backup::BackupPart,
        sync::SyncRequest, sync::SyncedConversation, sync::SyncResponse,
        http::Registration, http::ServerInfo, http::Readiness,
        socket::SendMessage, socket::RaiseReceipt, socket::Typing, socket::WatchPresence, socket::RenewAuth,
        socket::Renewed, socket::Done, socket::PresenceStates, socket::Presence, socket::TypingEvent, socket::Ready,
        socket::ConversationChange, socket::ConversationEvent, socket::LiveMessage, socket::MailboxEvent, socket::KeysEvent, socket::DevicesEvent, socket::SendLink, socket::LinkEvent, socket::SessionReason,
        socket::SessionEvent,
    ];
    let mut out = String::from("// The contract, generated from shared-types by `cargo xtask gen`. Do not edit.\n");
    for kind in ids::KINDS {
        let _ = write!(out, "\nexport type {kind} = string & {{ readonly __brand: {kind:?} }};\n");
    }
    for declaration in declarations {
        let _ = write!(out, "\nexport {declaration}\n");
    }
    out.push_str("\n/** The answer to a call: done, or why not. */\n");
    out.push_str("export type Ack<T> = ({ ok: true } & T) | { ok: false; error: Problem };\n");
    out.push_str("\n/** Calls a client makes over the socket; each is acknowledged with `Ack<reply>`. */\n");
    out.push_str("export interface Calls {\n");
    for (name, payload, reply) in socket::CALLS {
        let _ = writeln!(out, "  {name:?}: {{ payload: {payload}; reply: {reply} }};");
    }
    out.push_str("}\n\n/** Events the server pushes over the socket. */\nexport interface Events {\n");
    for (name, payload) in socket::EVENTS {
        let _ = writeln!(out, "  {name:?}: {payload};");
    }
    out.push_str("}\n");
    out
}
