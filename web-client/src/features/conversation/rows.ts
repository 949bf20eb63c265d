// Turns messages into the rows of the timeline: days, the unread divider, groups by sender and time.
import type { KeyChange } from '../../crypto/trust.ts';
import type { UserId } from '../../gen/contract.ts';
import { dayKey } from '../../i18n/time.ts';
import { countsAsUnread } from '../../sync/derived.ts';
import type { Item } from '../../sync/fold.ts';

export type Row =
  | { readonly kind: 'start'; readonly key: 'start' }
  | { readonly kind: 'day'; readonly key: string; readonly time: string }
  | { readonly kind: 'unread'; readonly key: 'unread'; readonly count: number }
  | { readonly kind: 'system'; readonly key: string; readonly item: Item }
  /** Somebody's safety number changed: only this device knows of it, so it stands by its time. */
  | { readonly kind: 'key-change'; readonly key: string; readonly change: KeyChange }
  | {
      readonly kind: 'message';
      readonly key: string;
      readonly item: Item;
      /** First and last of a group of one sender's messages. */
      readonly first: boolean;
      readonly last: boolean;
    };

/** What was unread when somebody began to look. */
export interface Divider {
  readonly after: number;
  readonly upTo: number;
}

export interface Whole {
  /** Whether the log goes back to its first entry. */
  readonly complete: boolean;
  readonly divider: Divider;
  readonly me: UserId;
  /** Oldest first. */
  readonly changes: readonly KeyChange[];
}

const GROUP_MS = 5 * 60_000;

export function rowsOf(items: readonly Item[], { complete, divider, me, changes }: Whole): readonly Row[] {
  const rows: Row[] = complete ? [{ kind: 'start', key: 'start' }] : [];
  const isUnread = (item: Item) => countsAsUnread(item, divider.after, me) && (item.seq ?? 0) <= divider.upTo;
  // Whoever answered has read it.
  const answered = items.some((item) => item.sender_id === me && (item.seq ?? Infinity) > divider.upTo);
  const unread = answered ? 0 : items.filter(isUnread).length;
  let divided = unread === 0;
  let day = '';
  const openDay = (time: string, isKnown: boolean) => {
    const today = dayKey(time);
    if (today !== day && isKnown) rows.push({ kind: 'day', key: `day ${today}`, time });
    day = today;
  };
  // What changed before the oldest message that is loaded gets its place when more is loaded.
  const isShown = ({ at }: KeyChange) => complete || (items[0] !== undefined && at >= items[0].sent_at);
  const due = changes.filter(isShown);
  const placeChanges = (before: Item | undefined) => {
    while (due[0] && (!before || isBefore(due[0], before))) {
      const [change] = due.splice(0, 1);
      if (!change) return;
      openDay(change.at, true);
      rows.push({ kind: 'key-change', key: `key ${change.at}`, change });
    }
  };

  items.forEach((item, at) => {
    placeChanges(item);
    // Above the first one there may be more of its day: it gets its label when that is known, so that nothing jumps.
    openDay(item.sent_at, complete || at > 0);
    if (!divided && isUnread(item)) {
      rows.push({ kind: 'unread', key: 'unread', count: unread });
      divided = true;
    }
    if (item.system) {
      rows.push({ kind: 'system', key: item.id, item });
      return;
    }
    const before = rows.at(-1);
    const unsure = at === 0 && !complete;
    const first = !unsure && !(before?.kind === 'message' && together(before.item, item));
    const next = items[at + 1];
    const nextIsDivided = !divided && next !== undefined && isUnread(next);
    const isSplit = !next || nextIsDivided || !!next.system || (due[0] && isBefore(due[0], next));
    rows.push({ kind: 'message', key: item.id, item, first, last: isSplit || !together(item, next) });
  });
  placeChanges(undefined);
  return rows;
}

function isBefore({ at }: KeyChange, { sent_at }: Item): boolean {
  return Date.parse(at) < Date.parse(sent_at);
}

function together(a: Item, b: Item): boolean {
  return (
    a.sender_id === b.sender_id &&
    dayKey(a.sent_at) === dayKey(b.sent_at) &&
    Math.abs(Date.parse(b.sent_at) - Date.parse(a.sent_at)) < GROUP_MS
  );
}
