// Whose safety number was compared, whose has changed since, and what is held back until the person has looked.
//
//   known ──another key──▶ known anew, an entry says so
//     │ ▲                                                        held: nothing is sealed for them,
//     ▼ │ taken back                                             what comes is put aside, not lost
//   compared ──another key──▶ held ──accepted──▶ known anew
//        ▲                     │ └──the old key again──▶ compared
//        └──── compared ───────┘
import type { Address, ConversationId, DeviceList, MailboxItem, MessageId, UserId } from '../gen/contract.ts';
import type { OwnDevices } from './own-devices.ts';
import { type Vault, VaultRefused } from './vault.ts';

/** That somebody's account key became another one, as this device noticed it. */
export interface KeyChange {
  readonly user_id: UserId;
  readonly at: string;
  /** `accepted`: nobody had compared. `agreed`: it was held, and the person went on. `returned`: the old key came back. */
  readonly state: 'accepted' | 'held' | 'agreed' | 'returned';
  /** The list that came with the new key. */
  readonly list: DeviceList;
}

/** How it stands with somebody. */
export interface Standing {
  /** Sixty digits, of the new key while it is held; null as long as either has no key. */
  readonly safety_number: string | null;
  readonly verified: boolean;
  readonly held: boolean;
  /** Oldest first. */
  readonly changes: readonly KeyChange[];
}

/** Where it is kept. */
export interface TrustStore {
  keyChanges(): Promise<KeyChange[]>;
  putKeyChange(change: KeyChange): Promise<void>;
  heldMail(): Promise<MailboxItem[]>;
  putHeldMail(items: readonly MailboxItem[]): Promise<void>;
  dropHeldMail(ids: readonly MessageId[]): Promise<void>;
}

export interface TrustDeps {
  readonly me: Address;
  readonly vault: Vault;
  readonly kept: TrustStore;
  readonly devices: OwnDevices;
  /** Fetches somebody's list of devices, and takes it in. */
  readonly look: (user: UserId) => Promise<unknown>;
  /** Opens boxes that were put aside. */
  readonly receive: (items: readonly MailboxItem[]) => Promise<void>;
  /** Another tab opened something in these. */
  readonly readable: (conversations: ReadonlySet<ConversationId>) => void;
  readonly now?: () => number;
}

/** Somebody whose number was compared has another key now: nothing goes on before the person has looked. */
class Held extends VaultRefused {
  constructor(readonly user: UserId) {
    super({ remedy: 'ask_person', detail: 'the safety number was compared, and has changed', user });
    this.name = 'Held';
  }
}

export class Trust {
  readonly devices: OwnDevices;
  private changes: readonly KeyChange[] = [];
  private readonly read: Promise<void>;
  private readonly listeners = new Set<() => void>();
  private readonly waiting = new Set<() => void>();
  private readonly channel: BroadcastChannel;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: TrustDeps) {
    this.devices = deps.devices;
    this.channel = new BroadcastChannel(`sotto-trust-${deps.me.device_id}`);
    this.channel.onmessage = ({ data }: MessageEvent<readonly ConversationId[]>) => {
      void this.reload().then(() => data.length > 0 && deps.readable(new Set(data)));
    };
    this.read = this.reload();
  }

  /** Calls back whenever it may stand otherwise with somebody. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  stop(): void {
    this.channel.close();
  }

  async of(user: UserId): Promise<Standing> {
    const { list } = await this.deps.vault.call('peer', { user });
    if (!list) await this.refresh(user);
    return this.stands(user);
  }

  /** Asks the directory whether their key is another one by now. */
  async refresh(user: UserId): Promise<void> {
    await this.deps.look(user).catch(() => undefined);
  }

  /** The person has compared this number. False where it is not the one that stands any more. */
  verify(user: UserId, seen: string): Promise<boolean> {
    return this.decide(user, seen, async () => {
      const { vault } = this.deps;
      await vault.call('set_verified', { user, verified: true });
      const { safety_number } = await vault.call('peer', { user });
      if (safety_number === seen) return true;
      // Another tab took in another key at this very moment.
      await vault.call('set_verified', { user, verified: false });
      return false;
    });
  }

  /** Goes on with the new key, of which the person has seen this number, without having compared it. */
  accept(user: UserId, seen: string): Promise<boolean> {
    return this.decide(user, seen, async () => true);
  }

  async unverify(user: UserId): Promise<void> {
    await this.deps.vault.call('set_verified', { user, verified: false });
    this.tell();
  }

  /** A list came with another account key than the known one. Takes it in where nobody had compared; else throws. */
  changed(list: DeviceList): Promise<void> {
    return this.alone(async () => {
      await this.read;
      const { is_verified } = await this.deps.vault.call('peer', { user: list.user_id });
      // Said before it is done: nothing may happen in between that is then never said.
      await this.note(list, is_verified ? 'held' : 'accepted');
      if (is_verified) throw new Held(list.user_id);
      await this.deps.vault.call('accept_account_key', { list });
    });
  }

  /** A list with the known key was taken in. */
  async learned(user: UserId): Promise<void> {
    await this.read;
    const change = this.heldOf(user);
    if (!change) return this.tell();
    await this.keep({ ...change, state: 'returned' });
    // Not waited for: whoever took the list in may be in the middle of opening boxes.
    void this.release(user);
  }

  /** Does something that needs these people's keys, and waits while one of them is held. */
  async patiently<T>(users: readonly UserId[], work: () => Promise<T>): Promise<T> {
    await this.read;
    const isHeld = () => users.some((user) => this.heldOf(user));
    for (;;) {
      while (isHeld()) await new Promise<void>((wake) => this.waiting.add(wake));
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Held && isHeld())) throw error;
      }
    }
  }

  /** Puts boxes aside that are from people who are held. The others are the caller's. */
  async putAside(items: readonly MailboxItem[]): Promise<readonly MailboxItem[]> {
    await this.read;
    const aside = items.filter(({ from }) => this.heldOf(from.user_id));
    if (aside.length > 0) await this.deps.kept.putHeldMail(aside);
    return aside;
  }

  /** Opens what was put aside, of people who are held no more. */
  async settle(): Promise<void> {
    await this.read;
    const { kept, receive } = this.deps;
    const isFree = ({ from }: MailboxItem) => !this.heldOf(from.user_id);
    const aside = (await kept.heldMail()).filter(isFree);
    if (aside.length === 0) return;
    await receive(aside);
    // Somebody's key may have changed once more meanwhile.
    await kept.dropHeldMail(aside.filter(isFree).map(({ id }) => id));
    this.channel.postMessage([...new Set(aside.map(({ conversation_id }) => conversation_id))]);
  }

  private async stands(user: UserId): Promise<Standing> {
    await this.read;
    const { vault } = this.deps;
    const peer = await vault.call('peer', { user });
    const changes = withoutEchoes(this.changes.filter(({ user_id }) => user_id === user));
    const held = this.heldOf(user);
    const { safety_number } = held ? await vault.call('number_with', { list: held.list }) : peer;
    return { safety_number, verified: peer.is_verified && !held, held: held !== null, changes };
  }

  private async decide(user: UserId, seen: string, then: () => Promise<boolean>): Promise<boolean> {
    const [done, released] = await this.alone(async () => {
      if ((await this.stands(user)).safety_number !== seen) return [false, false];
      const change = this.heldOf(user);
      if (change) {
        await this.deps.vault.call('accept_account_key', { list: change.list });
        await this.keep({ ...change, state: 'agreed' });
      }
      return [await then(), change !== null];
    });
    this.tell();
    if (released) await this.release(user);
    return done;
  }

  /** Goes on with what has waited for the person. */
  private async release(user: UserId): Promise<void> {
    this.wake();
    // What fails for lack of a network is done when there is one.
    await this.settle().catch((error: unknown) => console.warn(String(error)));
    await this.refresh(user);
  }

  private heldOf(user: UserId): KeyChange | null {
    const last = this.changes.findLast(({ user_id }) => user_id === user);
    return last?.state === 'held' ? last : null;
  }

  private async note(list: DeviceList, state: 'accepted' | 'held'): Promise<void> {
    const last = this.changes.findLast(({ user_id }) => user_id === list.user_id);
    const again = last?.state === state && last.list.account_key === list.account_key;
    const at = again ? last.at : new Date((this.deps.now ?? Date.now)()).toISOString();
    await this.keep({ user_id: list.user_id, at, state, list });
  }

  private async keep(change: KeyChange): Promise<void> {
    const { user_id, at } = change;
    const others = this.changes.filter((one) => one.user_id !== user_id || one.at !== at);
    this.changes = [...others, change].sort((a, b) => a.at.localeCompare(b.at));
    this.tell();
    await this.deps.kept.putKeyChange(change);
    this.channel.postMessage([]);
  }

  private async reload(): Promise<void> {
    this.changes = await this.deps.kept.keyChanges().catch(() => this.changes);
    this.wake();
    this.tell();
  }

  private wake(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  /** One decision after the other: what was looked at is what is decided about. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}

/** Two tabs may notice the same change at the same moment: it is one. */
function withoutEchoes(changes: readonly KeyChange[]): readonly KeyChange[] {
  return changes.filter((change, at) => {
    const next = changes[at + 1];
    return next?.list.account_key !== change.list.account_key || change.state === 'returned';
  });
}
