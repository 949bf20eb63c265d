// All conversations of this device: their logs in memory and on disk, and what is derived from them.
import type { CryptoEngine } from '../crypto/engine.ts';
import type { Conversation, ConversationId, Message, SyncedConversation, UserId } from '../gen/contract.ts';
import type { Api } from './api.ts';
import {
  firstSeq,
  raise,
  type Unread,
  unreadOf,
  type Watermark,
  type Watermarks,
  watermarkOf,
} from './derived.ts';
import { fold, type Item } from './fold.ts';
import { cursorOf, type Entry, emptyLog, gapOf, type Log, merge } from './log.ts';
import { type Draft, type OutboxItem, type Store, written } from './store.ts';

export interface ConversationState {
  readonly conversation: Conversation;
  readonly log: Log;
  readonly items: readonly Item[];
  readonly marks: Watermarks;
  readonly unread: Unread;
  readonly outbox: readonly OutboxItem[];
  readonly draft: Draft | null;
  readonly typing: readonly UserId[];
  readonly loadingOlder: boolean;
}

export type States = ReadonlyMap<ConversationId, ConversationState>;

export interface ConversationsDeps {
  readonly me: UserId;
  readonly store: Store;
  readonly crypto: CryptoEngine;
  readonly api: Pick<Api, 'page' | 'conversation'>;
  readonly changed: (states: States) => void;
  /** New entries are kept on this device. */
  readonly arrived: (id: ConversationId, entries: readonly Entry[]) => void;
}

const TAIL = 60;
const PAGE = 100;
const RETRY_OLDER_MS = 3_000;
/** Further behind than this, a conversation starts anew at its end and is paged backwards. */
const TOO_FAR = 1_000;

export class Conversations {
  private states: States = new Map();
  private readonly turns = new Map<ConversationId, Promise<void>>();
  private readonly healing = new Map<ConversationId, Promise<void>>();
  private readonly adopting = new Map<ConversationId, Promise<void>>();

  constructor(private readonly deps: ConversationsDeps) {}

  get(id: ConversationId): ConversationState | undefined {
    return this.states.get(id);
  }

  ids(): readonly ConversationId[] {
    return [...this.states.keys()];
  }

  heads(): Record<ConversationId, number> {
    return Object.fromEntries([...this.states].map(([id, { log }]) => [id, cursorOf(log)]));
  }

  /** Brings back what an earlier visit kept. */
  async load(): Promise<void> {
    const { store, me } = this.deps;
    const [conversations, marks, drafts] = await Promise.all([
      store.conversations(),
      store.watermarks(),
      store.drafts(),
    ]);
    const tails = await Promise.all(
      conversations.map(({ id }) => store.entriesBefore(id, Number.POSITIVE_INFINITY, TAIL)),
    );
    const states = new Map(this.states);
    conversations.forEach((conversation, at) => {
      let known: Watermarks = {};
      for (const mark of marks)
        if (mark.conversation_id === conversation.id) known = raise(known, mark.user_id, mark);
      const tail = tails[at] ?? [];
      const log = merge(emptyLog((tail[0]?.message.seq ?? 1) - 1), tail);
      const kept = drafts.find((one) => one.conversation_id === conversation.id);
      const draft = kept ? { text: kept.text, reply_to: kept.reply_to, editing: kept.editing } : null;
      states.set(conversation.id, derive({ ...fresh(conversation, log), marks: known, draft }, me));
    });
    this.publish(states);
    for (const id of states.keys()) this.reopen(id);
  }

  /** Takes one conversation's part of a sync answer. */
  async synced({ conversation, messages, receipts, has_more }: SyncedConversation): Promise<void> {
    const { id } = conversation;
    const known = this.states.get(id);
    this.put(conversation, emptyLog((messages[0]?.seq ?? conversation.head_seq + 1) - 1));
    for (const { user_id, ...mark } of receipts) this.raise(id, user_id, mark);
    if (!known || !has_more) return this.ingest(id, messages);
    if (conversation.head_seq - cursorOf(known.log) > TOO_FAR) return this.restart(id);
    await this.ingest(id, messages);
    await this.catchUp(id, conversation.head_seq);
  }

  /** Takes what the server says about a conversation, and asks for its newest page where it is new here. */
  async upsert(conversation: Conversation): Promise<void> {
    const known = this.states.has(conversation.id);
    this.put(conversation, emptyLog(conversation.head_seq));
    if (!known && conversation.head_seq > 0) await this.restart(conversation.id);
  }

  async remove(id: ConversationId): Promise<void> {
    const states = new Map(this.states);
    if (!states.delete(id)) return;
    this.publish(states);
    await this.deps.store.removeConversation(id);
  }

  /** A live entry, perhaps of a conversation that is not known here yet. */
  async hear(message: Message): Promise<void> {
    const id = message.conversation_id;
    if (!this.states.has(id))
      await once(this.adopting, id, async () => this.upsert(await this.deps.api.conversation(id)));
    await this.ingest(id, [message]);
    if (this.hasHole(id)) await this.catchUp(id, message.seq);
  }

  /** Tries once more what could not be read: its key may be here now. */
  reopen(id: ConversationId): void {
    const unread =
      this.states.get(id)?.log.entries.filter((entry) => !entry.content && entry.message.envelope) ?? [];
    if (unread.length === 0) return;
    this.ingest(
      id,
      unread.map(({ message }) => message),
    ).catch(() => undefined);
  }

  /** Something before the newest entry is missing. It may stay so for a moment: right after a failover, a server can show
   * less than it has told. */
  hasHole(id: ConversationId): boolean {
    const state = this.states.get(id);
    return state !== undefined && gapOf(state.log) !== null;
  }

  /** Fills holes and fetches what is missing up to `head`, as far as the server shows it. */
  catchUp(id: ConversationId, head: number): Promise<void> {
    return once(this.healing, id, async () => {
      for (let state = this.states.get(id); state; state = this.states.get(id)) {
        const cursor = cursorOf(state.log);
        if (cursor >= head && !gapOf(state.log)) return;
        const page = await this.deps.api.page(id, { after_seq: cursor });
        await this.ingest(id, page.messages);
        const after = this.states.get(id);
        if (!after || cursorOf(after.log) === cursor) return;
      }
    });
  }

  /** Loads what is before the first entry in memory: from disk, else from the server. */
  async loadOlder(id: ConversationId): Promise<void> {
    const state = this.states.get(id);
    if (!state || state.loadingOlder || state.log.floor <= firstSeq(state.conversation)) return;
    this.change(id, { loadingOlder: true });
    try {
      const { floor } = state.log;
      const kept = await this.deps.store.entriesBefore(id, floor, PAGE);
      if (kept.length > 0) {
        this.change(id, (now) => ({ log: merge(now.log, kept) }));
        // Their keys may have come since they were kept.
        this.reopen(id);
      } else await this.ingest(id, (await this.deps.api.page(id, { before_seq: floor })).messages);
    } catch (error) {
      // Whoever stands at the top asks again and again: not faster than this.
      await new Promise((wake) => setTimeout(wake, RETRY_OLDER_MS));
      throw error;
    } finally {
      this.change(id, { loadingOlder: false });
    }
  }

  raise(id: ConversationId, user: UserId, to: Partial<Watermark>): boolean {
    const state = this.states.get(id);
    if (!state) return false;
    const marks = raise(state.marks, user, to);
    if (marks === state.marks) return false;
    this.change(id, { marks });
    written(this.deps.store.putWatermark(id, user, watermarkOf(marks, user)));
    return true;
  }

  change(
    id: ConversationId,
    how: Partial<ConversationState> | ((now: ConversationState) => Partial<ConversationState>),
  ): void {
    const now = this.states.get(id);
    if (!now) return;
    const next = { ...now, ...(typeof how === 'function' ? how(now) : how) };
    this.publish(new Map(this.states).set(id, derive(next, this.deps.me, now)));
  }

  private put(conversation: Conversation, log: Log): void {
    const { id, my, members } = conversation;
    const known = this.states.get(id);
    if (known) this.change(id, { conversation });
    else this.publish(new Map(this.states).set(id, derive(fresh(conversation, log), this.deps.me)));
    written(this.deps.store.putConversation(conversation));
    this.raise(id, this.deps.me, my);
    for (const member of members) this.raise(id, member.user.id, member);
  }

  private async restart(id: ConversationId): Promise<void> {
    const page = await this.deps.api.page(id, {});
    const first = page.messages[0];
    if (!first) return;
    this.change(id, ({ log }) =>
      cursorOf(log) < first.seq - 1 || log.entries.length === 0 ? { log: emptyLog(first.seq - 1) } : {},
    );
    await this.ingest(id, page.messages);
  }

  /** Opens, merges, keeps, then shows; one batch at a time in each conversation. */
  private ingest(id: ConversationId, messages: readonly Message[]): Promise<void> {
    const mine = (this.turns.get(id) ?? Promise.resolve()).then(() => this.take(id, messages));
    this.turns.set(
      id,
      mine.catch(() => undefined),
    );
    return mine;
  }

  private async take(id: ConversationId, messages: readonly Message[]): Promise<void> {
    const { crypto, store, arrived } = this.deps;
    const contents = await crypto.open(messages);
    const before = this.states.get(id)?.log;
    if (!before) return;
    const incoming = messages.map((message, at) => ({ message, content: contents[at] ?? null }));
    const after = merge(before, incoming);
    if (after === before) return;
    const news = after.entries.filter((entry) => before.entries[entry.message.seq - before.floor] !== entry);
    await store.putEntries(news);
    const retracted = [...after.retracted].filter((one) => !before.retracted.has(one));
    if (retracted.length > 0) await store.purge(retracted);
    this.change(id, (now) => ({ log: now.log === before ? after : merge(now.log, incoming) }));
    arrived(id, news);
  }

  private publish(states: States): void {
    this.states = states;
    this.deps.changed(states);
  }
}

function fresh(conversation: Conversation, log: Log): ConversationState {
  const nothing = {
    items: [],
    marks: {},
    unread: { count: 0, more: false },
    outbox: [],
    draft: null,
    typing: [],
  };
  return { conversation, log, ...nothing, loadingOlder: false };
}

/** Recomputes what follows from log, outbox and watermarks, and only when one of them changed. */
function derive(state: ConversationState, me: UserId, before?: ConversationState): ConversationState {
  const sameItems = before && before.log === state.log && before.outbox === state.outbox;
  const items = sameItems ? before.items : fold(state.log.entries, state.outbox, me);
  if (sameItems && before.marks === state.marks) return state;
  return {
    ...state,
    items,
    unread: unreadOf(items, state.log.floor, watermarkOf(state.marks, me).read_seq, me),
  };
}

/** Runs one piece of work per key at a time; whoever comes meanwhile waits for the same one. */
function once<K>(running: Map<K, Promise<void>>, key: K, work: () => Promise<void>): Promise<void> {
  const now = running.get(key);
  if (now) return now;
  const mine = work().finally(() => running.delete(key));
  running.set(key, mine);
  return mine;
}
