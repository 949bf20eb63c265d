// The merge rule: whatever order, loss and repetition do to events, everybody ends with the same log.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConversationId, DeviceId, Message, MessageId, UserId } from '../src/gen/contract.ts';
import { fold } from '../src/sync/fold.ts';
import { cursorOf, type Entry, emptyLog, gapOf, type Log, merge } from '../src/sync/log.ts';

const ANA = 'ana' as UserId;
const BO = 'bo' as UserId;

type Act = { kind: 'message' | 'edit' | 'reaction' | 'retract'; pick: number; by: UserId };

/** The history as the server wrote it live, before any retraction took words away. */
function write(acts: readonly Act[]): Entry[] {
  const entries: Entry[] = [];
  acts.forEach(({ kind, pick, by }, at) => {
    const targets = entries.filter((entry) => entry.message.kind === 'message');
    const target = targets[pick % (targets.length || 1)];
    const real = target ? kind : 'message';
    const content =
      real === 'reaction'
        ? ({ type: 'reaction', emoji: pick % 2 ? '👍' : '🎉', active: pick % 3 !== 0 } as const)
        : ({ type: 'text', text: `words ${at}` } as const);
    const message: Message = {
      id: `m${at}` as MessageId,
      conversation_id: 'c' as ConversationId,
      seq: at + 1,
      kind: real,
      sender_id: real === 'edit' || real === 'retract' ? (target?.message.sender_id ?? by) : by,
      sender_device_id: 'd' as DeviceId,
      sent_at: new Date(at * 1000).toISOString(),
      ...(real !== 'message' && target ? { target: target.message.id } : {}),
      ...(real === 'retract' ? {} : { envelope: { kind: 'plain', content } }),
    };
    entries.push({ message, content: real === 'retract' ? null : content });
  });
  return entries;
}

/** What the server holds in the end: without the words that were taken back. */
function final(entries: readonly Entry[]): Entry[] {
  const gone = new Set(
    entries.flatMap(({ message: m }) => (m.kind === 'retract' && m.target ? [m.target] : [])),
  );
  return entries.map((entry) => {
    const { envelope, ...rest } = entry.message;
    const stripped = gone.has(rest.id) || (rest.kind === 'edit' && rest.target && gone.has(rest.target));
    return stripped && envelope ? { message: rest, content: null } : entry;
  });
}

const acts = fc.array(
  fc.record({
    kind: fc.constantFrom('message', 'message', 'edit', 'reaction', 'retract') as fc.Arbitrary<Act['kind']>,
    pick: fc.nat(50),
    by: fc.constantFrom(ANA, BO),
  }),
  { minLength: 1, maxLength: 40 },
);

function heal(log: Log, server: readonly Entry[]): Log {
  let now = log;
  for (let gap = gapOf(now); gap; gap = gapOf(now)) now = merge(now, server.slice(gap.after, gap.after + 7));
  while (cursorOf(now) < server.length) now = merge(now, server.slice(cursorOf(now), cursorOf(now) + 7));
  while (now.floor > 1) now = merge(now, server.slice(Math.max(0, now.floor - 8), now.floor - 1));
  return now;
}

describe('the merge rule', () => {
  test('shuffled, dropped and repeated events always end in the same log', () => {
    fc.assert(
      fc.property(acts, fc.infiniteStream(fc.nat(99)), fc.nat(40), (history, dice, start) => {
        const live = write(history);
        const server = final(live);
        const roll = () => dice.next().value ?? 0;
        const events = live
          .flatMap((entry) => Array.from({ length: roll() % 4 }, () => entry))
          .map((entry) => ({ entry, at: roll() }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry);
        let log = emptyLog(start % (server.length + 1));
        for (const entry of events) log = merge(log, [entry]);
        const healed = heal(log, server);
        expect(healed.entries).toEqual(server);
        expect(healed.loose.size).toBe(0);
        expect(fold(healed.entries, [], ANA)).toEqual(fold(server, [], ANA));
      }),
      { numRuns: 500 },
    );
  });

  test('the run in memory never has a hole', () => {
    fc.assert(
      fc.property(acts, fc.array(fc.nat(60)), (history, picks) => {
        const server = write(history);
        let log = emptyLog(0);
        for (const pick of picks) {
          const entry = server[pick % server.length];
          if (entry) log = merge(log, [entry]);
          expect(log.entries.map((one) => one.message.seq)).toEqual(
            log.entries.map((_, at) => log.floor + at),
          );
        }
      }),
    );
  });

  test('what is already known changes nothing, not even the object', () => {
    const server = write([{ kind: 'message', pick: 0, by: ANA }]);
    const log = merge(emptyLog(), server);
    expect(merge(log, server)).toBe(log);
  });

  test('a late copy of a retracted message brings no words back', () => {
    const live = write([
      { kind: 'message', pick: 0, by: ANA },
      { kind: 'retract', pick: 0, by: ANA },
    ]);
    const log = merge(merge(emptyLog(), live), live);
    expect(JSON.stringify(log.entries)).not.toContain('words 0');
    expect(fold(log.entries, [], BO)[0]).toMatchObject({ retracted: true, content: null });
  });
});

describe('the fold', () => {
  test('only its author edits a message', () => {
    const [message, edit] = write([
      { kind: 'message', pick: 0, by: ANA },
      { kind: 'edit', pick: 0, by: BO },
    ]);
    if (!message || !edit) throw new Error('no history');
    const forged = { ...edit, message: { ...edit.message, sender_id: BO } };
    expect(fold([message, forged], [], ANA)[0]).toMatchObject({
      edited: false,
      content: { text: 'words 0' },
    });
    expect(fold([message, edit], [], ANA)[0]).toMatchObject({ edited: true, content: { text: 'words 1' } });
  });

  test('a reaction is there once per person, and can be taken back', () => {
    const [message] = write([{ kind: 'message', pick: 0, by: ANA }]);
    if (!message) throw new Error('no history');
    const reaction = (id: string, seq: number, active: boolean): Entry => ({
      message: { ...message.message, id: id as MessageId, seq, kind: 'reaction', target: message.message.id },
      content: { type: 'reaction', emoji: '👍', active },
    });
    const twice = fold([message, reaction('r1', 2, true), reaction('r2', 3, true)], [], BO);
    expect(twice[0]?.reactions).toEqual([{ emoji: '👍', people: [ANA] }]);
    expect(fold([message, reaction('r1', 2, true), reaction('r2', 3, false)], [], BO)[0]?.reactions).toEqual(
      [],
    );
  });
});
