// The end-to-end engine: brings vault and directory together, and repairs what does not open.
//
//   online ──▶ keys brought ──▶ in the signed list ──▶ mailbox read ──▶ can talk
//                                     └── the account's key is on another device: this one waits to be linked
import type {
  Address,
  Content,
  KeyMail,
  KeysEvent,
  KeysHealth,
  MailboxItem,
  Message,
  MessageId,
  NewDeviceList,
  NewPrekeys,
  UserId,
} from '../gen/contract.ts';
import { Backup, type BackupApi } from './backup.ts';
import type { CryptoEars, CryptoEngine, Sealed, ToSeal } from './engine.ts';
import { Groups, type StatementsApi } from './groups.ts';
import { Linking } from './linking.ts';
import { Missing } from './missing.ts';
import { contentOf, mayBeAnew, remedyOf } from './outcomes.ts';
import { OwnDevices } from './own-devices.ts';
import { type DirectoryApi, People } from './people.ts';
import { Repairs } from './repairs.ts';
import { Trust, type TrustStore } from './trust.ts';
import { type Outcome, type Vault, VaultRefused } from './vault.ts';

/** The directory's calls, and those around it. */
export interface KeysApi extends DirectoryApi, StatementsApi {
  putDevices(list: NewDeviceList): Promise<void>;
  putPrekeys(keys: NewPrekeys): Promise<number>;
  mailbox(): Promise<{ items: readonly MailboxItem[]; has_more: boolean }>;
  sendMail(mail: readonly KeyMail[]): Promise<void>;
  ack(ids: readonly MessageId[]): Promise<void>;
  report(health: KeysHealth): Promise<void>;
  readonly backup: BackupApi;
}

interface SealedDeps {
  readonly me: Address;
  readonly vault: Vault;
  readonly keys: KeysApi;
  /** Where it is kept whose keys have changed. */
  readonly kept: TrustStore;
  /** How long a key may be on its way before it is asked for; a minute where it is left out. */
  readonly patienceMs?: number;
}

/** As many one-time keys as the directory wants: only what is due by its age is made. */
const MOST_KEYS = 50;
const ACK_AFTER_MS = 500;

/** Nobody can be written to who has no device yet that could read it. */
class NoDevices extends Error {
  constructor() {
    super('this person has no device yet that could read it');
    this.name = 'NoDevices';
  }
}

export class SealedEngine implements CryptoEngine {
  readonly protection = 'end-to-end';
  private readonly toAck = new Set<MessageId>();
  private acking: ReturnType<typeof setTimeout> | null = null;
  private turn: Promise<void> = Promise.resolve();
  private ears: CryptoEars = { readable: () => undefined, linked: () => undefined };

  readonly linking: Linking;
  readonly groups: Groups;
  readonly backup: Backup;
  readonly trust: Trust;
  private readonly people: People;
  private readonly missing: Missing;
  private readonly repairs: Repairs;

  constructor(private readonly deps: SealedDeps) {
    const { me, vault, keys, kept } = deps;
    const look = (user: UserId) => this.people.look(user);
    this.trust = new Trust({
      me,
      vault,
      kept,
      look,
      devices: new OwnDevices({ me: me.user_id, vault, keys, look }),
      receive: (items) => this.receive(items),
      readable: (ids) => this.ears.readable(ids),
    });
    this.people = new People({ me: me.user_id, vault, keys, trust: this.trust });
    this.repairs = new Repairs({ vault, keys, reach: (users) => this.people.reach(users) });
    const linked = () => this.online();
    this.linking = new Linking({ me: me.device_id, vault, linked, before: () => this.backup.flush() });
    this.backup = new Backup({ vault, api: keys.backup, linked, restored: () => this.ears.readable('all') });
    const post = () => this.repairs.post();
    this.missing = new Missing(
      {
        vault,
        post,
        look: () => this.readMailbox().then(() => this.backup.look(true)),
        reach: (users) => this.people.reach(users),
        report: (health) => keys.report(health),
        readable: (ids) => this.ears.readable(ids),
      },
      deps.patienceMs,
    );
    this.groups = new Groups({ vault, people: this.people, api: keys, post, trust: this.trust });
  }

  stop(): void {
    if (this.acking) clearTimeout(this.acking);
    this.backup.stop();
    this.missing.stop();
    this.trust.stop();
    this.deps.vault.close();
  }

  async online(): Promise<void> {
    try {
      const linked = await this.join();
      this.backup.look(linked).catch(() => undefined);
      if (!linked) return;
    } catch (error) {
      // Somebody began the account anew elsewhere: what is here can still be read.
      if (!(error instanceof VaultRefused)) throw error;
      console.warn(error.message);
      return;
    }
    await this.repairs.settle();
    await this.trust.settle();
    await this.readMailbox();
  }

  private async readMailbox(): Promise<void> {
    for (let more = true; more; ) {
      const page = await this.deps.keys.mailbox();
      await this.receive(page.items);
      await this.ackNow();
      more = page.has_more && page.items.length > 0;
    }
  }

  listen(ears: CryptoEars): void {
    this.ears = ears;
  }

  async wanted({ device_id, one_time_left }: KeysEvent): Promise<void> {
    if (device_id === this.deps.me.device_id) await this.bringKeys(one_time_left);
  }

  private async bringKeys(left: number): Promise<void> {
    const { prekeys } = await this.deps.vault.call('new_prekeys', { left });
    if (!prekeys) return;
    await this.deps.keys.putPrekeys(prekeys);
    await this.deps.vault.call('prekeys_taken', {});
  }

  async seal({ id, conversation, kind, target, reply_to, content }: ToSeal): Promise<Sealed> {
    const { me } = this.deps;
    const body = JSON.stringify(content);
    const draft = { conversation: conversation.id, id, kind, target, reply_to, body };
    if (conversation.kind !== 'direct') return this.groups.seal(draft, conversation);
    const other = conversation.members.find(({ user }) => user.id !== me.user_id)?.user.id;
    if (!other) throw new NoDevices();
    await this.trust.patiently([other], async () => {
      for (const user of [me.user_id, other])
        if (!this.people.knows(user) && !(await this.people.look(user))) throw new NoDevices();
    });
    await this.people.reach([me.user_id, other]);
    const sealed = await this.deps.vault.call('seal_direct', { draft, with: other });
    return { envelope: { kind: 'sealed', ...sealed.envelope }, boxes: sealed.boxes };
  }

  async refused(id: MessageId): Promise<void> {
    await this.deps.vault.call('refused', { id });
  }

  async refresh(people: readonly UserId[]): Promise<void> {
    await this.people.lookAt(people);
  }

  async accepted(id: MessageId): Promise<void> {
    await this.deps.vault.call('accepted', { id });
    this.backup.later();
  }

  async open(batch: readonly Message[]): Promise<(Content | null)[]> {
    const sealed = batch.filter(({ envelope }) => envelope?.kind === 'sealed');
    const asked = sealed.map((message) => ({ message }));
    // Another call may follow while this one opens.
    const behind = new Set(sealed.filter((message) => this.groups.isBehind(message)));
    const { outcomes } =
      asked.length > 0 ? await this.deps.vault.call('open', { messages: asked }) : { outcomes: [] };
    const opened = new Map(sealed.map((message, at) => [message, contentOf(outcomes[at])]));
    const waiting = sealed.filter((_, at) => ['wait', 'repair'].includes(remedyOf(outcomes[at]) ?? ''));
    if (waiting.length > 0) this.missing.note(waiting).catch(() => undefined);
    for (const [message, content] of opened) if (content) this.missing.opened(message.id);
    this.follow(waiting.filter((message) => behind.has(message)));
    // What is readable on its way here is nobody's word: a server could have written it.
    return batch.map((message) => opened.get(message) ?? null);
  }

  /** Follows the groups of messages that are ahead of what was followed, and tries those again where that led on. */
  private follow(ahead: readonly Message[]): void {
    for (const id of new Set(ahead.map((message) => message.conversation_id)))
      this.groups.follow(id).then(
        (moved) => {
          const isThere = ahead.some((one) => one.conversation_id === id && !this.groups.isBehind(one));
          if (moved || isThere) this.ears.readable(new Set([id]));
        },
        () => undefined,
      );
  }

  /** One batch after the other: the order of a mailbox matters. */
  receive(items: readonly MailboxItem[]): Promise<void> {
    const mine = this.turn.then(() => this.take(items));
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async take(items: readonly MailboxItem[]): Promise<void> {
    if (items.length === 0) return;
    // By the lists that are known: what a device said before it was signed out is opened before one learns that it was.
    let { outcomes } = await this.deps.vault.call('receive', { items });
    const unlisted = items.filter((_, at) => mayBeAnew(outcomes[at]));
    if (unlisted.length > 0) {
      await this.people.lookAt(unlisted.map(({ from }) => from.user_id));
      const again = await this.deps.vault.call('receive', { items: unlisted });
      outcomes = outcomes.map((outcome, at) => {
        const place = unlisted.indexOf(items[at] as MailboxItem);
        return place < 0 ? outcome : (again.outcomes[place] ?? outcome);
      });
    }
    // First what opens, then what has to be settled: that may fail, and what came is safe already.
    const opens = (outcome: Outcome | undefined) =>
      typeof outcome === 'object' &&
      ('key' in outcome || 'sender' in outcome || remedyOf(outcome) === 'nothing');
    const readable = items.filter((_, at) => opens(outcomes[at])).map((item) => item.conversation_id);
    if (readable.length > 0) this.ears.readable(new Set(readable));
    this.backup.later();
    const aside = await this.trust.putAside(items.filter((_, at) => mayBeAnew(outcomes[at])));
    for (const [at, item] of items.entries()) {
      const outcome = aside.includes(item) ? undefined : outcomes[at];
      if (typeof outcome === 'object' && 'asked' in outcome) this.repairs.owe(outcome.asked);
      else if (remedyOf(outcome) === 'repair') this.repairs.mend(item);
      else if (remedyOf(outcome) === 'refuse') console.warn('a box was refused');
      this.toAck.add(item.id);
    }
    this.acking ??= setTimeout(() => void this.ackNow().catch(() => undefined), ACK_AFTER_MS);
    await this.repairs.settle();
  }

  private async ackNow(): Promise<void> {
    if (this.acking) clearTimeout(this.acking);
    this.acking = null;
    const ids = [...this.toAck];
    if (ids.length === 0) return;
    await this.deps.keys.ack(ids);
    for (const id of ids) this.toAck.delete(id);
  }

  async since(): Promise<number> {
    return (await this.deps.vault.call('since', {})).at;
  }

  /** Begins the account anew on this device alone: what was said before stays sealed, and everybody sees the change. */
  async beginAnew(): Promise<void> {
    const { me, keys, vault } = this.deps;
    const before = await keys.devices(me.user_id);
    await this.bringKeys(0);
    // First what can't be opened any more: a new backup must be possible whatever happens in between.
    await this.backup.forget();
    const { list } = await vault.call('begin_anew', { above: before?.version ?? 0 });
    const { user_id: _mine, ...signed } = list;
    await keys.putDevices(signed);
    await this.online();
  }

  /** Puts this device into the signed list of its account; false where it has to be linked first. */
  private async join(): Promise<boolean> {
    const { me, keys, vault } = this.deps;
    const before = await keys.devices(me.user_id);
    let own = await vault.call('self', {});
    if (!own.account_key && !before) {
      await vault.call('begin_account', {});
      own = await vault.call('self', {});
    }
    const linked = own.account_key !== null && (before === null || before.account_key === own.account_key);
    if (!linked) {
      this.ears.linked(false);
      return false;
    }
    const isListed = before?.devices.some(({ id }) => id === me.device_id) ?? false;
    await this.bringKeys(isListed ? MOST_KEYS : 0);
    if (!isListed) {
      const { list } = await vault.call('sign_devices', { before, add: [own.keys], remove: [] });
      const { user_id: _mine, ...signed } = list;
      await keys.putDevices(signed);
    }
    // Only now do others seal for this device.
    this.ears.linked(true);
    if (before && isListed) await this.people.learn(before);
    else await this.people.look(me.user_id);
    return true;
  }
}
