// The local search: words in whatever script, their beginnings, edits, and nothing of what was taken back.
import 'fake-indexeddb/auto';
import { afterEach, expect, test } from 'vitest';
import type { ConversationId, MessageId, UserId } from '../src/gen/contract.ts';
import type { Entry } from '../src/sync/log.ts';
import { Store } from '../src/sync/store.ts';
import { wordsIn } from '../src/sync/words.ts';

const stores: Store[] = [];
const store = () => {
  const made = new Store(`search-${stores.length}` as UserId);
  stores.push(made);
  return made;
};

afterEach(async () => {
  for (const one of stores.splice(0)) await one.destroy();
});

function entry(seq: number, text: string, target?: string): Entry {
  return {
    message: {
      id: `m${seq}` as MessageId,
      conversation_id: 'c' as ConversationId,
      seq,
      kind: target ? 'edit' : 'message',
      ...(target ? { target: target as MessageId } : {}),
      sender_id: 'u' as UserId,
      sender_device_id: 'd' as Entry['message']['sender_device_id'],
      sent_at: new Date(1_800_000_000_000 + seq * 1_000).toISOString(),
      envelope: { kind: 'sealed', scheme: 'x', ciphertext: 'x' },
    },
    content: { type: 'text', text },
  };
}

test('what was said is found by words and their beginnings, the newest first', async () => {
  const kept = store();
  await kept.putEntries([
    entry(1, 'The rope is in the blue bag'),
    entry(2, 'Bring the ROPE, and a headlamp!'),
    entry(3, 'Kein Seil, sondern Größe: Crème brûlée'),
    entry(4, '明日は山に行きます'),
  ]);
  const found = async (query: string) => (await kept.search(query)).map(({ id }) => id);
  expect(await found('rope')).toEqual(['m2', 'm1']);
  expect(await found('rope blue')).toEqual(['m1']);
  expect(await found('head')).toEqual(['m2']);
  expect(await found('creme bru')).toEqual(['m3']);
  expect(await found('山')).toEqual(['m4']);
  expect(await found('ope')).toEqual([]);
  expect(await found('   ')).toEqual([]);
  expect((await kept.search('the', 1)).length).toBe(1);
});

test('an edit leads to what it changed, and what was taken back is found no more', async () => {
  const kept = store();
  await kept.putEntries([entry(1, 'at seven'), entry(2, 'at nine', 'm1')]);
  expect((await kept.search('nine')).map(({ id, text }) => [id, text])).toEqual([['m1', 'at nine']]);
  await kept.purge(['m1' as MessageId]);
  expect(await kept.search('nine')).toEqual([]);
  expect(await kept.search('seven')).toEqual([]);
});

test('a long text is found by its beginning, and costs no more', () => {
  const words = wordsIn(Array.from({ length: 5_000 }, (_, at) => `word${at}`).join(' '));
  expect(words).toHaveLength(200);
  expect(wordsIn('x'.repeat(10_000))).toEqual(['x'.repeat(32)]);
});
