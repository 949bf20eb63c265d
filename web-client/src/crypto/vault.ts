// One device's keys, wherever they live: every request is answered after what it changed was committed.
import type {
  Address,
  ClaimedKeys,
  ConversationId,
  DeviceKeys,
  DeviceList,
  KeyBox,
  KeyMail,
  MailboxItem,
  MemberRole,
  Message,
  MessageId,
  NewPrekeys,
  Role,
  Sealed,
  SignedMembers,
  UserId,
} from '../gen/contract.ts';
import type { Opener } from './backup.ts';
import type { BackupMark } from './records.ts';

export interface Draft {
  readonly conversation: ConversationId;
  readonly id: MessageId;
  readonly kind: Message['kind'];
  readonly target: MessageId | null;
  readonly reply_to: MessageId | null;
  readonly body: string;
}

/** What a vault may be asked, and what it answers. The names are crypto-core's (`host.rs`). */
export interface VaultCalls {
  begin_account: { ask: object; answer: object };
  begin_anew: { ask: { above: number }; answer: { list: DeviceList } };
  self: { ask: object; answer: { keys: DeviceKeys; account_key: string | null } };
  sign_devices: {
    ask: { before: DeviceList | null; add: readonly DeviceKeys[]; remove: readonly string[] };
    answer: { list: DeviceList };
  };
  new_prekeys: { ask: { left: number }; answer: { prekeys: NewPrekeys | null } };
  prekeys_taken: { ask: object; answer: object };
  learn: { ask: { lists: readonly DeviceList[] }; answer: { outcomes: readonly Outcome[] } };
  accept_account_key: { ask: { list: DeviceList }; answer: object };
  peer: {
    ask: { user: UserId };
    answer: { list: DeviceList | null; is_verified: boolean; safety_number: string | null };
  };
  set_verified: { ask: { user: UserId; verified: boolean }; answer: object };
  /** The safety number as it would be with this list. Nothing of it is kept. */
  number_with: { ask: { list: DeviceList }; answer: { safety_number: string | null } };
  unreached: { ask: { users: readonly UserId[] }; answer: { devices: readonly Address[] } };
  begin: { ask: { claimed: readonly ClaimedKeys[] }; answer: { outcomes: readonly Outcome[] } };
  seal_direct: {
    ask: { draft: Draft; with: UserId };
    answer: { envelope: Sealed; boxes: readonly KeyBox[] };
  };
  seal_group: { ask: { draft: Draft }; answer: { envelope: Sealed; roster: number | null } };
  group: { ask: { conversation: ConversationId }; answer: { group: GroupView | null } };
  follow: { ask: { statements: readonly SignedMembers[] }; answer: { outcomes: readonly Outcome[] } };
  sign_members: {
    ask: { conversation: ConversationId; roles: Readonly<Record<UserId, Role>> };
    answer: { statement: SignedMembers };
  };
  stop_speaking: { ask: { conversation: ConversationId }; answer: object };
  new_recovery_key: { ask: object; answer: { recovery_key: string } };
  lock: { ask: Opener; answer: { lock: object } };
  unlock: { ask: { lock: object } & Opener; answer: object };
  back_up: { ask: { number: number; names: readonly string[] }; answer: { part: string } };
  restore: { ask: { number: number; sealed: string }; answer: object };
  /** Of the records: keys that the backup does not hold yet, and how far it has got. */
  pending: { ask: { limit: number }; answer: { names: readonly string[] } & BackupMark };
  /** Of the records: since when this device has keys, in milliseconds since 1970. */
  since: { ask: object; answer: { at: number } };
  backed_up: { ask: { names: readonly string[] }; answer: object };
  backup_at: { ask: BackupMark; answer: object };
  refused: { ask: { id: MessageId }; answer: object };
  accepted: { ask: { id: MessageId }; answer: object };
  receive: { ask: { items: readonly MailboxItem[] }; answer: { outcomes: readonly Outcome[] } };
  open: { ask: { messages: readonly { message: Message }[] }; answer: { outcomes: readonly Outcome[] } };
  mail: { ask: object; answer: { mail: readonly KeyMail[] } };
  posted: { ask: { ids: readonly MessageId[] }; answer: object };
  ask_again: {
    ask: {
      device: Address;
      conversation: ConversationId;
      messages: readonly MessageId[];
      claimed: ClaimedKeys | null;
    };
    answer: { asked: boolean };
  };
  link_start: { ask: object; answer: { key: string; code: string } };
  link_scan: { ask: { key: string; code: string }; answer: { first: string; digits: string } };
  link_accept: { ask: { first: string }; answer: { digits: string } };
  link_hand_over: { ask: object; answer: { sealed: string } };
  link_take_over: { ask: { sealed: string }; answer: object };
  may_repair: { ask: { device: Address }; answer: { asked: boolean } };
  answer: { ask: { device: Address; asked: readonly MessageId[] }; answer: object };
}

/** A group as far as it was followed, with the version of each member's list; 0 where none is known. */
interface GroupView {
  readonly epoch: number;
  readonly members: readonly MemberRole[];
  readonly versions: Readonly<Record<UserId, number>>;
}

export type Outcome =
  | 'done'
  | { readonly body: string }
  | { readonly key: MessageId }
  | { readonly sender: ConversationId }
  | { readonly asked: readonly [Address, readonly MessageId[]] }
  | { readonly after: number }
  | { readonly failed: Failure };

export interface Failure {
  readonly remedy:
    | 'nothing'
    | 'wait'
    | 'repair'
    | 'refresh'
    | 'refuse'
    | 'ask_person'
    | 'account_key_changed';
  readonly detail: string;
  readonly user?: UserId;
}

export interface Vault {
  call<Op extends keyof VaultCalls>(op: Op, ask: VaultCalls[Op]['ask']): Promise<VaultCalls[Op]['answer']>;
  close(): void;
}

/** The vault says no. */
export class VaultRefused extends Error {
  constructor(readonly failure: Failure) {
    super(failure.detail);
    this.name = 'VaultRefused';
  }
}
