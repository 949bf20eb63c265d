// The engine against a server in memory: offline, reload, loss, refusal, two tabs.
import 'fake-indexeddb/auto';
import { Dexie } from 'dexie';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tickOf } from '../src/sync/derived.ts';
import type { Engine } from '../src/sync/engine.ts';
import { localLocks } from '../src/sync/locks.ts';
import { DIRECT, problem, textsIn, until, World } from './world.ts';

let world: World;
const running: Engine[] = [];

beforeEach(() => {
  Dexie.dependencies.indexedDB = new IDBFactory();
  world = new World();
});

afterEach(() => {
  for (const engine of running.splice(0)) engine.stop();
});

async function people() {
  const [ana, bo] = [world.user('a'), world.user('b')];
  world.say(ana, 'hello');
  return { ana, bo, anas: await running_(world.engine(ana)), bos: await running_(world.engine(bo)) };
}

async function running_(engine: Engine): Promise<Engine> {
  running.push(engine);
  await engine.start();
  await until(() => engine.getSnapshot().reach === 'online');
  return engine;
}

const state = (engine: Engine) => {
  const found = engine.getSnapshot().states.get(DIRECT);
  if (!found) throw new Error('no conversation');
  return found;
};

const lastTick = (engine: Engine) => {
  const { conversation, items, marks } = state(engine);
  const item = items.at(-1);
  return item ? tickOf(item, conversation, marks, engine.getSnapshot().me.id) : null;
};

describe('talking', () => {
  test('what one says the other reads, and the ticks climb', async () => {
    const { anas, bos } = await people();
    await anas.say(DIRECT, 'how are you?', null);
    await until(() => textsIn(bos).includes('how are you?'));
    await until(() => lastTick(anas) === 'delivered');
    expect(state(bos).unread).toEqual({ count: 2, more: false });
    bos.read(DIRECT, 2);
    await until(() => lastTick(anas) === 'read');
    expect(state(bos).unread.count).toBe(0);
  });

  test('edit, reaction and retraction show at once and stay', async () => {
    const { anas, bos } = await people();
    await anas.say(DIRECT, 'first', null);
    await until(() => textsIn(bos).includes('first') && state(anas).outbox.length === 0);
    const target = state(anas).items.at(-1)?.id;
    if (!target) throw new Error('nothing said');
    await anas.edit(DIRECT, target, 'second');
    await bos.react(DIRECT, target, '🎉', true);
    expect(textsIn(anas)).toEqual(['hello', 'second']);
    await until(() => textsIn(bos).includes('second') && state(anas).items.at(-1)?.reactions.length === 1);
    await anas.retract(DIRECT, target);
    await until(() => state(bos).items.at(-1)?.retracted === true);
    expect(state(anas).items.at(-1)).toMatchObject({ retracted: true, content: null, reactions: [] });
  });
});

describe('the network', () => {
  test('three messages said offline arrive once and in order', async () => {
    const { anas, bos } = await people();
    world.up = false;
    world.cut();
    for (const text of ['one', 'two', 'three']) await anas.say(DIRECT, text, null);
    expect(anas.getSnapshot().waiting).toBe(3);
    expect(lastTick(anas)).toBe('waiting');
    world.up = true;
    anas.setNetwork(true);
    bos.setNetwork(true);
    await until(() => textsIn(bos).length === 4);
    expect(textsIn(bos)).toEqual(['hello', 'one', 'two', 'three']);
    expect(textsIn(anas)).toEqual(['hello', 'one', 'two', 'three']);
  });

  test('a send whose answer is lost is sent again with the same id', async () => {
    const { anas } = await people();
    let losses = 2;
    world.copies = () => 0;
    world.refuse = () => (losses-- > 0 ? 'lost-after' : null);
    await anas.say(DIRECT, 'once', null);
    await until(() => world.sends.length === 3);
    await until(() => state(anas).outbox.length === 0);
    expect(new Set(world.sends.map((send) => send.id)).size).toBe(1);
    expect(world.sends.map((send) => send.envelope)).toEqual(Array(3).fill(world.sends[0]?.envelope));
    expect(textsIn(anas)).toEqual(['hello', 'once']);
  });

  test('lost and repeated events are healed', async () => {
    const { ana, bos } = await people();
    let turn = 0;
    world.copies = () => [0, 2, 0, 3, 1][turn++ % 5] ?? 1;
    for (let at = 0; at < 60; at += 1) world.say(ana, `line ${at}`);
    world.copies = () => 1;
    world.say(ana, 'end');
    await until(() => textsIn(bos).length === 62);
    expect(textsIn(bos)).toEqual(['hello', ...Array.from({ length: 60 }, (_, at) => `line ${at}`), 'end']);
  });

  test('what was missed while away comes with the next connection, page by page', async () => {
    const { ana, bos } = await people();
    world.cut();
    world.up = false;
    for (let at = 0; at < 75; at += 1) world.say(ana, `line ${at}`);
    world.up = true;
    bos.setNetwork(true);
    await until(() => textsIn(bos).length === 76);
    expect(state(bos).unread.count).toBe(76);
  });

  test('a revoked session signs out and keeps the drafts', async () => {
    const ana = world.user('a');
    world.say(ana, 'hello');
    let out = false;
    const engine = await running_(
      world.engine(ana, {
        signedOut: () => {
          out = true;
        },
      }),
    );
    engine.setDraft(DIRECT, { text: 'half a thought', reply_to: null, editing: null });
    world.cut('session_revoked');
    await until(() => out);
    engine.stop();
    const again = await running_(world.engine(ana));
    expect(state(again).draft?.text).toBe('half a thought');
  });
});

describe('reload', () => {
  test('the outbox, drafts and messages are there before the network is', async () => {
    const { ana, anas } = await people();
    world.up = false;
    world.cut();
    await anas.say(DIRECT, 'waiting', null);
    anas.setDraft(DIRECT, { text: 'draft', reply_to: null, editing: null });
    const id = state(anas).items.at(-1)?.id;
    await until(() => state(anas).outbox[0]?.place !== undefined);
    anas.stop();

    const reloaded = world.engine(ana);
    running.push(reloaded);
    await reloaded.start();
    expect(textsIn(reloaded)).toEqual(['hello', 'waiting']);
    expect(state(reloaded).draft?.text).toBe('draft');
    world.up = true;
    reloaded.setNetwork(true);
    await until(() => world.log.length === 2);
    expect(world.log[1]?.id).toBe(id);
  });

  test('what was told and is not shown yet is looked for until it is', async () => {
    const { ana, bos } = await people();
    world.shows = 1;
    world.copies = () => 0;
    world.say(ana, 'lost on its way');
    world.copies = () => 1;
    world.say(ana, 'heard');
    await new Promise((wake) => setTimeout(wake, 50));
    expect(textsIn(bos)).toEqual(['hello']);
    world.shows = Number.POSITIVE_INFINITY;
    await until(() => textsIn(bos).length === 3);
    expect(textsIn(bos)).toEqual(['hello', 'lost on its way', 'heard']);
  });

  test('older pages come from disk, then from the server, without a hole', async () => {
    const [ana, bo] = [world.user('a'), world.user('b')];
    for (let at = 0; at < 130; at += 1) world.say(ana, `line ${at}`);
    const bos = await running_(world.engine(bo));
    expect(textsIn(bos).length).toBe(20);
    expect(state(bos).unread).toEqual({ count: 20, more: true });
    while (state(bos).log.floor > 1) await bos.loadOlder(DIRECT);
    expect(textsIn(bos)).toEqual(Array.from({ length: 130 }, (_, at) => `line ${at}`));
    bos.stop();

    world.up = false;
    const offline = world.engine(bo);
    running.push(offline);
    await offline.start();
    expect(textsIn(offline).length).toBe(60);
    while (state(offline).log.floor > 1) await offline.loadOlder(DIRECT);
    expect(textsIn(offline).length).toBe(130);
  });

  test('a retraction reaches copies that are only on disk', async () => {
    const [ana, bo] = [world.user('a'), world.user('b')];
    const first = world.say(ana, 'secret');
    for (let at = 0; at < 80; at += 1) world.say(ana, `line ${at}`);
    const bos = await running_(world.engine(bo));
    while (state(bos).log.floor > 1) await bos.loadOlder(DIRECT);
    bos.stop();
    const again = await running_(world.engine(bo));
    world.append(ana.id, { conversation_id: DIRECT, kind: 'retract', target: first.id });
    await until(() => state(again).log.retracted.has(first.id));
    again.stop();
    world.up = false;
    const offline = world.engine(bo);
    running.push(offline);
    await offline.start();
    while (state(offline).log.floor > 1) await offline.loadOlder(DIRECT);
    expect(state(offline).items[0]).toMatchObject({ retracted: true, content: null });
  });
});

describe('refusal', () => {
  test('a refusal for good is shown, can be retried, and holds nothing else up', async () => {
    const { anas } = await people();
    world.refuse = (message) => (JSON.stringify(message).includes('bad') ? problem(403, 'blocked') : null);
    await anas.say(DIRECT, 'bad', null);
    await anas.say(DIRECT, 'good', null);
    await until(() => world.log.length === 2 && state(anas).outbox.length === 1);
    expect(state(anas).outbox[0]).toMatchObject({ state: 'failed', problem: { code: 'blocked' } });
    world.refuse = () => null;
    for (const { id } of state(anas).outbox) await anas.retry(id);
    await until(() => state(anas).outbox.length === 0);
    expect(textsIn(anas)).toEqual(['hello', 'good', 'bad']);
  });

  test('a server that is busy is asked again', async () => {
    const { anas } = await people();
    let busy = 2;
    world.refuse = () => (busy-- > 0 ? problem(503, 'unavailable') : null);
    await anas.say(DIRECT, 'patience', null);
    await until(() => state(anas).outbox.length === 0);
    expect(textsIn(anas)).toEqual(['hello', 'patience']);
  });
});

describe('two tabs', () => {
  test('one sends, both show, nothing is sent twice', async () => {
    const ana = world.user('a');
    world.user('b');
    world.say(ana, 'hello');
    const locks = localLocks();
    const first = await running_(world.engine(ana, { locks }));
    const second = await running_(world.engine(ana, { locks }));
    await second.say(DIRECT, 'from the second tab', null);
    await first.say(DIRECT, 'from the first tab', null);
    await until(() => textsIn(first).length === 3 && textsIn(second).length === 3);
    await until(() => state(first).outbox.length === 0 && state(second).outbox.length === 0);
    expect(world.sends.length).toBe(2);
    first.stop();
    await second.say(DIRECT, 'alone now', null);
    await until(() => world.sends.length === 3);
  });
});
