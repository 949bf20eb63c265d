// Tells the server how far this device has come in each conversation: coalesced, repeated after a reconnect, only upward.
import type { ConversationId } from '../gen/contract.ts';
import type { Watermark } from './derived.ts';
import { Refused } from './problem.ts';

export interface ReceiptDeps {
  /** Where this device stands now. */
  readonly stand: (id: ConversationId) => Watermark | null;
  readonly send: (id: ConversationId, mark: Watermark) => Promise<unknown>;
}

const TOGETHER_MS = 100;

export class Receipts {
  private readonly told = new Map<ConversationId, Watermark>();
  private readonly dirty = new Set<ConversationId>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private open = false;

  constructor(private readonly deps: ReceiptDeps) {}

  /** What the server says it knows. */
  known(id: ConversationId, mark: Watermark): void {
    const old = this.told.get(id);
    this.told.set(id, {
      delivered_seq: Math.max(old?.delivered_seq ?? 0, mark.delivered_seq),
      read_seq: Math.max(old?.read_seq ?? 0, mark.read_seq),
    });
  }

  /** This device came further. */
  moved(id: ConversationId): void {
    this.dirty.add(id);
    this.timer ??= setTimeout(() => this.flush(), TOGETHER_MS);
  }

  setOpen(open: boolean): void {
    this.open = open;
    if (open) this.flush();
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.open = false;
  }

  private flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (!this.open) return;
    for (const id of this.dirty) void this.tell(id);
  }

  private async tell(id: ConversationId): Promise<void> {
    this.dirty.delete(id);
    const stand = this.deps.stand(id);
    const told = this.told.get(id) ?? { delivered_seq: 0, read_seq: 0 };
    if (!stand || (stand.delivered_seq <= told.delivered_seq && stand.read_seq <= told.read_seq)) return;
    try {
      await this.deps.send(id, stand);
      this.known(id, stand);
    } catch (error) {
      // What was refused for good is not said again; what was lost is, with the next connection.
      if (!(error instanceof Refused) || error.passing) this.dirty.add(id);
    }
  }
}
