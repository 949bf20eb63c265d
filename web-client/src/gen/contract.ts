// The contract, generated from shared-types by `cargo xtask gen`. Do not edit.

export type UserId = string & { readonly __brand: "UserId" };

export type DeviceId = string & { readonly __brand: "DeviceId" };

export type SessionId = string & { readonly __brand: "SessionId" };

export type ConversationId = string & { readonly __brand: "ConversationId" };

export type MessageId = string & { readonly __brand: "MessageId" };

export type Seq = number;

export type Timestamp = string;

export type Secret = string;

export type Code = "malformed_json" | "unauthorized" | "session_revoked" | "bad_credentials" | "totp_required" | "token_reused" | "forbidden" | "blocked" | "registration_closed" | "bad_origin" | "not_found" | "method_not_allowed" | "request_timeout" | "username_taken" | "id_conflict" | "too_large" | "unsupported_media_type" | "invalid" | "plaintext_refused" | "seq_out_of_range" | "rate_limited" | "internal" | "unavailable";

export type Problem = { 
/**
 * A URI for the kind of problem: `urn:sotto:problem:<code>`.
 */
type: string, 
/**
 * The code in a few words.
 */
title: string, 
/**
 * The HTTP status.
 */
status: number, 
/**
 * The stable word.
 */
code: Code, 
/**
 * What exactly, for people.
 */
detail: string, 
/**
 * The field that broke a rule, as a path: `envelope.content.text`.
 */
field?: string, 
/**
 * Seconds to wait before trying again.
 */
retry_after?: number, 
/**
 * Finds the request in the server's log.
 */
request_id: string, };

export type User = { 
/**
 * The account's id.
 */
id: UserId, 
/**
 * The unique name people find them by; lower case.
 */
username: string, 
/**
 * The name that is shown.
 */
display_name: string, };

export type Me = { 
/**
 * Whom one has blocked.
 */
blocked: Array<UserId>, 
/**
 * When the account was made.
 */
created_at: Timestamp, 
/**
 * The account's id.
 */
id: UserId, 
/**
 * The unique name people find them by; lower case.
 */
username: string, 
/**
 * The name that is shown.
 */
display_name: string, };

export type UpdateMe = { 
/**
 * The new name to show: 1 to 64 characters, no control characters.
 */
display_name?: string, };

export type NewDevice = { 
/**
 * A name the person knows it by: 1 to 64 characters.
 */
name: string, 
/**
 * What it runs on: `web`, `linux`, `windows`, ...; 1 to 32 characters.
 */
platform: string, 
/**
 * The id it had before on this account, so that signing in again is the same device.
 */
id?: DeviceId, };

export type Device = { 
/**
 * Its id.
 */
id: DeviceId, 
/**
 * The name the person knows it by.
 */
name: string, 
/**
 * What it runs on.
 */
platform: string, };

export type Register = { 
/**
 * 2 to 32 of `a-z 0-9 _ . -`, starting with a letter or digit; capitals are lowered.
 */
username: string, 
/**
 * 8 to 256 characters.
 */
password: Secret, 
/**
 * 1 to 64 characters; the username if left out.
 */
display_name?: string, 
/**
 * The client that signs in.
 */
device: NewDevice, };

export type Login = { 
/**
 * The account's name.
 */
username: string, 
/**
 * Its password.
 */
password: Secret, 
/**
 * The client that signs in.
 */
device: NewDevice, 
/**
 * The one-time code, where the account has a second factor.
 */
totp?: Secret, };

export type Refresh = { 
/**
 * The newest refresh token of this session.
 */
refresh_token: Secret, };

export type SignedIn = { 
/**
 * Who.
 */
user: User, 
/**
 * On which device.
 */
device: Device, 
/**
 * The session, as `GET /sessions` lists it.
 */
session_id: SessionId, 
/**
 * Goes into `Authorization: Bearer`.
 */
access_token: Secret, 
/**
 * When the access token ends.
 */
access_expires_at: Timestamp, 
/**
 * Buys the next pair, once.
 */
refresh_token: Secret, };

export type Session = { 
/**
 * Its id.
 */
id: SessionId, 
/**
 * The device.
 */
device: Device, 
/**
 * When it signed in.
 */
created_at: Timestamp, 
/**
 * When it last refreshed its tokens.
 */
last_used_at: Timestamp, 
/**
 * Whether it is the one that asks.
 */
current: boolean, };

export type SessionList = { 
/**
 * All that have not ended, newest first.
 */
sessions: Array<Session>, };

export type UserList = { 
/**
 * At most 20 people whose username starts with the query, by name.
 */
users: Array<User>, };

export type EntryKind = "message" | "edit" | "reaction" | "retract" | "system";

export type Envelope = { "kind": "plain", 
/**
 * What is said.
 */
content: Content, } | { "kind": "sealed" } & Sealed;

export type Sealed = { 
/**
 * How it was encrypted.
 */
scheme: string, 
/**
 * The ciphertext, base64.
 */
ciphertext: string, };

export type Content = { "type": "text", 
/**
 * The words; not blank.
 */
text: string, } | { "type": "reaction", 
/**
 * One emoji: 1 to 32 bytes.
 */
emoji: string, 
/**
 * `false` takes it back.
 */
active: boolean, };

export type System = { "type": "created" } | { "type": "member_joined", 
/**
 * Who.
 */
user_id: UserId, } | { "type": "member_left", 
/**
 * Who.
 */
user_id: UserId, } | { "type": "member_removed", 
/**
 * Who.
 */
user_id: UserId, } | { "type": "title_changed", 
/**
 * The new one.
 */
title: string, };

export type Message = { 
/**
 * Chosen by the sender.
 */
id: MessageId, 
/**
 * Where it stands.
 */
conversation_id: ConversationId, 
/**
 * At which position.
 */
seq: Seq, 
/**
 * What kind of entry it is.
 */
kind: EntryKind, 
/**
 * The message that an edit, reaction or retraction is about.
 */
target?: MessageId, 
/**
 * Whose it is.
 */
sender_id: UserId, 
/**
 * From which device.
 */
sender_device_id: DeviceId, 
/**
 * When the server accepted it.
 */
sent_at: Timestamp, 
/**
 * What it carries; absent once it was taken back.
 */
envelope?: Envelope, 
/**
 * What happened, for `system` entries.
 */
system?: System, 
/**
 * The message that this one answers.
 */
reply_to?: MessageId, 
/**
 * When it disappears.
 */
expires_at?: Timestamp, };

export type NewMessage = { 
/**
 * The sender's id for it (`UUIDv7`); sending it again is harmless. The server chooses where it is left out.
 */
id?: MessageId, 
/**
 * `message` where it is left out.
 */
kind?: EntryKind, 
/**
 * The message that an edit, reaction or retraction is about.
 */
target?: MessageId, 
/**
 * What it carries; only a retraction has none. At most 64 KiB.
 */
envelope?: Envelope, 
/**
 * The message that this one answers.
 */
reply_to?: MessageId, 
/**
 * Seconds until it disappears: 1 to 31,536,000 (a year).
 */
expires_in?: number, };

export type Status = "accepted" | "sent" | "delivered" | "read";

export type Accepted = { 
/**
 * The message's id.
 */
id: MessageId, 
/**
 * Always `accepted`.
 */
status: Status, };

export type MessageStatus = { 
/**
 * How far it has come.
 */
status: Status, 
/**
 * The other members who have it.
 */
delivered_to: Array<UserId>, 
/**
 * The other members who have read it.
 */
read_by: Array<UserId>, };

export type MessagePage = { 
/**
 * By ascending `seq`.
 */
messages: Array<Message>, 
/**
 * Whether there is more in the direction that was asked for.
 */
has_more: boolean, };

export type ConversationKind = "direct" | "group" | "community";

export type Role = "member" | "admin" | "owner";

export type Member = { 
/**
 * Who.
 */
user: User, 
/**
 * What they may do.
 */
role: Role, 
/**
 * The highest position that reached them.
 */
delivered_seq: Seq, 
/**
 * The highest position they have read.
 */
read_seq: Seq, };

export type My = { 
/**
 * What one may do.
 */
role: Role, 
/**
 * The highest position that reached one of one's devices.
 */
delivered_seq: Seq, 
/**
 * The highest position one has read.
 */
read_seq: Seq, 
/**
 * No notifications before this moment.
 */
muted_until: Timestamp | null, };

export type Conversation = { 
/**
 * Its id.
 */
id: ConversationId, 
/**
 * Its kind.
 */
kind: ConversationKind, 
/**
 * Its title; direct ones have none.
 */
title: string | null, 
/**
 * Its members, oneself among them.
 */
members: Array<Member>, 
/**
 * The position of its newest entry; 0 when it is empty.
 */
head_seq: Seq, 
/**
 * Its newest entry.
 */
last_message: Message | null, 
/**
 * One's own place in it.
 */
my: My, 
/**
 * When it was made.
 */
created_at: Timestamp, };

export type ConversationList = { 
/**
 * By newest entry, newest first.
 */
conversations: Array<Conversation>, };

export type NewConversation = { 
/**
 * Its kind.
 */
kind: ConversationKind, 
/**
 * The other person of a direct one.
 */
user_id?: UserId, 
/**
 * The title of a group or community: 1 to 128 characters.
 */
title?: string, 
/**
 * The first members of a group or community, besides oneself.
 */
user_ids?: Array<UserId>, };

export type UpdateConversation = { 
/**
 * No notifications before this moment; `null` ends the silence.
 */
muted_until?: string | null, };

export type Watermarks = { 
/**
 * Whose.
 */
user_id: UserId, 
/**
 * The highest position that reached them.
 */
delivered_seq: Seq, 
/**
 * The highest position they have read; never past `delivered_seq`.
 */
read_seq: Seq, };

export type Receipt = { 
/**
 * Where.
 */
conversation_id: ConversationId, 
/**
 * Whose.
 */
user_id: UserId, 
/**
 * The highest position that reached them.
 */
delivered_seq: Seq, 
/**
 * The highest position they have read.
 */
read_seq: Seq, };

export type NewReceipt = { 
/**
 * Everything up to here has reached this device.
 */
delivered_seq?: Seq, 
/**
 * Everything up to here has been read; raises `delivered_seq` too.
 */
read_seq?: Seq, };

export type SyncRequest = { 
/**
 * The highest position the client has, without a gap, of each conversation it knows.
 */
heads: Record<ConversationId, Seq>, };

export type SyncedConversation = { 
/**
 * The conversation as it is now.
 */
conversation: Conversation, 
/**
 * By ascending `seq`. With a head: what follows it. Without: the newest page.
 */
messages: Array<Message>, 
/**
 * Every member's watermarks as they are now.
 */
receipts: Array<Watermarks>, 
/**
 * With a head: more follows these. Without: older ones exist.
 */
has_more: boolean, };

export type SyncResponse = { 
/**
 * All of one's conversations; those with nothing new carry no messages.
 */
conversations: Array<SyncedConversation>, 
/**
 * Those of the given heads that one is no member of any more.
 */
left: Array<ConversationId>, 
/**
 * Key-exchange messages waiting for this device; always empty until end-to-end encryption lands.
 */
mailbox: unknown[], };

export type Registration = "open" | "invite" | "closed";

export type ServerInfo = { 
/**
 * What it is called.
 */
name: string, 
/**
 * Its version.
 */
version: string, 
/**
 * Who may make an account.
 */
registration: Registration, 
/**
 * Whether private conversations may carry plain text: development and load tests only.
 */
plaintext_allowed: boolean, };

export type Readiness = { 
/**
 * Whether all do.
 */
ready: boolean, 
/**
 * Port to `ok` or what is wrong.
 */
ports: { [key in string]: string }, };

export type SendMessage = { 
/**
 * Where to.
 */
conversation_id: ConversationId, 
/**
 * The sender's id for it (`UUIDv7`); sending it again is harmless. The server chooses where it is left out.
 */
id?: MessageId, 
/**
 * `message` where it is left out.
 */
kind?: EntryKind, 
/**
 * The message that an edit, reaction or retraction is about.
 */
target?: MessageId, 
/**
 * What it carries; only a retraction has none. At most 64 KiB.
 */
envelope?: Envelope, 
/**
 * The message that this one answers.
 */
reply_to?: MessageId, 
/**
 * Seconds until it disappears: 1 to 31,536,000 (a year).
 */
expires_in?: number, };

export type RaiseReceipt = { 
/**
 * Where.
 */
conversation_id: ConversationId, 
/**
 * Everything up to here has reached this device.
 */
delivered_seq?: Seq, 
/**
 * Everything up to here has been read; raises `delivered_seq` too.
 */
read_seq?: Seq, };

export type Typing = { 
/**
 * Where.
 */
conversation_id: ConversationId, 
/**
 * Whether one is typing now.
 */
active: boolean, };

export type WatchPresence = { 
/**
 * At most 500 people.
 */
user_ids: Array<UserId>, };

export type RenewAuth = { 
/**
 * The access token.
 */
token: Secret, };

export type Renewed = { 
/**
 * When the socket's authorisation now ends.
 */
expires_at: Timestamp, };

export type Done = Record<symbol, never>;

export type PresenceStates = { 
/**
 * One for each person asked for, in that order.
 */
states: Array<Presence>, };

export type Presence = { 
/**
 * Who.
 */
user_id: UserId, 
/**
 * Whether a device of theirs is connected.
 */
online: boolean, 
/**
 * When one last was.
 */
last_seen: Timestamp | null, };

export type TypingEvent = { 
/**
 * Where.
 */
conversation_id: ConversationId, 
/**
 * Who.
 */
user_id: UserId, 
/**
 * Whether they are typing now.
 */
active: boolean, };

export type Ready = { 
/**
 * Which pod holds the socket.
 */
pod: string, 
/**
 * The server's clock.
 */
server_time: Timestamp, 
/**
 * The newest position of each of one's conversations.
 */
heads: Record<ConversationId, Seq>, };

export type ConversationChange = "created" | "updated" | "member_joined" | "member_left" | "removed";

export type ConversationEvent = { 
/**
 * What changed.
 */
change: ConversationChange, 
/**
 * The conversation as it is now.
 */
conversation: Conversation, };

export type MailboxEvent = { 
/**
 * How many key-exchange messages wait for this device.
 */
count: number, };

export type SessionReason = "expiring" | "revoked" | "draining";

export type SessionEvent = { 
/**
 * Why.
 */
reason: SessionReason, 
/**
 * Milliseconds to wait before connecting again.
 */
reconnect_in?: number, };

/** The answer to a call: done, or why not. */
export type Ack<T> = ({ ok: true } & T) | { ok: false; error: Problem };

/** Calls a client makes over the socket; each is acknowledged with `Ack<reply>`. */
export interface Calls {
  "message:send": { payload: SendMessage; reply: Accepted };
  "receipt": { payload: RaiseReceipt; reply: Done };
  "typing": { payload: Typing; reply: Done };
  "presence:watch": { payload: WatchPresence; reply: PresenceStates };
  "auth:renew": { payload: RenewAuth; reply: Renewed };
}

/** Events the server pushes over the socket. */
export interface Events {
  "ready": Ready;
  "message": Message;
  "receipt": Receipt;
  "typing": TypingEvent;
  "presence": Presence;
  "conversation": ConversationEvent;
  "mailbox": MailboxEvent;
  "session": SessionEvent;
}
