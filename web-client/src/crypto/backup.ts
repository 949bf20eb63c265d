// The backup: sealed parts with the keys to messages, and the locks that open them. It writes itself while it is on.
//
//   unknown ──asked──▶ none ──key shown and saved──▶ on
//                       └── the account's key is out of reach ──▶ locked ──recovery key or passphrase──▶ on
import type { Backup as Head, PutBackup, PutBackupPart } from '../gen/contract.ts';
import { Refused } from '../sync/problem.ts';
import { type Vault, VaultRefused } from './vault.ts';

export interface BackupApi {
  find(): Promise<Head | null>;
  put(head: PutBackup): Promise<void>;
  part(number: number): Promise<string>;
  putPart(number: number, part: PutBackupPart): Promise<void>;
  remove(): Promise<void>;
}

export type BackupState =
  | { readonly kind: 'unknown' }
  /** There is none: whoever loses this device loses what was said. */
  | { readonly kind: 'none' }
  | { readonly kind: 'on'; readonly at: number | null; readonly passphrase: boolean }
  /** There is one under keys that nobody has any more. */
  | { readonly kind: 'unreadable' }
  /** There is one, and this device has to be let in. */
  | { readonly kind: 'locked'; readonly recovery: boolean; readonly passphrase: boolean };

export type Opener = { readonly recovery: string } | { readonly passphrase: string };

interface BackupDeps {
  readonly vault: Vault;
  readonly api: BackupApi;
  /** Keys came: something may open now. */
  readonly restored: () => void;
  /** This device has the account's keys now. */
  readonly linked: () => Promise<void>;
}

/** How many keys go into one part. */
const MOST_KEYS = 400;
const WRITE_AFTER_MS = 5_000;
const TRIES = 5;

export class Backup {
  private state: BackupState = { kind: 'unknown' };
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly deps: BackupDeps) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): BackupState => this.state;

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  /** Looks what there is, and takes in what other devices wrote. */
  look(linked: boolean): Promise<void> {
    return this.alone(async () => {
      const head = await this.deps.api.find();
      if (!head) return this.show({ kind: 'none' });
      if (!linked)
        return this.show({
          kind: 'locked',
          recovery: head.recovery !== undefined,
          passphrase: head.passphrase !== undefined,
        });
      try {
        await this.takeIn(head);
      } catch (error) {
        if (!(error instanceof VaultRefused)) throw error;
        console.warn(error.message);
        return this.show({ kind: 'unreadable' });
      }
      this.on(head);
    });
  }

  /** Something new may be worth keeping. */
  later(): void {
    if (this.state.kind !== 'on') return;
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.flush().catch(() => undefined);
    }, WRITE_AFTER_MS);
  }

  /** Writes what is not in the backup yet. */
  flush(): Promise<void> {
    return this.alone(async () => {
      for (let left = TRIES; left > 0; left -= 1) if (await this.writeOne()) return;
    });
  }

  /** A fresh recovery key, to be shown. Nothing is locked with it yet. */
  async newKey(): Promise<string> {
    return (await this.deps.vault.call('new_recovery_key', {})).recovery_key;
  }

  /** The person has it in a safe place: from now on this opens the backup. The other way stays as it is. */
  async lock(opener: Opener): Promise<void> {
    const { lock } = await this.deps.vault.call('lock', opener);
    if (this.state.kind === 'unreadable') await this.forget();
    await this.alone(async () => {
      const head = await this.deps.api.find();
      const locks = {
        ...(head?.recovery ? { recovery: head.recovery } : {}),
        ...(head?.passphrase ? { passphrase: head.passphrase } : {}),
        ['recovery' in opener ? 'recovery' : 'passphrase']: JSON.stringify(lock),
      };
      const version = (head?.version ?? 0) + 1;
      await this.deps.api.put({ version, ...locks });
      this.on({ version, parts: head?.parts ?? 0, ...locks });
    });
    await this.flush();
  }

  /** Lets this device in; false where that does not open it. */
  async unlock(opener: Opener): Promise<boolean> {
    const head = await this.deps.api.find();
    const lock = 'recovery' in opener ? head?.recovery : head?.passphrase;
    if (!lock) return false;
    try {
      await this.deps.vault.call('unlock', { lock: JSON.parse(lock), ...opener });
    } catch (error) {
      if (error instanceof VaultRefused) return false;
      throw error;
    }
    await this.deps.linked();
    return true;
  }

  /** The account began anew: what is there opens no more. */
  async forget(): Promise<void> {
    await this.deps.api.remove();
    await this.deps.vault.call('backup_at', { seen: 0, last: null, version: 0 });
    this.show({ kind: 'none' });
  }

  /** True once there is nothing more to write. */
  private async writeOne(): Promise<boolean> {
    const { vault, api } = this.deps;
    const { names, last } = await vault.call('pending', { limit: MOST_KEYS });
    if (names.length === 0) return true;
    const head = await api.find();
    if (!head) {
      this.show({ kind: 'none' });
      return true;
    }
    await this.takeIn(head);
    // The last part grows as long as it is this device's own, and small.
    const grows = last && last.number === head.parts - 1 && last.names.length + names.length <= MOST_KEYS;
    const number = grows ? last.number : head.parts;
    const all = grows ? [...last.names, ...names] : names;
    const version = head.version + 1;
    const { part } = await vault.call('back_up', { number, names: all });
    try {
      await api.putPart(number, { version, part });
    } catch (error) {
      // Another device wrote meanwhile.
      if (error instanceof Refused && error.problem.code === 'stale_version') return false;
      throw error;
    }
    await vault.call('backed_up', { names });
    await vault.call('backup_at', { seen: number + 1, last: { number, names: all }, version });
    this.on(head);
    return names.length < MOST_KEYS;
  }

  /** Takes in what is new since the last time; the last part of then may have grown. */
  private async takeIn(head: Head): Promise<void> {
    const { vault, api, restored } = this.deps;
    const { seen, last, version } = await vault.call('pending', { limit: 0 });
    if (head.version === version) return;
    const isOwn = (number: number) => last?.number === number;
    let came = false;
    for (let number = Math.max(0, seen - 1); number < head.parts; number += 1) {
      if (isOwn(number)) continue;
      await vault.call('restore', { number, sealed: await api.part(number) });
      came = true;
    }
    await vault.call('backup_at', { seen: head.parts, last, version: head.version });
    if (came) restored();
  }

  private on(head: Head): void {
    this.show({ kind: 'on', at: Date.now(), passphrase: head.passphrase !== undefined });
    this.later();
  }

  /** One after the other. */
  private alone(work: () => Promise<void>): Promise<void> {
    const mine = this.running.then(work);
    this.running = mine.catch(() => undefined);
    return mine;
  }

  private show(state: BackupState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
