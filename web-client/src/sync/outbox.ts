// What was said on this device and is not in the log yet: kept through reloads, sent in order, each with its one id.
//
//   waiting ──sent──▶ accepted ──seen in the log──▶ (gone)
//      │ ▲
//      ▼ │ retry
//    failed          (the server refuses for good)
import type { ConversationId, MessageId } from '../gen/contract.ts';
import { Refused, SignedOut, Unreachable } from './problem.ts';
import type { OutboxItem, Store } from './store.ts';

export interface OutboxDeps {
  readonly store: Store;
  /** Seals and sends one item; resolves when the server accepted it. */
  readonly send: (item: OutboxItem) => Promise<void>;
  /** Called with every conversation whose items changed. */
  readonly changed: (id: ConversationId) => void;
  /** Tells the other tabs. */
  readonly announce: () => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export class Outbox {
  private items: readonly OutboxItem[] = [];
  private owner = false;
  private open = false;
  private turn: Promise<void> = Promise.resolve();
  private readonly lanes = new Set<ConversationId>();
  private readonly pauses = new Map<ConversationId, ReturnType<typeof setTimeout>>();
  private readonly failures = new Map<ConversationId, number>();

  constructor(private readonly deps: OutboxDeps) {}

  of(id: ConversationId): readonly OutboxItem[] {
    return this.items.filter((item) => item.conversation_id === id);
  }

  get conversations(): readonly ConversationId[] {
    return [...new Set(this.items.map((item) => item.conversation_id))];
  }

  get waiting(): number {
    return this.items.filter((item) => item.state === 'waiting').length;
  }

  /** Reads what is kept: at the start, and when another tab changed it. */
  async reload(): Promise<void> {
    await this.inTurn(async () => {
      const before = this.conversations;
      const kept = await this.deps.store.outbox();
      this.items = [...kept, ...this.items.filter((item) => item.place === undefined)];
      for (const id of new Set([...before, ...this.conversations])) this.deps.changed(id);
    });
    this.flush();
  }

  /** From now on this tab is the one that sends. */
  own(): void {
    this.owner = true;
    void this.reload();
  }

  /** Opens or closes the way to the server. */
  setOpen(open: boolean): void {
    this.open = open;
    for (const pause of this.pauses.values()) clearTimeout(pause);
    this.pauses.clear();
    this.failures.clear();
    if (open) this.flush();
  }

  stop(): void {
    this.owner = false;
    this.setOpen(false);
  }

  async add(item: OutboxItem): Promise<void> {
    // Shown at once, kept before it is sent.
    this.items = [...this.items, item];
    this.deps.changed(item.conversation_id);
    await this.inTurn(async () => {
      // Without storage it is still sent; it only does not survive a reload.
      const kept = await this.deps.store.addToOutbox(item).catch(() => ({ ...item, place: 0 }));
      this.items = this.items.map((one) => (one.id === item.id ? kept : one));
    });
    this.deps.announce();
    this.flush();
  }

  async retry(id: MessageId): Promise<void> {
    await this.change(id, { state: 'waiting', problem: null });
    this.flush();
  }

  /** Drops items: the log holds them now, or the person gave them up. */
  async remove(ids: readonly MessageId[]): Promise<void> {
    const gone = this.items.filter((item) => ids.includes(item.id));
    if (gone.length === 0) return;
    await this.inTurn(async () => {
      await this.deps.store.removeFromOutbox(ids);
      this.items = this.items.filter((item) => !ids.includes(item.id));
    });
    for (const id of new Set(gone.map((item) => item.conversation_id))) this.deps.changed(id);
    this.deps.announce();
  }

  private flush(): void {
    if (!this.owner || !this.open) return;
    for (const id of this.conversations) void this.runLane(id);
  }

  /** One conversation's items, one after the other, so that their order is the server's order too. */
  private async runLane(id: ConversationId): Promise<void> {
    if (this.lanes.has(id) || this.pauses.has(id)) return;
    this.lanes.add(id);
    try {
      for (let item = this.nextIn(id); item; item = this.nextIn(id)) await this.sendOne(item);
      this.failures.delete(id);
    } catch (error) {
      this.pauseLane(id, error);
    } finally {
      this.lanes.delete(id);
    }
  }

  private nextIn(id: ConversationId): OutboxItem | undefined {
    if (!this.owner || !this.open) return undefined;
    // Without a place it is not on disk yet; `add` will call again.
    const item = this.items.find((one) => one.conversation_id === id && one.state === 'waiting');
    return item?.place === undefined ? undefined : item;
  }

  private async sendOne(item: OutboxItem): Promise<void> {
    try {
      await this.deps.send(item);
    } catch (error) {
      if (!(error instanceof Refused) || error.passing) throw error;
      await this.change(item.id, { state: 'failed', problem: error.problem });
      return;
    }
    await this.change(item.id, { state: 'accepted' });
  }

  private pauseLane(id: ConversationId, error: unknown): void {
    if (!this.open || error instanceof SignedOut) return;
    if (!(error instanceof Refused) && !(error instanceof Unreachable)) console.error(error);
    const failures = this.failures.get(id) ?? 0;
    this.failures.set(id, failures + 1);
    const grown = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.75 + Math.random() / 2);
    const asked = error instanceof Refused ? error.retryAfterMs : null;
    const pause = setTimeout(() => {
      this.pauses.delete(id);
      void this.runLane(id);
    }, asked ?? grown);
    this.pauses.set(id, pause);
  }

  private async change(id: MessageId, change: Partial<OutboxItem>): Promise<void> {
    const item = this.items.find((one) => one.id === id);
    if (!item) return;
    await this.inTurn(async () => {
      await this.deps.store.changeOutbox(id, change);
      this.items = this.items.map((one) => (one.id === id ? { ...one, ...change } : one));
    });
    this.deps.changed(item.conversation_id);
    this.deps.announce();
  }

  /** Disk and memory change together, one step at a time. */
  private inTurn(step: () => Promise<void>): Promise<void> {
    const mine = this.turn.then(step);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}
