// The border between the sync engine and the wire: whatever leaves or enters a device passes through here.
import type {
  Content,
  Conversation,
  ConversationId,
  Envelope,
  KeyBox,
  KeysEvent,
  MailboxItem,
  Message,
  MessageId,
  UserId,
} from '../gen/contract.ts';
import type { Backup } from './backup.ts';
import type { Groups } from './groups.ts';
import type { Linking } from './linking.ts';
import type { Trust } from './trust.ts';

export interface ToSeal {
  readonly id: MessageId;
  readonly conversation: Conversation;
  readonly kind: Message['kind'];
  readonly target: MessageId | null;
  readonly reply_to: MessageId | null;
  readonly content: Content;
}

export interface Sealed {
  readonly envelope: Envelope;
  readonly boxes: readonly KeyBox[];
  /** In a group: which lists of devices it went by. */
  readonly roster?: number | null;
}

export interface CryptoEars {
  /** Something in these conversations may open now that did not before; in any of them where it is not known in which. */
  readonly readable: (conversations: ReadonlySet<ConversationId> | 'all') => void;
  /** Whether this device can read and write: not while the account's key is on another one only. */
  readonly linked: (linked: boolean) => void;
}

export interface CryptoEngine {
  /** What the people are told: with 'none' the client shows a warning that cannot be missed. */
  readonly protection: 'none' | 'end-to-end';
  /** How devices of one person are linked; nothing where nothing is sealed. */
  readonly linking: Linking | null;
  /** What brings this device's keys back when it is lost; nothing where nothing is sealed. */
  readonly backup: Backup | null;
  /** Since when this device can be written to, in milliseconds since 1970. */
  since(): Promise<number>;
  /** Begins the account anew where its key is out of reach. */
  beginAnew(): Promise<void>;
  /** Whose keys were compared; nothing where nothing is sealed. */
  readonly trust: Trust | null;
  /** Sees to it that this device can talk. Called whenever the server is reached. */
  online(): Promise<void>;
  /** The same id gives the same envelope, however often; the boxes are for the devices that are known now. */
  seal(item: ToSeal): Promise<Sealed>;
  /** How the members of groups are signed; nothing where nothing is sealed. */
  readonly groups: Groups | null;
  /** The server has refused it for what has changed since: it is sealed anew. */
  refused(id: MessageId): Promise<void>;
  /** The server says that these people's devices have changed. */
  refresh(people: readonly UserId[]): Promise<void>;
  /** The server has accepted it: nothing is kept to send it again. */
  accepted(id: MessageId): Promise<void>;
  /** One content per message, in the same order; null where it cannot be read, now or ever. */
  open(batch: readonly Message[]): Promise<(Content | null)[]>;
  /** Boxes of this device's mailbox. Resolves once what was in them is safe here. */
  receive(items: readonly MailboxItem[]): Promise<void>;
  /** The directory wants new keys of a device, perhaps of this one. */
  wanted(event: KeysEvent): Promise<void>;
  /** Tells what becomes of this device's keys from now on. */
  listen(ears: CryptoEars): void;
  stop(): void;
}
