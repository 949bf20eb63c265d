// What a screen sees of the engine: one immutable snapshot, and word when it is replaced.
import type { CryptoEngine } from '../crypto/engine.ts';
import type { Presence, User, UserId } from '../gen/contract.ts';
import type { Reach } from './connection.ts';
import type { States } from './conversations.ts';

export interface Snapshot {
  /** What this device kept has been read. */
  readonly loaded: boolean;
  readonly reach: Reach | 'syncing';
  readonly me: User;
  readonly protection: CryptoEngine['protection'];
  /** Whether this device can read and write sealed messages. */
  readonly linked: boolean;
  /** Since when this device can be written to, in milliseconds since 1970. */
  readonly since: number;
  readonly states: States;
  readonly presence: ReadonlyMap<UserId, Presence>;
  readonly blocked: ReadonlySet<UserId>;
  /** People who are members of nothing that this device sees, as far as somebody asked for them. */
  readonly people: ReadonlyMap<UserId, User>;
  /** How many messages wait for the network. */
  readonly waiting: number;
}

export class Board {
  private snapshot: Snapshot;
  private readonly listeners = new Set<() => void>();
  private telling = false;

  constructor(me: User, protection: CryptoEngine['protection']) {
    const nothing = {
      states: new Map(),
      presence: new Map(),
      blocked: new Set<UserId>(),
      people: new Map(),
      waiting: 0,
    };
    this.snapshot = {
      loaded: false,
      reach: 'connecting',
      me,
      protection,
      linked: true,
      since: 0,
      ...nothing,
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): Snapshot => this.snapshot;

  /** Changes are told together, at the end of the running task. */
  show(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    if (this.telling) return;
    this.telling = true;
    queueMicrotask(() => {
      this.telling = false;
      for (const listener of this.listeners) listener();
    });
  }
}
