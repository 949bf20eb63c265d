// Where a changed safety number stands among the messages: by its time, and only where what surrounds it is there.
import { describe, expect, test } from 'vitest';
import type { KeyChange } from '../src/crypto/trust.ts';
import { type Row, rowsOf, type Whole } from '../src/features/conversation/rows.ts';
import type { DeviceList, MessageId, UserId } from '../src/gen/contract.ts';
import type { Item } from '../src/sync/fold.ts';

const [me, bo] = ['me' as UserId, 'bo' as UserId];
const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 12, minute)).toISOString();

const said = (minute: number): Item => ({
  id: `at ${minute}` as MessageId,
  seq: minute,
  sender_id: bo,
  sent_at: at(minute),
  system: null,
  content: { type: 'text', text: 'x' },
  reply_to: null,
  edited: false,
  retracted: false,
  reactions: [],
  pending: null,
});

const changed = (minute: number): KeyChange => ({
  user_id: bo,
  at: at(minute),
  state: 'accepted',
  list: {} as DeviceList,
});

const whole = (changes: readonly KeyChange[], complete = true): Whole => ({
  complete,
  divider: { after: 99, upTo: 99 },
  me,
  changes,
});

const shape = (rows: readonly Row[]) =>
  rows.map((row) =>
    row.kind === 'message' ? `${row.first ? '(' : ''}${row.key}${row.last ? ')' : ''}` : row.kind,
  );

describe('rows', () => {
  test('a change stands by its time, and parts the group it falls into', () => {
    const rows = rowsOf([said(1), said(2), said(3)], whole([changed(2.5)]));
    expect(shape(rows)).toEqual(['start', 'day', '(at 1', 'at 2)', 'key-change', '(at 3)']);
  });

  test('without one the group stays whole', () => {
    expect(shape(rowsOf([said(1), said(2)], whole([])))).toEqual(['start', 'day', '(at 1', 'at 2)']);
  });

  test('before the first message and after the last it has its place too', () => {
    const rows = rowsOf([said(2)], whole([changed(1), changed(3), changed(24 * 60)]));
    const expected = ['start', 'day', 'key-change', '(at 2)', 'key-change', 'day', 'key-change'];
    expect(shape(rows)).toEqual(expected);
    expect(shape(rowsOf([], whole([changed(1)])))).toEqual(['start', 'day', 'key-change']);
  });

  test('what lies before the oldest message that is loaded waits until more is', () => {
    expect(shape(rowsOf([said(2), said(3)], whole([changed(1)], false)))).toEqual(['at 2', 'at 3)']);
  });
});
