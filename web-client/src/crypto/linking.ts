// Linking a new device: it shows a code, which the person types on a linked one; both show two digits, and the keys go over.
//
//   new:     none ──start──▶ waiting ──first──▶ comparing ──secrets──▶ done
//   linked:  none ──type──▶ asking ──key that fits──▶ comparing ──confirm──▶ done
import type { DeviceId, LinkEvent } from '../gen/contract.ts';
import { type Vault, VaultRefused } from './vault.ts';

export type LinkState =
  | { readonly kind: 'none' }
  | { readonly kind: 'waiting'; readonly code: string }
  | { readonly kind: 'asking' }
  | { readonly kind: 'comparing'; readonly digits: string; readonly side: 'new' | 'linked' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly why: 'no-device' | 'refused' | 'offline' };

/** What devices say to each other; the server carries it unread. */
type Step =
  | { readonly step: 'who' }
  | { readonly step: 'key'; readonly key: string }
  | { readonly step: 'first'; readonly first: string }
  | { readonly step: 'secrets'; readonly sealed: string };

export interface LinkingDeps {
  readonly me: DeviceId;
  readonly vault: Vault;
  /** What this device has to do before it hands its keys over. */
  readonly before: () => Promise<void>;
  /** This device has the account's keys now. */
  readonly linked: () => Promise<void>;
}

const ANSWER_WITHIN_MS = 5_000;

export class Linking {
  private state: LinkState = { kind: 'none' };
  private readonly listeners = new Set<() => void>();
  private say: (body: string, to?: DeviceId) => Promise<void> = () => Promise.reject(new Error('offline'));
  private key = '';
  private typed = '';
  private other: DeviceId | null = null;
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly deps: LinkingDeps) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): LinkState => this.state;

  /** The way to the other devices. */
  attach(say: (body: string, to?: DeviceId) => Promise<void>): void {
    this.say = say;
  }

  /** On a new device. */
  async start(): Promise<void> {
    const { key, code } = await this.deps.vault.call('link_start', {});
    this.key = key;
    this.other = null;
    this.show({ kind: 'waiting', code });
    await this.tell({ step: 'key', key }).catch(() => undefined);
  }

  /** On a linked device: the person typed what the new one shows. */
  async type(code: string): Promise<void> {
    this.typed = code;
    this.other = null;
    this.show({ kind: 'asking' });
    try {
      await this.tell({ step: 'who' });
    } catch {
      this.show({ kind: 'failed', why: 'offline' });
      return;
    }
    setTimeout(
      () => this.state.kind === 'asking' && this.show({ kind: 'failed', why: 'no-device' }),
      ANSWER_WITHIN_MS,
    );
  }

  /** On a linked device: the person said that the digits are the same. */
  async confirm(): Promise<void> {
    if (this.state.kind !== 'comparing' || !this.other) return;
    // What the backup lacks, the new device would.
    await this.deps.before().catch(() => undefined);
    const { sealed } = await this.deps.vault.call('link_hand_over', {});
    await this.tell({ step: 'secrets', sealed }, this.other);
    this.show({ kind: 'done' });
  }

  /** Begins anew. */
  reset(): void {
    this.show({ kind: 'none' });
  }

  /** One step after the other. */
  heard(event: LinkEvent): void {
    if (event.from === this.deps.me || (event.to && event.to !== this.deps.me)) return;
    this.turn = this.turn
      .then(() => this.take(event))
      .catch((error: unknown) => {
        if (error instanceof VaultRefused) this.show({ kind: 'failed', why: 'refused' });
        else console.warn(error);
      });
  }

  private async take({ from, body }: LinkEvent): Promise<void> {
    const step = JSON.parse(body) as Step;
    const { vault, linked } = this.deps;
    if (step.step === 'who' && this.state.kind === 'waiting') {
      await this.tell({ step: 'key', key: this.key }, from);
    } else if (step.step === 'key' && this.state.kind === 'asking') {
      await this.scan(step.key, from);
    } else if (step.step === 'first' && this.state.kind === 'waiting') {
      const { digits } = await vault.call('link_accept', { first: step.first });
      this.other = from;
      this.show({ kind: 'comparing', digits, side: 'new' });
    } else if (step.step === 'secrets' && this.state.kind === 'comparing' && from === this.other) {
      await vault.call('link_take_over', { sealed: step.sealed });
      this.show({ kind: 'done' });
      await linked();
    }
  }

  private async scan(key: string, from: DeviceId): Promise<void> {
    try {
      const { first, digits } = await this.deps.vault.call('link_scan', { key, code: this.typed });
      this.other = from;
      await this.tell({ step: 'first', first }, from);
      this.show({ kind: 'comparing', digits, side: 'linked' });
    } catch (error) {
      // Another new device of this person: the one that is meant may answer still.
      if (!(error instanceof VaultRefused)) throw error;
    }
  }

  private tell(step: Step, to?: DeviceId): Promise<void> {
    return this.say(JSON.stringify(step), to);
  }

  private show(state: LinkState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
