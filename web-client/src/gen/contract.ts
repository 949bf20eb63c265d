// The contract, generated from shared-types by `cargo xtask gen`. Do not edit.

export type UserId = string & { readonly __brand: "UserId" };

export type DeviceId = string & { readonly __brand: "DeviceId" };

export type SessionId = string & { readonly __brand: "SessionId" };

export type ConversationId = string & { readonly __brand: "ConversationId" };

export type MessageId = string & { readonly __brand: "MessageId" };

export type Seq = number;

export type Timestamp = string;

export type Secret = string;

export type Code = "malformed_json" | "unauthorized" | "session_revoked" | "bad_credentials" | "totp_required" | "token_reused" | "forbidden" | "blocked" | "registration_closed" | "bad_origin" | "not_found" | "method_not_allowed" | "request_timeout" | "username_taken" | "id_conflict" | "stale_devices" | "stale_epoch" | "stale_version" | "too_large" | "unsupported_media_type" | "invalid" | "plaintext_refused" | "seq_out_of_range" | "rate_limited" | "internal" | "unavailable";

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
 * Of `stale_devices`: whose lists may have changed.
 */
refresh?: Array<UserId>, 
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
ciphertext: string, 
/**
 * What of its making is bound into it; there in scheme `sotto1`.
 */
context?: SealContext, 
/**
 * In groups: the box with its key, for all who have the sender's.
 */
group?: GroupBox, };

export type SealContext = { 
/**
 * How often the members had changed, as far as the sender knew; 0 between two people.
 */
epoch: number, 
/**
 * The sender's clock, in milliseconds since 1970.
 */
ts: number, 
/**
 * Commits to what it says, so that a recipient can report it (32 bytes, base64).
 */
commitment: string, };

export type GroupBox = { 
/**
 * Which of the sender's keys (32 bytes, base64).
 */
chain: string, 
/**
 * The box, base64.
 */
body: string, };

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
user_id: UserId, } | { "type": "role_changed", 
/**
 * Who.
 */
user_id: UserId, 
/**
 * What they may do now.
 */
role: Role, } | { "type": "title_changed", 
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
expires_at?: Timestamp, 
/**
 * The server's stamp on a sealed message, by which it knows later, from a report, that it took it (32 bytes, base64).
 */
stamp?: string, };

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
expires_in?: number, 
/**
 * In a conversation of two: a box with the message's key for each device of both people but the sender's own.
 */
boxes?: Array<KeyBox>, 
/**
 * In a group whose members are signed: the sum of the versions of their device lists, as far as the sender knows.
 */
roster?: number, };

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
muted_until: Timestamp | null, 
/**
 * What was said up to here was said before one came in, and is not shown; left out where that is nothing.
 */
from_seq?: Seq, };

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
 * How many statements about its members were signed; left out where that is not done.
 */
epoch?: number, 
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
user_ids?: Array<UserId>, 
/**
 * The id of a group, where its members are signed (`UUIDv7`); making it again is harmless.
 */
id?: ConversationId, 
/**
 * The first statement about a group's members. Required where private conversations take only sealed envelopes.
 */
statement?: SignedMembers, };

export type UpdateConversation = { 
/**
 * No notifications before this moment; `null` ends the silence.
 */
muted_until?: string | null, };

export type AddMembers = { 
/**
 * Who comes in; those who are in already are passed over.
 */
user_ids: Array<UserId>, 
/**
 * The statement that brings them in, in a group whose members are signed.
 */
statement?: SignedMembers, };

export type ChangeMember = { 
/**
 * What they may do from now on.
 */
role: Role, 
/**
 * The statement that says so, in a group whose members are signed.
 */
statement?: SignedMembers, };

export type RemoveMember = { 
/**
 * The statement without them, in a group whose members are signed.
 */
statement?: SignedMembers, };

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

export type Address = { 
/**
 * The person.
 */
user_id: UserId, 
/**
 * The device.
 */
device_id: DeviceId, };

export type DeviceKeys = { 
/**
 * Which device.
 */
id: DeviceId, 
/**
 * With which it signs (32 bytes).
 */
ed25519: string, 
/**
 * By which sessions know it (32 bytes).
 */
curve25519: string, };

export type NewDeviceList = { 
/**
 * The account's signing key (Ed25519, 32 bytes).
 */
account_key: string, 
/**
 * One more than the list before; a new account key begins where it likes above it.
 */
version: number, 
/**
 * 1 to 32 devices; each signed in at some time.
 */
devices: Array<DeviceKeys>, 
/**
 * The account key's signature (64 bytes).
 */
signature: string, };

export type DeviceList = { 
/**
 * Whose.
 */
user_id: UserId, 
/**
 * The account's signing key (Ed25519, 32 bytes).
 */
account_key: string, 
/**
 * Only rises.
 */
version: number, 
/**
 * The devices.
 */
devices: Array<DeviceKeys>, 
/**
 * The account key's signature (64 bytes).
 */
signature: string, };

export type PrekeyKind = "one_time" | "fallback" | "kem";

export type PublicKey = { 
/**
 * 1 to 32 characters; unique among the device's keys.
 */
id: string, 
/**
 * 32 bytes; 1,184 for the post-quantum part.
 */
key: string, };

export type NewPrekeys = { 
/**
 * At most 50 more one-time keys.
 */
one_time: Array<PublicKey>, 
/**
 * The new fallback key; the old one stays where it is left out.
 */
fallback?: PublicKey, 
/**
 * The new post-quantum key; the old one stays where it is left out.
 */
kem?: PublicKey, 
/**
 * The device's signature (64 bytes) for each of them, by key id.
 */
signatures: { [key in string]: string }, };

export type PrekeysLeft = { 
/**
 * One is used up by each device that begins a session.
 */
one_time_left: number, };

export type Prekey = { 
/**
 * Its id among the device's keys.
 */
id: string, 
/**
 * The key.
 */
key: string, 
/**
 * The device's signature (64 bytes).
 */
signature: string, };

export type ClaimKeys = { 
/**
 * 1 to 100 devices.
 */
devices: Array<Address>, };

export type ClaimedKeys = { 
/**
 * Whether the prekey is a one-time key, or the fallback.
 */
kind: PrekeyKind, 
/**
 * The one-time key, or the fallback.
 */
prekey: Prekey, 
/**
 * The post-quantum key.
 */
kem: Prekey, 
/**
 * The person.
 */
user_id: UserId, 
/**
 * The device.
 */
device_id: DeviceId, };

export type Claimed = { 
/**
 * One for each device that had keys.
 */
keys: Array<ClaimedKeys>, };

export type KemPart = { 
/**
 * To which key.
 */
key_id: string, 
/**
 * The encapsulated secret (1,088 bytes).
 */
ciphertext: string, };

export type KeyBox = { 
/**
 * The box.
 */
body: string, 
/**
 * There until the other device has answered.
 */
kem?: KemPart, 
/**
 * The person.
 */
user_id: UserId, 
/**
 * The device.
 */
device_id: DeviceId, };

export type KeyMail = { 
/**
 * Chosen by the sender (`UUIDv7`); sending it again is harmless.
 */
id: MessageId, 
/**
 * In which conversation both are.
 */
conversation_id: ConversationId, 
/**
 * The box.
 */
box: KeyBox, };

export type SendKeyMail = { 
/**
 * 1 to 100 boxes.
 */
mail: Array<KeyMail>, };

export type MailboxItem = { 
/**
 * The message it belongs to, or the id that its sender chose.
 */
id: MessageId, 
/**
 * From which device.
 */
from: Address, 
/**
 * In which conversation.
 */
conversation_id: ConversationId, 
/**
 * The box.
 */
body: string, 
/**
 * The post-quantum part.
 */
kem?: KemPart, 
/**
 * When it was put there.
 */
received_at: Timestamp, };

export type Mailbox = { 
/**
 * At most 100; what was acknowledged is gone.
 */
items: Array<MailboxItem>, 
/**
 * Whether there are more after these.
 */
has_more: boolean, };

export type AckMailbox = { 
/**
 * Whose content is safe on this device: 1 to 1,000.
 */
ids: Array<MessageId>, };

export type SignedMembers = { 
/**
 * Of which group.
 */
conversation_id: ConversationId, 
/**
 * 1 when the group is made, one more with each change.
 */
epoch: number, 
/**
 * The hash of the statement before (32 bytes); of zeros for the first.
 */
previous: string, 
/**
 * By ascending user id.
 */
members: Array<MemberRole>, 
/**
 * Who signed, on which device.
 */
signer: Address, 
/**
 * The signature of that person's account key (64 bytes).
 */
signature: string, };

export type MemberRole = { 
/**
 * Who.
 */
user_id: UserId, 
/**
 * What they may.
 */
role: Role, };

export type Statements = { 
/**
 * In their order, at most 100.
 */
statements: Array<SignedMembers>, 
/**
 * Whether there are more after these.
 */
has_more: boolean, };

export type KnownLists = { 
/**
 * The version that one has of each person's list, 0 where one has none: 1 to 1,024 people.
 */
known: Record<UserId, number>, };

export type KeysHealth = { 
/**
 * Messages that did not open within a minute, since the last report; at most 10,000.
 */
undecryptable: number, 
/**
 * Of all those, how many opened since; at most 10,000.
 */
repaired: number, };

export type ChangedLists = { 
/**
 * In any order; people without a list are missing.
 */
lists: Array<DeviceList>, };

export type Backup = { 
/**
 * Rises with every change, so that two devices don't write over each other.
 */
version: number, 
/**
 * What the recovery key opens, as the client wrote it.
 */
recovery?: string, 
/**
 * What the passphrase opens, as the client wrote it.
 */
passphrase?: string, 
/**
 * The parts are numbered from 0 on.
 */
parts: number, };

export type PutBackup = { 
/**
 * One more than the version that stands; 1 for the first.
 */
version: number, 
/**
 * At most 4,096 characters; none where it is left out.
 */
recovery?: string, 
/**
 * At most 4,096 characters; none where it is left out.
 */
passphrase?: string, };

export type PutBackupPart = { 
/**
 * One more than the version that stands.
 */
version: number, 
/**
 * 1 to 196,608 characters, as the client wrote it.
 */
part: string, };

export type BackupPart = { 
/**
 * As the client wrote it.
 */
part: string, };

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
 * The first key-exchange messages that wait for this device; `GET /mailbox` has the rest.
 */
mailbox: Array<MailboxItem>, };

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
expires_in?: number, 
/**
 * In a conversation of two: a box with the message's key for each device of both people but the sender's own.
 */
boxes?: Array<KeyBox>, 
/**
 * In a group whose members are signed: the sum of the versions of their device lists, as far as the sender knows.
 */
roster?: number, };

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

export type LiveMessage = { 
/**
 * The box that this device has for it in its mailbox, so that it need not be fetched.
 */
box?: MailboxItem, 
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
expires_at?: Timestamp, 
/**
 * The server's stamp on a sealed message, by which it knows later, from a report, that it took it (32 bytes, base64).
 */
stamp?: string, };

export type MailboxEvent = { 
/**
 * How many new key-exchange messages wait for this device.
 */
count: number, 
/**
 * These, so that they need not be fetched; acknowledged like those that were.
 */
items?: Array<MailboxItem>, };

export type KeysEvent = { 
/**
 * Which of the person's devices.
 */
device_id: DeviceId, 
/**
 * How many one-time keys the directory has of it.
 */
one_time_left: number, };

export type DevicesEvent = { 
/**
 * Its version now.
 */
version: number, };

export type SendLink = { 
/**
 * To which; to all others where it is left out.
 */
to?: DeviceId, 
/**
 * Opaque to the server: 1 to 4,096 characters.
 */
body: string, };

export type LinkEvent = { 
/**
 * From which of one's devices.
 */
from: DeviceId, 
/**
 * To which; to all others where it is left out.
 */
to?: DeviceId, 
/**
 * What the other device sent.
 */
body: string, };

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
  "link": { payload: SendLink; reply: Done };
  "auth:renew": { payload: RenewAuth; reply: Renewed };
}

/** Events the server pushes over the socket. */
export interface Events {
  "ready": Ready;
  "message": LiveMessage;
  "receipt": Receipt;
  "typing": TypingEvent;
  "presence": Presence;
  "conversation": ConversationEvent;
  "mailbox": MailboxEvent;
  "keys": KeysEvent;
  "devices": DevicesEvent;
  "link": LinkEvent;
  "session": SessionEvent;
}
