// The engine of the client, without React: everything a screen shows is its snapshot, everything a person does its command.
//
//   loading ──disk read──▶ offline/connecting ──ready──▶ syncing ──/sync answered──▶ online
//                                 ▲                                                    │
//                                 └──────────────────── line lost ─────────────────────┘
import type { CryptoEngine } from '../crypto/engine.ts';
import type { ConversationId, MessageId, User, UserId } from '../gen/contract.ts';
import type { Api } from './api.ts';
import { CatchUp } from './catch-up.ts';
import { Connection, type Reach } from './connection.ts';
import { Conversations } from './conversations.ts';
import { watermarkOf } from './derived.ts';
import { Groups } from './groups.ts';
import { PresenceWatch, TypingIn, TypingOut } from './liveness.ts';
import type { Locks } from './locks.ts';
import { cursorOf, type Entry } from './log.ts';
import { Looks } from './looks.ts';
import { Mailroom } from './mailroom.ts';
import { Outbox } from './outbox.ts';
import { PeopleBook } from './people-book.ts';
import { Receipts } from './receipts.ts';
import { newItem, sendItem, type ToSay } from './sending.ts';
import type { Session } from './session.ts';
import { Board, type Snapshot } from './snapshot.ts';
import { CALL, type OpenLine, type ServerEvent } from './socket.ts';
import { type Draft, type Hit, type OutboxItem, type Store, written } from './store.ts';

export interface EngineDeps {
  readonly me: User;
  readonly session: Pick<Session, 'token' | 'end'>;
  readonly api: Api;
  readonly store: Store;
  readonly crypto: CryptoEngine;
  readonly openLine: OpenLine;
  readonly locks: Locks;
  readonly signedOut: () => void;
  /** Someone else's new message, for notifications and the live region. */
  readonly heard?: (entry: Entry) => void;
}

const LOOK_AFTER_ACCEPT_MS = 2_000;

export class Engine {
  readonly linking: CryptoEngine['linking'];
  readonly backup: CryptoEngine['backup'];
  readonly groups: Groups;
  readonly people: PeopleBook;
  readonly trust: CryptoEngine['trust'];
  private readonly board: Board;
  private readonly stopped = new AbortController();
  private readonly channel: BroadcastChannel;
  private readonly conversations: Conversations;
  private readonly outbox: Outbox;
  private readonly looks: Looks;
  private readonly mailroom: Mailroom;
  private readonly connection: Connection;
  private readonly receipts: Receipts;
  private readonly typingIn: TypingIn;
  private readonly typingOut: TypingOut;
  private readonly presence: PresenceWatch;
  private readonly catchUp: CatchUp;

  constructor(private readonly deps: EngineDeps) {
    const { me, store, crypto, api, session, openLine } = deps;
    this.linking = crypto.linking;
    this.backup = crypto.backup;
    this.trust = crypto.trust;
    this.board = new Board(me, crypto.protection);
    this.people = new PeopleBook(api, (people) => this.show({ people }));
    this.channel = new BroadcastChannel(`sotto-${me.id}`);
    this.conversations = new Conversations({
      me: me.id,
      store,
      crypto,
      api,
      changed: (states) => this.show({ states }),
      arrived: (id, entries) => this.arrived(id, entries),
    });
    this.groups = new Groups({ me: me.id, api, crypto, conversations: this.conversations });
    const online = () => !this.stopped.signal.aborted && this.board.read().reach === 'online';
    this.looks = new Looks(this.conversations, online);
    this.outbox = new Outbox({
      store,
      send: (item) => this.send(item),
      changed: (id) => this.outboxChanged(id),
      announce: () => this.stopped.signal.aborted || this.channel.postMessage('outbox'),
    });
    this.connection = new Connection({
      session,
      openLine,
      event: (event) => this.onEvent(event),
      reach: (reach) => this.onReach(reach),
      signedOut: () => this.deps.signedOut(),
    });
    this.mailroom = new Mailroom(me.id, crypto, this.conversations, {
      linked: (linked) => this.show({ linked }),
      link: (body, to) => this.connection.call(CALL.link, to ? { body, to } : { body }),
    });
    this.receipts = new Receipts({
      stand: (id) => {
        const state = this.conversations.get(id);
        return state ? watermarkOf(state.marks, me.id) : null;
      },
      send: (conversation_id, mark) => this.connection.call(CALL.receipt, { conversation_id, ...mark }),
    });
    this.typingIn = new TypingIn((id, typing) => this.conversations.change(id, { typing }));
    this.typingOut = new TypingOut((conversation_id, active) => {
      this.connection.call(CALL.typing, { conversation_id, active }).catch(() => undefined);
    });
    this.presence = new PresenceWatch(
      async (user_ids) => (await this.connection.call(CALL.watch, { user_ids: [...user_ids] })).states,
      (presence) => this.show({ presence }),
    );
    const { conversations, receipts, board } = this;
    this.catchUp = new CatchUp({ api, crypto, conversations, receipts, board });
  }

  readonly subscribe = (listener: () => void): (() => void) => this.board.subscribe(listener);

  readonly getSnapshot = (): Snapshot => this.board.read();

  async start(): Promise<void> {
    try {
      await this.conversations.load();
      await this.outbox.reload();
    } catch (error) {
      // A browser without storage can still talk; it only remembers nothing.
      console.error(error);
    }
    this.show({ loaded: true });
    if (this.stopped.signal.aborted) return;
    this.channel.onmessage = () => void this.outbox.reload();
    this.deps.locks.hold(`sotto.outbox.${this.deps.me.id}`, this.stopped.signal, () => this.outbox.own());
    this.connection.start();
  }

  stop(): void {
    this.stopped.abort();
    this.typingOut.stopped();
    this.connection.stop();
    this.outbox.stop();
    this.receipts.stop();
    this.deps.crypto.stop();
    this.channel.close();
    this.deps.store.close();
  }

  setNetwork(up: boolean): void {
    this.connection.setNetwork(up);
  }

  // What a person does.

  say(id: ConversationId, text: string, reply_to: MessageId | null): Promise<void> {
    this.typingOut.stopped();
    return this.put(id, { kind: 'message', content: { type: 'text', text }, reply_to });
  }

  edit(id: ConversationId, target: MessageId, text: string): Promise<void> {
    this.typingOut.stopped();
    return this.put(id, { kind: 'edit', target, content: { type: 'text', text } });
  }

  react(id: ConversationId, target: MessageId, emoji: string, active: boolean): Promise<void> {
    return this.put(id, { kind: 'reaction', target, content: { type: 'reaction', emoji, active } });
  }

  retract(id: ConversationId, target: MessageId): Promise<void> {
    return this.put(id, { kind: 'retract', target });
  }

  retry(id: MessageId): Promise<void> {
    return this.outbox.retry(id);
  }

  async discard(id: MessageId): Promise<void> {
    await this.outbox.remove([id]);
    await this.deps.crypto.accepted(id);
  }

  setDraft(id: ConversationId, draft: Draft | null): void {
    this.conversations.change(id, { draft });
    written(this.deps.store.putDraft(id, draft));
  }

  typed(id: ConversationId): void {
    this.typingOut.typed(id);
  }

  /** The person has seen everything up to `seq`. */
  read(id: ConversationId, seq: number): void {
    if (this.conversations.raise(id, this.deps.me.id, { read_seq: seq })) this.receipts.moved(id);
  }

  loadOlder(id: ConversationId): Promise<void> {
    return this.conversations.loadOlder(id).catch(() => undefined);
  }

  watch(people: readonly UserId[]): void {
    this.presence.watch(people);
  }

  /** Begins the account's keys anew on this device. */
  beginAnew(): Promise<void> {
    return this.deps.crypto.beginAnew();
  }

  /** What was said on this device with these words; nobody else is asked. */
  search(query: string): Promise<Hit[]> {
    return this.deps.store.search(query);
  }

  async startDirect(user: UserId): Promise<ConversationId> {
    const conversation = await this.deps.api.startDirect(user);
    await this.conversations.upsert(conversation);
    return conversation.id;
  }

  async setBlocked(user: UserId, how: 'blocked' | 'allowed'): Promise<void> {
    const isBlocked = how === 'blocked';
    await (isBlocked ? this.deps.api.block(user) : this.deps.api.unblock(user));
    const others = [...this.board.read().blocked].filter((one) => one !== user);
    this.show({ blocked: new Set(isBlocked ? [...others, user] : others) });
  }

  // What the world does.

  private onReach(reach: Reach): void {
    const online = reach === 'online';
    this.show({ reach: online ? 'syncing' : reach });
    this.outbox.setOpen(online);
    this.receipts.setOpen(online);
    if (!online) {
      this.typingIn.clear();
      this.presence.forget();
      return;
    }
    this.presence.renew();
    void this.catchUp.run();
  }

  private onEvent(event: ServerEvent): void {
    switch (event.name) {
      case 'message': {
        const { conversation_id, sender_id, seq } = event.data;
        this.typingIn.heard(conversation_id, sender_id, false);
        this.looks.untilWhole(conversation_id, seq, this.mailroom.hear(event.data));
        break;
      }
      case 'receipt': {
        const { conversation_id, user_id, ...mark } = event.data;
        if (user_id === this.deps.me.id) this.receipts.known(conversation_id, mark);
        this.conversations.raise(conversation_id, user_id, mark);
        break;
      }
      case 'typing':
        if (event.data.user_id === this.deps.me.id) break;
        this.typingIn.heard(event.data.conversation_id, event.data.user_id, event.data.active);
        break;
      case 'presence':
        this.presence.heard(event.data);
        break;
      case 'conversation': {
        const { change, conversation } = event.data;
        const { id } = conversation;
        const isGone = change === 'removed';
        const done = isGone ? this.conversations.remove(id) : this.conversations.upsert(conversation);
        done.catch(() => undefined);
        // Whoever is taken out has no part in what follows; what is only hidden is followed again when it comes back.
        if (isGone) this.deps.crypto.groups?.forget(id).catch(() => undefined);
        break;
      }
      case 'mailbox':
      case 'keys':
      case 'devices':
      case 'link':
        this.mailroom.heard(event);
        break;
      case 'ready':
      case 'session':
    }
  }

  private arrived(id: ConversationId, entries: readonly Entry[]): void {
    written(this.outbox.remove(entries.map(({ message }) => message.id)));
    this.mailroom.logged(entries);
    const state = this.conversations.get(id);
    const foreign = entries.filter(({ message }) => message.sender_id !== this.deps.me.id);
    if (!state || foreign.length === 0) return;
    if (this.conversations.raise(id, this.deps.me.id, { delivered_seq: cursorOf(state.log) }))
      this.receipts.moved(id);
    const { read_seq } = watermarkOf(state.marks, this.deps.me.id);
    for (const entry of foreign)
      if (entry.message.seq > read_seq && entry.message.kind === 'message') this.deps.heard?.(entry);
  }

  private put(id: ConversationId, what: ToSay): Promise<void> {
    return this.outbox.add(newItem(id, what));
  }

  private async send(item: OutboxItem): Promise<void> {
    const conversation = (id: ConversationId) => this.conversations.get(id)?.conversation;
    await sendItem({ connection: this.connection, crypto: this.deps.crypto, conversation }, item);
    // The log is the truth: an accepted message that does not show up in it soon is looked for.
    setTimeout(() => {
      if (this.outbox.of(item.conversation_id).some(({ id }) => id === item.id))
        this.looks.later(item.conversation_id, 0);
    }, LOOK_AFTER_ACCEPT_MS);
  }

  private outboxChanged(id: ConversationId): void {
    this.conversations.change(id, { outbox: this.outbox.of(id) });
    this.show({ waiting: this.outbox.waiting });
  }

  private show(change: Partial<Snapshot>): void {
    this.board.show(change);
  }
}
