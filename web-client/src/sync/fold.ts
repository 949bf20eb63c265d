// Folds a log into what a person sees: edits, reactions and retractions land on the messages they name.
import type { Content, Message, MessageId, Problem, UserId } from '../gen/contract.ts';
import type { Entry } from './log.ts';

/** Something on its way from this device, shown before the server has placed it in the log. */
export interface Pending {
  readonly id: MessageId;
  readonly kind: 'message' | 'edit' | 'reaction' | 'retract';
  readonly target: MessageId | null;
  readonly reply_to: MessageId | null;
  readonly content: Content | null;
  readonly created_at: string;
  readonly state: 'waiting' | 'accepted' | 'failed';
  readonly problem: Problem | null;
}

interface Reaction {
  readonly emoji: string;
  readonly people: readonly UserId[];
}

/** One line of the timeline. */
export interface Item {
  readonly id: MessageId;
  /** Its place in the log; null while it is on its way. */
  readonly seq: number | null;
  readonly sender_id: UserId;
  readonly sent_at: string;
  readonly system: Message['system'] | null;
  readonly content: Content | null;
  readonly reply_to: MessageId | null;
  readonly edited: boolean;
  readonly retracted: boolean;
  readonly reactions: readonly Reaction[];
  readonly pending: Pending | null;
}

type Draft = { -readonly [K in keyof Item]: Item[K] };

export function fold(entries: readonly Entry[], pending: readonly Pending[], me: UserId): readonly Item[] {
  const items: Draft[] = [];
  const byId = new Map<MessageId, Draft>();
  const add = (item: Draft) => {
    items.push(item);
    byId.set(item.id, item);
  };

  for (const { message, content } of entries) {
    const target = message.target ? byId.get(message.target) : undefined;
    switch (message.kind) {
      case 'message':
      case 'system':
        add(fromEntry(message, content));
        break;
      case 'edit':
        if (target && target.sender_id === message.sender_id) edit(target, content);
        break;
      case 'reaction':
        if (target) react(target, message.sender_id, content);
        break;
      case 'retract':
        if (target) retract(target);
        break;
    }
  }
  for (const one of pending) {
    if (byId.has(one.id)) continue;
    const target = one.target ? byId.get(one.target) : undefined;
    if (one.kind === 'message') add(fromPending(one, me));
    else if (target && one.state !== 'failed') applyPending(target, one, me);
  }
  return items;
}

function applyPending(target: Draft, one: Pending, me: UserId): void {
  if (one.kind === 'edit') edit(target, one.content);
  if (one.kind === 'reaction') react(target, me, one.content);
  if (one.kind === 'retract') retract(target);
}

function fromEntry(message: Message, content: Content | null): Draft {
  return {
    id: message.id,
    seq: message.seq,
    sender_id: message.sender_id,
    sent_at: message.sent_at,
    system: message.kind === 'system' ? (message.system ?? null) : null,
    content,
    reply_to: message.reply_to ?? null,
    edited: false,
    retracted: message.kind === 'message' && !message.envelope,
    reactions: [],
    pending: null,
  };
}

function fromPending(one: Pending, me: UserId): Draft {
  return {
    id: one.id,
    seq: null,
    sender_id: me,
    sent_at: one.created_at,
    system: null,
    content: one.content,
    reply_to: one.reply_to,
    edited: false,
    retracted: false,
    reactions: [],
    pending: one,
  };
}

function edit(target: Draft, content: Content | null): void {
  if (target.retracted || content === null) return;
  target.content = content;
  target.edited = true;
}

function react(target: Draft, who: UserId, content: Content | null): void {
  if (target.retracted || content?.type !== 'reaction') return;
  const { emoji, active } = content;
  const had = target.reactions.find((reaction) => reaction.emoji === emoji);
  const others = had ? had.people.filter((person) => person !== who) : [];
  const people = active ? [...others, who] : others;
  if (!had)
    target.reactions = people.length > 0 ? [...target.reactions, { emoji, people }] : target.reactions;
  else
    target.reactions = target.reactions
      .map((r) => (r === had ? { emoji, people } : r))
      .filter((r) => r.people.length > 0);
}

function retract(target: Draft): void {
  target.content = null;
  target.retracted = true;
  target.edited = false;
  target.reactions = [];
}
