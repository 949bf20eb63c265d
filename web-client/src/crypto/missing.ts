// Messages whose key has not come: first one waits, then one looks wherever it could be, then one asks whoever said them.
import type { Address, ConversationId, KeysHealth, Message, MessageId, UserId } from '../gen/contract.ts';
import { type Vault, VaultRefused } from './vault.ts';

interface MissingDeps {
  readonly vault: Vault;
  /** Reads the mailbox and the backup once more. */
  readonly look: () => Promise<void>;
  /** Begins with every device of these people. */
  readonly reach: (users: readonly UserId[]) => Promise<void>;
  /** Posts the boxes that wait. */
  readonly post: () => Promise<void>;
  /** Tells the operator's metrics, in numbers alone. */
  readonly report: (health: KeysHealth) => Promise<void>;
  /** Tries these once more. */
  readonly readable: (conversations: ReadonlySet<ConversationId>) => void;
}

/** How long a key may be on its way. */
const PATIENCE_MS = 60_000;
/** Clocks differ: what is a little older than this device may be for it all the same. */
const LENIENCE_MS = 5 * 60_000;

/** How many times as long it pauses at most, where nothing comes of it. */
const LONGEST_PAUSE = 30;

interface Lack {
  readonly from: Address;
  readonly conversation: ConversationId;
}

export class Missing {
  private readonly lacking = new Map<MessageId, Lack>();
  private readonly asked = new Set<MessageId>();
  private pauseMs: number;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly deps: MissingDeps,
    private readonly patienceMs: number = PATIENCE_MS,
  ) {
    this.pauseMs = patienceMs;
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  /** It does not open, though nothing is wrong with it. */
  async note(messages: readonly Message[]): Promise<void> {
    const { at } = await this.deps.vault.call('since', {});
    for (const { id, sender_id, sender_device_id, conversation_id, sent_at } of messages) {
      // What was said before this device was there was not said to it.
      if (Date.parse(sent_at) < at - LENIENCE_MS || this.asked.has(id)) continue;
      const from = { user_id: sender_id, device_id: sender_device_id };
      this.lacking.set(id, { from, conversation: conversation_id });
    }
    if (this.lacking.size > 0) this.timer ??= setTimeout(() => void this.seek(), this.patienceMs);
  }

  opened(id: MessageId): void {
    this.lacking.delete(id);
    // What one asked for has come.
    if (this.asked.delete(id)) this.tell({ undecryptable: 0, repaired: 1 });
  }

  private tell(health: KeysHealth): void {
    this.deps.report(health).catch(() => undefined);
  }

  /** What fails for lack of a network is tried again. The timer stays meanwhile: what is noted now is sought with it. */
  private async seek(): Promise<void> {
    const before = new Set([...this.lacking.values()].map(({ conversation }) => conversation));
    await this.deps.look().catch((error: unknown) => console.warn(String(error)));
    this.deps.readable(before);
    await new Promise((wake) => setTimeout(wake, this.patienceMs / 60));
    await this.ask().catch((error: unknown) => console.warn(String(error)));
    const isDone = this.lacking.size === 0;
    this.pauseMs = isDone ? this.patienceMs : Math.min(2 * this.pauseMs, LONGEST_PAUSE * this.patienceMs);
    this.timer = isDone ? null : setTimeout(() => void this.seek(), this.pauseMs);
  }

  /** Asks each device for all that is missing of what it said; each message once. */
  private async ask(): Promise<void> {
    const { vault, reach, post } = this.deps;
    for (const { from, conversation } of [...this.lacking.values()]) {
      const isHere = (lack: Lack) =>
        lack.from.device_id === from.device_id && lack.conversation === conversation;
      const messages = [...this.lacking].filter(([, lack]) => isHere(lack)).map(([id]) => id);
      if (messages.length === 0) continue;
      try {
        await reach([from.user_id]);
        await vault.call('ask_again', { device: from, conversation, messages, claimed: null });
      } catch (error) {
        // Of a device that is gone there is nobody to ask.
        if (!(error instanceof VaultRefused)) throw error;
      }
      for (const id of messages) {
        this.asked.add(id);
        this.lacking.delete(id);
      }
      this.tell({ undecryptable: messages.length, repaired: 0 });
    }
    await post();
  }
}
