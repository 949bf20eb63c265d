// Real devices, in WebAssembly, without a browser: their vaults, and the directory and mailboxes that they share.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Keeper } from '../src/crypto/keeper.ts';
import type { BackupMark, Records } from '../src/crypto/records.ts';
import { type KeysApi, SealedEngine } from '../src/crypto/sealed.ts';
import type { KeyChange, TrustStore } from '../src/crypto/trust.ts';
import type { Vault } from '../src/crypto/vault.ts';
import type {
  Address,
  Backup,
  ClaimedKeys,
  Content,
  Conversation,
  ConversationId,
  DeviceId,
  DeviceList,
  KeyBox,
  MailboxItem,
  Message,
  MessageId,
  NewPrekeys,
  PublicKey,
  SignedMembers,
  UserId,
} from '../src/gen/contract.ts';
import { Engine, initSync } from '../src/gen/wasm/crypto_core.js';
import { Refused } from '../src/sync/problem.ts';
import { problem } from './world.ts';

const wasm = join(import.meta.dirname, '../src/gen/wasm/crypto_core_bg.wasm');
initSync({ module: readFileSync(wasm) });

/** The contract's namespace of direct conversations. */
const DIRECT = '50770a1b6f2e4d8c9a31d1ec70000001';
/** How long these devices wait for a key before they ask. */
const PATIENCE_MS = 120;
let made = 0;
const id = <T extends string>() => {
  made += 1;
  return `00000000-0000-7000-8000-${String(made).padStart(12, '0')}` as T;
};

/** What a browser keeps of a device; survives its engine. */
class Disk implements TrustStore {
  private readonly changes = new Map<string, KeyChange>();
  private readonly mail = new Map<MessageId, MailboxItem>();
  readonly records = records();

  keyChanges = async () => [...this.changes.values()].sort((a, b) => a.at.localeCompare(b.at));
  putKeyChange = async (change: KeyChange) => void this.changes.set(change.user_id + change.at, change);
  heldMail = async () => [...this.mail.values()];
  putHeldMail = async (items: readonly MailboxItem[]) => {
    for (const item of items) this.mail.set(item.id, item);
  };
  dropHeldMail = async (ids: readonly MessageId[]) => {
    for (const one of ids) this.mail.delete(one);
  };
}

function records(): Records {
  const kept = new Map<string, string>();
  let generation = 0;
  const pending = new Set<string>();
  let mark: BackupMark = { seen: 0, last: null, version: 0 };
  const fake: Omit<Records, 'db' | 'one' | 'write'> = {
    storageKey: async () => new Uint8Array(32).fill(7),
    generation: async () => generation,
    all: async () => Object.fromEntries([...kept].filter(([name]) => !name.startsWith('known/'))),
    find: async (names) => names.map((name) => kept.get(name) ?? null),
    commit: async (changes, now, keys = 'fresh') => {
      for (const [name, bytes] of changes) {
        bytes === null ? kept.delete(name) : kept.set(name, bytes);
        if (name.startsWith('known/')) keys === 'fresh' ? pending.add(name) : pending.delete(name);
      }
      if (changes.length > 0) generation = now;
    },
    since: async () => 0,
    pending: async (limit) => [...pending].slice(0, limit),
    backedUp: async (names) => {
      for (const name of names) pending.delete(name);
    },
    backupMark: async () => mark,
    setBackupMark: async (next) => {
      mark = next;
    },
  };
  return fake as Records;
}

function vaultOn(me: Address, disk: Disk): Vault {
  let turn: Promise<unknown> = Promise.resolve();
  const keeper = new Keeper(me, disk.records, Engine, (work) => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  });
  return { call: (op, ask) => keeper.call(op, ask), close: () => undefined };
}

/** What a server holds of keys, and of boxes on their way. */
export class Directory {
  readonly lists = new Map<UserId, DeviceList>();
  readonly boxes = new Map<DeviceId, MailboxItem[]>();
  readonly statements: SignedMembers[] = [];
  undecryptable = 0;
  repaired = 0;
  readonly backups = new Map<UserId, { head: Backup; parts: string[] }>();
  private readonly prekeys = new Map<DeviceId, NewPrekeys>();
  seq = 0;
  /** How often somebody wanted to begin with a device. */
  claims = 0;
  /** Happens once, just before a list is put. */
  beforePut: (() => unknown) | null = null;

  keys(me: Address): KeysApi {
    return {
      devices: async (user) => structuredClone(this.lists.get(user) ?? null),
      changed: async (known) =>
        structuredClone(
          [...this.lists.values()].filter(({ user_id, version }) => {
            const had = known[user_id];
            return had !== undefined && had !== version;
          }),
        ),
      statements: async (id, after) => ({
        statements: this.statements.filter(
          ({ conversation_id, epoch }) => conversation_id === id && epoch > after,
        ),
        has_more: false,
      }),
      backup: this.backupOf(me.user_id),
      putDevices: async (list) => {
        this.beforePut?.();
        this.beforePut = null;
        if (list.version <= (this.lists.get(me.user_id)?.version ?? 0))
          throw new Refused(problem(409, 'stale_version'));
        this.lists.set(me.user_id, { user_id: me.user_id, ...list });
      },
      putPrekeys: async (keys) => {
        this.prekeys.set(me.device_id, keys);
        return keys.one_time.length;
      },
      claim: async (devices) => devices.map((device) => ({ ...device, ...this.claimed(device.device_id) })),
      mailbox: async () => ({ items: this.boxes.get(me.device_id) ?? [], has_more: false }),
      sendMail: async (mail) => {
        for (const { box, ...rest } of mail) this.put(rest.id, rest.conversation_id, me, box);
      },
      report: async ({ undecryptable, repaired }) => {
        this.undecryptable += undecryptable;
        this.repaired += repaired;
      },
      ack: async (ids) => {
        const left = (this.boxes.get(me.device_id) ?? []).filter((one) => !ids.includes(one.id));
        this.boxes.set(me.device_id, left);
      },
    };
  }

  /** As the server keeps it: each change follows the one before. */
  private backupOf(user: UserId): KeysApi['backup'] {
    const follow = (version: number) => {
      if (version !== (this.backups.get(user)?.head.version ?? 0) + 1)
        throw new Refused(problem(409, 'stale_version'));
    };
    return {
      find: async () => structuredClone(this.backups.get(user)?.head ?? null),
      put: async (head) => {
        follow(head.version);
        const parts = this.backups.get(user)?.parts ?? [];
        this.backups.set(user, { head: { ...head, parts: parts.length }, parts });
      },
      part: async (number) => this.backups.get(user)?.parts[number] ?? '',
      putPart: async (number, { version, part }) => {
        follow(version);
        const kept = this.backups.get(user);
        if (!kept) throw new Refused(problem(404, 'not_found'));
        kept.parts[number] = part;
        kept.head = { ...kept.head, version, parts: kept.parts.length };
      },
      remove: async () => void this.backups.delete(user),
    };
  }

  put(id: MessageId, conversation_id: ConversationId, from: Address, { device_id, body, kem }: KeyBox): void {
    const item = { id, conversation_id, from, body, received_at: now(), ...(kem ? { kem } : {}) };
    this.boxes.set(device_id, [...(this.boxes.get(device_id) ?? []), item]);
  }

  private claimed(device: DeviceId): Omit<ClaimedKeys, keyof Address> {
    this.claims += 1;
    const keys = this.prekeys.get(device);
    const once = keys?.one_time.shift();
    const [prekey, kem] = [once ?? keys?.fallback, keys?.kem];
    if (!prekey || !kem) throw new Error('nothing to claim');
    const signed = (key: PublicKey) => ({ ...key, signature: keys?.signatures[key.id] ?? '' });
    return { kind: once ? 'one_time' : 'fallback', prekey: signed(prekey), kem: signed(kem) };
  }
}

const now = () => new Date().toISOString();

/** A device of somebody's, as a browser runs it. */
export class Phone {
  readonly me: Address;
  readonly engine: SealedEngine;
  readonly vault: Vault;

  constructor(
    private readonly directory: Directory,
    user: UserId = id<UserId>(),
    readonly disk = new Disk(),
    device = id<DeviceId>(),
  ) {
    this.me = { user_id: user, device_id: device };
    this.vault = vaultOn(this.me, disk);
    this.engine = new SealedEngine({
      me: this.me,
      vault: this.vault,
      keys: directory.keys(this.me),
      kept: disk,
      patienceMs: PATIENCE_MS,
    });
  }

  get user(): UserId {
    return this.me.user_id;
  }

  /** The same device after its browser was opened again. */
  reopened(): Phone {
    this.engine.stop();
    return this.tab();
  }

  /** Another tab of the same browser. */
  tab(): Phone {
    return new Phone(this.directory, this.user, this.disk, this.me.device_id);
  }

  async online(): Promise<this> {
    await this.engine.online();
    return this;
  }

  /** This person begins anew: other keys, under another account key. */
  async anew(on: 'another device' | 'the same device'): Promise<Phone> {
    const device = on === 'the same device' ? this.me.device_id : id<DeviceId>();
    const phone = new Phone(this.directory, this.user, new Disk(), device);
    const before = this.directory.lists.get(this.user)?.version ?? 0;
    this.directory.lists.delete(this.user);
    await phone.online();
    const { keys } = await phone.vault.call('self', {});
    for (let list = this.directory.lists.get(this.user); list && list.version <= before; ) {
      ({ list } = await phone.vault.call('sign_devices', { before: list, add: [keys], remove: [] }));
      this.directory.lists.set(this.user, list);
    }
    return phone;
  }

  /** Seals words and puts them on their way; resolves with the message as the log has it. */
  async say(text: string, to: UserId): Promise<Message> {
    const message = id<MessageId>();
    const conversation = talk(this.user, to);
    const content: Content = { type: 'text', text };
    const { envelope, boxes } = await this.engine.seal({
      id: message,
      conversation,
      kind: 'message',
      target: null,
      reply_to: null,
      content,
    });
    for (const box of boxes) this.directory.put(message, conversation.id, this.me, box);
    this.directory.seq += 1;
    return {
      id: message,
      conversation_id: conversation.id,
      seq: this.directory.seq,
      kind: 'message',
      sender_id: this.user,
      sender_device_id: this.me.device_id,
      sent_at: now(),
      envelope,
    };
  }

  /** Takes what is in the mailbox, and reads a message. */
  async reads(message: Message): Promise<string | null> {
    await this.engine.receive(this.directory.boxes.get(this.me.device_id) ?? []);
    return this.opens(message);
  }

  async opens(message: Message): Promise<string | null> {
    const [content] = await this.engine.open([message]);
    return content?.type === 'text' ? content.text : null;
  }
}

function talk(one: UserId, other: UserId): Conversation {
  const members = [one, other].map((user) => ({
    user: { id: user, username: user, display_name: user },
    role: 'member' as const,
    delivered_seq: 0,
    read_seq: 0,
  }));
  return {
    id: direct(one, other),
    kind: 'direct',
    title: null,
    members,
    head_seq: 0,
    last_message: null,
    my: { role: 'member', delivered_seq: 0, read_seq: 0, muted_until: null },

    created_at: now(),
  };
}

/** The id that both people arrive at on their own: UUIDv5 over the sorted pair. */
function direct(one: UserId, other: UserId): ConversationId {
  const bytes = Buffer.from([DIRECT, ...[one, other].sort()].join('').replaceAll('-', ''), 'hex');
  const hash = createHash('sha1').update(bytes).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') as ConversationId;
}
