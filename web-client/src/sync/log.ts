// Merges entries of one conversation, live or paged and in whatever order they come, into one dense run.
//
//            floor                      cursor
//              |                          |
//   (pages) ◀──[ entries, without a hole ]──▶ (live)      loose: seen, but with a hole before it
//
// The rule is one for all sources: take the entry; while the next seq is there, move the edge.
import type { Content, Message, MessageId } from '../gen/contract.ts';

/** A log entry with what was found inside its envelope. `content` is null where there is nothing to read. */
export interface Entry {
  readonly message: Message;
  readonly content: Content | null;
}

export interface Log {
  /** The lowest seq that is held. */
  readonly floor: number;
  /** floor, floor + 1, ... without a hole. */
  readonly entries: readonly Entry[];
  /** Entries past a hole, waiting for it to be filled. */
  readonly loose: ReadonlyMap<number, Entry>;
  /** Messages that were taken back: whatever copy of them still arrives loses its words. */
  readonly retracted: ReadonlySet<MessageId>;
}

/** A hole in the log: everything after `after` and before `before` is missing. */
export interface Gap {
  readonly after: number;
  readonly before: number;
}

/** A log that holds nothing and continues after `cursor`. */
export function emptyLog(cursor = 0): Log {
  return { floor: cursor + 1, entries: [], loose: new Map(), retracted: new Set() };
}

/** The highest seq up to which nothing is missing. */
export function cursorOf(log: Log): number {
  return log.floor + log.entries.length - 1;
}

export function gapOf(log: Log): Gap | null {
  if (log.loose.size === 0) return null;
  return { after: cursorOf(log), before: Math.min(...log.loose.keys()) };
}

/** Takes entries in. Returns the same log where nothing is new. */
export function merge(log: Log, incoming: readonly Entry[]): Log {
  const retracted = withRetractions(log.retracted, incoming);
  const cleared = (entry: Entry) => (retracted === log.retracted ? entry : strip(entry, retracted));
  const entries = log.entries.map(cleared);
  const loose = new Map([...log.loose].map(([seq, entry]) => [seq, cleared(entry)]));
  let floor = log.floor;
  let changed = retracted !== log.retracted;

  for (const raw of incoming) {
    const entry = strip(raw, retracted);
    const at = entry.message.seq - floor;
    const held = entries[at] ?? loose.get(entry.message.seq);
    const better = held ? preferred(held, entry) : entry;
    if (better === held) continue;
    changed = true;
    if (at >= 0 && at < entries.length) entries[at] = better;
    else loose.set(entry.message.seq, better);
  }
  if (!changed) return log;

  for (let next = loose.get(floor + entries.length); next; next = loose.get(floor + entries.length)) {
    loose.delete(next.message.seq);
    entries.push(next);
  }
  const older: Entry[] = [];
  for (let next = loose.get(floor - 1); next; next = loose.get(floor - 1)) {
    loose.delete(next.message.seq);
    older.push(next);
    floor -= 1;
  }
  // What lies below the floor with a hole between is history: it is paged in when it is looked at.
  for (const seq of loose.keys()) if (seq < floor) loose.delete(seq);
  return { floor, entries: older.length > 0 ? older.reverse().concat(entries) : entries, loose, retracted };
}

function withRetractions(known: ReadonlySet<MessageId>, incoming: readonly Entry[]): ReadonlySet<MessageId> {
  const fresh = incoming.flatMap(({ message }) =>
    message.kind === 'retract' && message.target && !known.has(message.target) ? [message.target] : [],
  );
  return fresh.length > 0 ? new Set([...known, ...fresh]) : known;
}

function strip(entry: Entry, retracted: ReadonlySet<MessageId>): Entry {
  const { message } = entry;
  const gone =
    retracted.has(message.id) ||
    (message.kind === 'edit' && !!message.target && retracted.has(message.target));
  if (!gone || (!message.envelope && entry.content === null)) return entry;
  const { envelope: _words, ...rest } = message;
  return { message: rest, content: null };
}

/** Of two copies of one entry: the one that was taken back wins, then the one that could be read. */
function preferred(held: Entry, offered: Entry): Entry {
  if (!held.message.envelope) return held;
  if (!offered.message.envelope) return offered;
  return held.content === null && offered.content !== null ? offered : held;
}
