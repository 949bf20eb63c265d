// What follows from positions and watermarks: unread counts, ticks, previews. Nothing here is ever counted up.
import type { Conversation, UserId } from '../gen/contract.ts';
import type { Item } from './fold.ts';

export interface Watermark {
  readonly delivered_seq: number;
  readonly read_seq: number;
}

export type Watermarks = Readonly<Record<UserId, Watermark>>;

export interface Unread {
  readonly count: number;
  /** There may be more than were loaded. */
  readonly more: boolean;
}

export type Tick = 'waiting' | 'failed' | 'sent' | 'delivered' | 'read';

const NOTHING: Watermark = { delivered_seq: 0, read_seq: 0 };

export function watermarkOf(marks: Watermarks, user: UserId): Watermark {
  return marks[user] ?? NOTHING;
}

/** Watermarks only rise, so that replays and reordering can do no harm. Returns the same object where nothing rose. */
export function raise(marks: Watermarks, user: UserId, to: Partial<Watermark>): Watermarks {
  const old = watermarkOf(marks, user);
  const read_seq = Math.max(old.read_seq, to.read_seq ?? 0);
  const delivered_seq = Math.max(old.delivered_seq, to.delivered_seq ?? 0, read_seq);
  if (read_seq === old.read_seq && delivered_seq === old.delivered_seq) return marks;
  return { ...marks, [user]: { delivered_seq, read_seq } };
}

/** The first position that one may see: whoever came in later begins there. */
export function firstSeq({ my }: Conversation): number {
  // What was kept by an older client does not say.
  return (my.from_seq ?? 0) + 1;
}

export function unreadOf(items: readonly Item[], floor: number, read_seq: number, me: UserId): Unread {
  let count = 0;
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (!item || (item.seq !== null && item.seq <= read_seq)) break;
    if (countsAsUnread(item, read_seq, me)) count += 1;
  }
  return { count, more: read_seq < floor - 1 };
}

export function countsAsUnread(item: Item, read_seq: number, me: UserId): boolean {
  return item.seq !== null && item.seq > read_seq && item.sender_id !== me && !item.system && !item.retracted;
}

export function tickOf(item: Item, conversation: Conversation, marks: Watermarks, me: UserId): Tick {
  if (item.pending?.state === 'failed') return 'failed';
  if (item.pending?.state === 'waiting') return 'waiting';
  const { seq } = item;
  if (seq === null) return 'sent';
  const others = conversation.members.filter((member) => member.user.id !== me);
  if (others.length === 0) return 'sent';
  if (others.every(({ user }) => watermarkOf(marks, user.id).read_seq >= seq)) return 'read';
  return others.every(({ user }) => watermarkOf(marks, user.id).delivered_seq >= seq) ? 'delivered' : 'sent';
}
