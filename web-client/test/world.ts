// A small server in memory that the engine's tests talk to; it can lose, repeat and refuse on command.
import type { CryptoEngine, Sealed } from '../src/crypto/engine.ts';
import type {
  Code,
  Content,
  Conversation,
  ConversationId,
  DeviceId,
  Message,
  MessageId,
  Problem,
  SendMessage,
  User,
  UserId,
} from '../src/gen/contract.ts';
import type { Api } from '../src/sync/api.ts';
import { raise, type Watermarks, watermarkOf } from '../src/sync/derived.ts';
import { Engine } from '../src/sync/engine.ts';
import { type Locks, localLocks } from '../src/sync/locks.ts';
import type { Entry } from '../src/sync/log.ts';
import { Refused, Unreachable } from '../src/sync/problem.ts';
import { CALL, type LineEnd, type ServerEvent } from '../src/sync/socket.ts';
import { Store } from '../src/sync/store.ts';

export const DIRECT = '00000000-0000-8000-8000-0000000000c1' as ConversationId;
const PAGE = 20;

interface OpenedLine {
  user: UserId;
  event: (event: ServerEvent) => void;
  ended: (end: LineEnd) => void;
}

export class World {
  readonly users: User[] = [];
  log: Message[] = [];
  marks: Watermarks = {};
  /** What happens to a live event on its way: how many copies arrive. */
  copies: () => number = () => 1;
  /** What a send is answered with, before and after it took effect. */
  refuse: (message: SendMessage) => Problem | 'lost-before' | 'lost-after' | null = () => null;
  up = true;
  /** How much of the log pages show: less than was told, right after a failover. */
  shows = Number.POSITIVE_INFINITY;
  sends: SendMessage[] = [];
  private readonly attempts = new Map<string, string>();
  private lines: OpenedLine[] = [];

  user(name: string): User {
    const id = `00000000-0000-7000-8000-${name.padStart(12, '0').replace(/[^0-9a-f]/g, 'a')}` as UserId;
    const user = { id, username: name, display_name: name.toUpperCase() };
    this.users.push(user);
    return user;
  }

  /** Cuts every line. */
  cut(code: LineEnd['code'] = 'lost'): void {
    const { lines } = this;
    this.lines = [];
    for (const line of lines) line.ended({ code });
  }

  say(sender: User, text: string): Message {
    return this.append(sender.id, {
      conversation_id: DIRECT,
      id: crypto.randomUUID() as MessageId,
      envelope: { kind: 'plain', content: { type: 'text', text } },
    });
  }

  append(sender: UserId, sent: SendMessage): Message {
    const had = this.log.find((message) => message.id === sent.id);
    if (had) return had;
    const message: Message = {
      id: sent.id ?? (crypto.randomUUID() as MessageId),
      conversation_id: sent.conversation_id,
      seq: this.log.length + 1,
      kind: sent.kind ?? 'message',
      sender_id: sender,
      sender_device_id: 'device' as DeviceId,
      sent_at: new Date(1_700_000_000_000 + this.log.length * 1_000).toISOString(),
      ...(sent.target ? { target: sent.target } : {}),
      ...(sent.envelope ? { envelope: sent.envelope } : {}),
      ...(sent.reply_to ? { reply_to: sent.reply_to } : {}),
    };
    if (message.kind === 'retract') {
      this.log = this.log.map((one) => {
        if (one.id !== message.target && one.target !== message.target) return one;
        const { envelope: _words, ...rest } = one;
        return rest;
      });
    }
    this.log = [...this.log, message];
    this.tell({ name: 'message', data: message });
    return message;
  }

  conversation(me: UserId): Conversation {
    return {
      id: DIRECT,
      kind: 'direct',
      title: null,
      members: this.users.map((user) => ({ user, role: 'member', ...watermarkOf(this.marks, user.id) })),
      head_seq: this.log.length,
      last_message: this.log.at(-1) ?? null,
      my: { role: 'member', ...watermarkOf(this.marks, me), muted_until: null },

      created_at: new Date(1_700_000_000_000).toISOString(),
    };
  }

  api(me: UserId): Api {
    const up = async <T>(answer: () => T): Promise<T> => {
      await Promise.resolve();
      if (!this.up) throw new Unreachable();
      return structuredClone(answer());
    };
    const api: Partial<Api> = {
      me: () => up(() => ({ ...this.userOf(me), blocked: [], created_at: '2026-01-01T00:00:00.000Z' })),
      startDirect: () => up(() => this.conversation(me)),
      conversation: () => up(() => this.conversation(me)),
      page: (_id, range) =>
        up(() => {
          if ('after_seq' in range) {
            const rest = this.log.slice(range.after_seq, this.shows);
            return { messages: rest.slice(0, PAGE), has_more: rest.length > PAGE };
          }
          const rest = this.log.slice(0, 'before_seq' in range ? range.before_seq - 1 : undefined);
          return { messages: rest.slice(-PAGE), has_more: rest.length > PAGE };
        }),
      sync: (heads) =>
        up(() => {
          const head = heads[DIRECT];
          const rest = head === undefined ? this.log : this.log.slice(head);
          const messages = head === undefined ? rest.slice(-PAGE) : rest.slice(0, PAGE);
          const receipts = this.users.map(({ id }) => ({ user_id: id, ...watermarkOf(this.marks, id) }));
          const part = {
            conversation: this.conversation(me),
            messages,
            receipts,
            has_more: rest.length > PAGE,
          };
          return {
            conversations: this.log.length > 0 || head !== undefined ? [part] : [],
            left: [],
            mailbox: [],
          };
        }),
    };
    return api as Api;
  }

  engine(
    me: User,
    options: { locks?: Locks; store?: Store; heard?: (entry: Entry) => void; signedOut?: () => void } = {},
  ): Engine {
    return new Engine({
      me,
      session: { token: async () => 'token', end: async () => undefined },
      api: this.api(me.id),
      store: options.store ?? new Store(me.id),
      crypto: sealing(),
      locks: options.locks ?? localLocks(),
      signedOut: options.signedOut ?? (() => undefined),
      heard: options.heard ?? (() => undefined),
      openLine: (_token, handlers) => {
        const line = { user: me.id, ...handlers };
        if (this.up) {
          this.lines.push(line);
          queueMicrotask(() =>
            handlers.event({ name: 'ready', data: { pod: 'test', server_time: '', heads: {} } }),
          );
        } else queueMicrotask(() => handlers.ended({ code: 'lost' }));
        return {
          call: (async (name: string, payload: unknown) => {
            if (!this.up || !this.lines.includes(line)) throw new Unreachable();
            return this.answer(me.id, name, payload);
          }) as never,
          close: () => {
            this.lines = this.lines.filter((one) => one !== line);
          },
        };
      },
    });
  }

  private answer(me: UserId, name: string, payload: unknown): unknown {
    if (name === CALL.send) {
      const message = payload as SendMessage;
      const before = this.attempts.get(message.id ?? '');
      if (before && before !== JSON.stringify(message)) throw new Refused(problem(409, 'id_conflict'));
      this.attempts.set(message.id ?? '', JSON.stringify(message));
      const refusal = this.refuse(message);
      if (refusal === 'lost-before') throw new Unreachable();
      if (refusal && refusal !== 'lost-after') throw new Refused(refusal);
      this.sends.push(message);
      this.append(me, message);
      if (refusal === 'lost-after') throw new Unreachable();
      return { id: message.id, status: 'accepted' };
    }
    if (name === CALL.receipt) {
      const mark = payload as { delivered_seq: number; read_seq: number };
      this.marks = raise(this.marks, me, mark);
      this.tell({
        name: 'receipt',
        data: { conversation_id: DIRECT, user_id: me, ...watermarkOf(this.marks, me) },
      });
      return {};
    }
    return { states: [] };
  }

  private tell(event: ServerEvent): void {
    for (const line of [...this.lines]) {
      for (let copy = this.copies(); copy > 0; copy -= 1) {
        queueMicrotask(() => this.lines.includes(line) && line.event(structuredClone(event)));
      }
    }
  }

  private userOf(id: UserId): User {
    const user = this.users.find((one) => one.id === id);
    if (!user) throw new Error(`nobody is ${id}`);
    return user;
  }
}

let sealed = 0;
/** What is sealed stays so through reloads: a vault's promise. */
const sealings = new Map<string, Sealed>();

/** Like a real one, seals the same words differently each time. */
function sealing(): CryptoEngine {
  const kept = sealings;
  return {
    protection: 'end-to-end',
    linking: null,
    groups: null,
    backup: null,
    since: async () => 0,
    beginAnew: async () => undefined,
    trust: null,
    online: async () => undefined,
    seal: async ({ id, content }) => {
      const known = kept.get(id);
      if (known) return known;
      sealed += 1;
      const envelope = {
        kind: 'sealed',
        scheme: `test ${sealed}`,
        ciphertext: JSON.stringify(content),
      } as const;
      kept.set(id, { envelope, boxes: [] });
      return { envelope, boxes: [] };
    },
    refused: async () => undefined,
    refresh: async () => undefined,
    accepted: async () => undefined,
    receive: async () => undefined,
    wanted: async () => undefined,
    listen: () => undefined,
    stop: () => undefined,
    open: async (batch) =>
      batch.map(({ envelope }) => {
        if (envelope?.kind === 'sealed') return JSON.parse(envelope.ciphertext) as Content;
        return envelope?.kind === 'plain' ? envelope.content : null;
      }),
  };
}

export function problem(status: number, code: Code): Problem {
  return { type: 'about:blank', title: code, status, code, detail: code, request_id: 'test' };
}

/** Waits until `check` holds. */
export async function until(check: () => boolean, what = check.toString()): Promise<void> {
  const limit = Date.now() + 8_000;
  while (!check()) {
    if (Date.now() > limit) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function textsIn(engine: Engine): string[] {
  const items = engine.getSnapshot().states.get(DIRECT)?.items ?? [];
  return items.map((item) => (item.content?.type === 'text' ? item.content.text : '-'));
}

/** The words inside an entry, however it was sealed. */
export function textOf({ envelope }: Message): string {
  const content =
    envelope?.kind === 'sealed' ? (JSON.parse(envelope.ciphertext) as Content) : envelope?.content;
  return content?.type === 'text' ? content.text : '';
}
