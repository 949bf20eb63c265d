// Whose key was compared, whose has changed, and what waits for the person: with real keys on both sides.
import { afterEach, describe, expect, test } from 'vitest';
import type { Standing } from '../src/crypto/trust.ts';
import { Directory, Phone } from './sealing.ts';
import { until } from './world.ts';

const running: Phone[] = [];
const start = (phone: Phone) => {
  running.push(phone);
  return phone.online();
};

afterEach(() => {
  for (const phone of running.splice(0)) phone.engine.stop();
});

async function people() {
  const directory = new Directory();
  const [ana, bo] = [await start(new Phone(directory)), await start(new Phone(directory))];
  expect(await bo.reads(await ana.say('hello', bo.user))).toBe('hello');
  expect(await ana.reads(await bo.say('hello to you', ana.user))).toBe('hello to you');
  return { directory, ana, bo };
}

async function compared() {
  const all = await people();
  const { ana, bo } = all;
  expect(await ana.engine.trust.verify(bo.user, await numberOf(ana, bo))).toBe(true);
  return all;
}

const standing = (who: Phone, about: Phone): Promise<Standing> => who.engine.trust.of(about.user);

async function numberOf(who: Phone, about: Phone): Promise<string> {
  return (await standing(who, about)).safety_number ?? '';
}

async function statesOf(who: Phone, about: Phone): Promise<string[]> {
  return (await standing(who, about)).changes.map(({ state }) => state);
}

/** Whether it is still under way after a moment. */
async function waits(work: Promise<unknown>): Promise<boolean> {
  const pause = new Promise<string>((wake) => setTimeout(wake, 60, 'waits'));
  return (await Promise.race([work, pause])) === 'waits';
}

describe('comparing', () => {
  test('both see the same sixty digits, and it is remembered who compared them', async () => {
    const { ana, bo } = await people();
    const number = await numberOf(ana, bo);
    expect(number).toMatch(/^\d{60}$/);
    expect(await numberOf(bo, ana)).toBe(number);
    expect(await standing(ana, bo)).toMatchObject({ verified: false, held: false, changes: [] });
    expect(await ana.engine.trust.verify(bo.user, number)).toBe(true);
    expect((await standing(await start(ana.reopened()), bo)).verified).toBe(true);
    expect((await standing(bo, ana)).verified).toBe(false);
    await ana.engine.trust.unverify(bo.user);
    expect((await standing(ana, bo)).verified).toBe(false);
  });

  test('a number other than the one that stands is not taken for compared', async () => {
    const { ana, bo } = await people();
    const other = (await numberOf(ana, bo)).replace(/^./, (digit) => String((Number(digit) + 1) % 10));
    expect(await ana.engine.trust.verify(bo.user, other)).toBe(false);
    expect((await standing(ana, bo)).verified).toBe(false);
  });

  test('whoever shows it is told', async () => {
    const { ana, bo } = await people();
    let told = 0;
    const end = ana.engine.trust.subscribe(() => {
      told += 1;
    });
    await ana.engine.trust.verify(bo.user, await numberOf(ana, bo));
    expect(told).toBeGreaterThan(0);
    end();
  });

  test('a new device of somebody’s changes nothing', async () => {
    const { ana, bo, directory } = await compared();
    const tablet = new Phone(directory, bo.user);
    const { keys } = await tablet.vault.call('self', {});
    const before = directory.lists.get(bo.user) ?? null;
    const { list } = await bo.vault.call('sign_devices', { before, add: [keys], remove: [] });
    directory.lists.set(bo.user, list);
    await ana.engine.trust.refresh(bo.user);
    expect(await standing(ana, bo)).toMatchObject({ verified: true, held: false, changes: [] });
  });
});

describe.each(['another device', 'the same device'] as const)('somebody begins anew on %s', (on) => {
  test('where nobody had compared, it goes on, and an entry says so', async () => {
    const { ana, bo } = await people();
    const before = await numberOf(ana, bo);
    const bos = await bo.anew(on);
    expect(await ana.reads(await bos.say('I lost my phone', ana.user))).toBe('I lost my phone');
    expect(await statesOf(ana, bo)).toEqual(['accepted']);
    expect(await numberOf(ana, bo)).not.toBe(before);
    expect(await bos.reads(await ana.say('poor you', bo.user))).toBe('poor you');
    // The same news once more is no news, also after a reload.
    const again = await start(ana.reopened());
    await again.engine.trust.refresh(bo.user);
    expect(await statesOf(again, bo)).toEqual(['accepted']);
  });

  test('where it was compared, nothing goes out and nothing is opened until the person goes on', async () => {
    const { ana, bo, directory } = await compared();
    const before = await numberOf(ana, bo);
    const bos = await bo.anew(on);
    const said = await bos.say('let me in', ana.user);
    const { claims } = directory;
    expect(await ana.reads(said)).toBe(null);
    expect(await standing(ana, bo)).toMatchObject({ verified: false, held: true });
    // Nothing is begun with them, also not to mend what did not open.
    expect(directory.claims).toBe(claims);
    await until(() => directory.boxes.get(ana.me.device_id)?.length === 0);
    const waiting = ana.say('are you there?', bo.user);
    expect(await waits(waiting)).toBe(true);

    const seen = await numberOf(ana, bo);
    expect(seen).not.toBe(before);
    expect(seen).toBe(await numberOf(bos, ana));
    expect(await ana.engine.trust.accept(bo.user, seen)).toBe(true);
    expect(await bos.reads(await waiting)).toBe('are you there?');
    expect(await ana.opens(said)).toBe('let me in');
    expect(await standing(ana, bo)).toMatchObject({ verified: false, held: false, safety_number: seen });
    expect(await statesOf(ana, bo)).toEqual(['agreed']);
    expect(await ana.disk.heldMail()).toEqual([]);
  });

  test('what is held stays so through a reload, and what was put aside is still there', async () => {
    const { ana, bo } = await compared();
    const bos = await bo.anew(on);
    const said = await bos.say('let me in', ana.user);
    expect(await ana.reads(said)).toBe(null);
    const again = await start(ana.reopened());
    expect(await waits(again.say('hm', bo.user))).toBe(true);
    expect(await standing(again, bo)).toMatchObject({ verified: false, held: true });
    expect(await again.engine.trust.verify(bo.user, await numberOf(bos, ana))).toBe(true);
    expect(await again.opens(said)).toBe('let me in');
    expect((await standing(again, bo)).verified).toBe(true);
  });
});

describe('held', () => {
  test('only the number that the person saw is accepted', async () => {
    const { ana, bo } = await compared();
    const old = await numberOf(ana, bo);
    const bos = await bo.anew('another device');
    await ana.engine.trust.refresh(bo.user);
    const seen = await numberOf(ana, bo);
    expect(await ana.engine.trust.accept(bo.user, old)).toBe(false);
    await bos.anew('another device');
    await ana.engine.trust.refresh(bo.user);
    expect(await ana.engine.trust.accept(bo.user, seen)).toBe(false);
    expect(await standing(ana, bo)).toMatchObject({ held: true });
    expect(await statesOf(ana, bo)).toEqual(['held', 'held']);
  });

  test('what was put aside opens later, where there is no network when the person goes on', async () => {
    const { ana, bo } = await compared();
    const bos = await bo.anew('another device');
    const said = await bos.say('let me in', ana.user);
    expect(await ana.reads(said)).toBe(null);
    const { receive } = ana.engine;
    ana.engine.receive = () => Promise.reject(new Error('offline'));
    expect(await ana.engine.trust.accept(bo.user, await numberOf(ana, bo))).toBe(true);
    expect(await ana.opens(said)).toBe(null);
    ana.engine.receive = receive;
    await ana.online();
    expect(await ana.opens(said)).toBe('let me in');
    expect(await ana.disk.heldMail()).toEqual([]);
  });

  test('the same change, noticed again, keeps its time', async () => {
    const { ana, bo } = await compared();
    await bo.anew('another device');
    await ana.engine.trust.refresh(bo.user);
    const first = await ana.disk.keyChanges();
    await new Promise((wake) => setTimeout(wake, 5));
    await ana.engine.trust.refresh(bo.user);
    expect(await ana.disk.keyChanges()).toEqual(first);
    expect(first.length).toBe(1);
  });

  test('two tabs that notice it at the same moment make one entry of it', async () => {
    const { ana, bo } = await people();
    await bo.anew('another device');
    await ana.engine.trust.refresh(bo.user);
    const [change] = await ana.disk.keyChanges();
    if (change) await ana.disk.putKeyChange({ ...change, at: `${change.at.slice(0, -1)}9Z` });
    expect((await ana.disk.keyChanges()).length).toBe(2);
    expect(await statesOf(await start(ana.reopened()), bo)).toEqual(['accepted']);
  });

  test('a device that is not linked asks once, and has no number to show', async () => {
    const { ana, bo, directory } = await people();
    const tablet = new Phone(directory, ana.user);
    running.push(tablet);
    let told = 0;
    tablet.engine.trust.subscribe(() => {
      told += 1;
      if (told < 50) void standing(tablet, bo);
    });
    expect((await standing(tablet, bo)).safety_number).toBe(null);
    await new Promise((wake) => setTimeout(wake, 100));
    expect(told).toBeLessThan(5);
  });

  test('looking at the new number keeps nothing of it', async () => {
    const { ana, bo } = await compared();
    await bo.anew('another device');
    await ana.engine.trust.refresh(bo.user);
    await numberOf(ana, bo);
    expect(await ana.vault.call('peer', { user: bo.user })).toMatchObject({ is_verified: true });
  });

  test('the old key again is the one that was compared', async () => {
    const { ana, bo, directory } = await compared();
    const old = directory.lists.get(bo.user);
    await bo.anew('another device');
    await ana.engine.trust.refresh(bo.user);
    const waiting = ana.say('hm', bo.user);
    expect(await waits(waiting)).toBe(true);
    if (old) directory.lists.set(bo.user, old);
    await ana.engine.trust.refresh(bo.user);
    expect(await bo.reads(await waiting)).toBe('hm');
    expect(await standing(ana, bo)).toMatchObject({ verified: true, held: false });
    expect(await statesOf(ana, bo)).toEqual(['returned']);
  });

  test('another tab is let go when one accepts', async () => {
    const { ana, bo } = await compared();
    const tab = await start(ana.tab());
    const bos = await bo.anew('another device');
    await tab.engine.refresh([bo.user]);
    const waiting = tab.say('hm', bo.user);
    expect(await waits(waiting)).toBe(true);
    await ana.engine.trust.refresh(bo.user);
    await ana.engine.trust.accept(bo.user, await numberOf(ana, bo));
    expect(await bos.reads(await waiting)).toBe('hm');
  });
});

describe('one’s own devices', () => {
  test('a device that is taken out is not sealed for any more', async () => {
    const { ana, bo, directory } = await people();
    const tablet = new Phone(directory, bo.user);
    const { keys } = await tablet.vault.call('self', {});
    const before = directory.lists.get(bo.user) ?? null;
    const { list } = await bo.vault.call('sign_devices', { before, add: [keys], remove: [] });
    directory.lists.set(bo.user, list);
    const { devices } = bo.engine.trust;
    expect(await devices.list()).toEqual([bo.me.device_id, tablet.me.device_id]);
    await devices.remove(tablet.me.device_id);
    expect(await devices.list()).toEqual([bo.me.device_id]);
    await ana.engine.refresh([bo.user]);
    await ana.say('only for the phone', bo.user);
    expect(directory.boxes.get(tablet.me.device_id)).toBe(undefined);
  });

  test('another device that signs at the same time is not overwritten', async () => {
    const { bo, directory } = await people();
    const [tablet, watch] = [new Phone(directory, bo.user), new Phone(directory, bo.user)];
    const [one, two] = [await tablet.vault.call('self', {}), await watch.vault.call('self', {})];
    const before = directory.lists.get(bo.user) ?? null;
    const first = await bo.vault.call('sign_devices', { before, add: [one.keys], remove: [] });
    const second = await bo.vault.call('sign_devices', { before: first.list, add: [two.keys], remove: [] });
    directory.lists.set(bo.user, first.list);
    directory.beforePut = () => directory.lists.set(bo.user, second.list);
    await bo.engine.trust.devices.remove(tablet.me.device_id);
    expect(await bo.engine.trust.devices.list()).toEqual([bo.me.device_id, watch.me.device_id]);
  });
});
