// Keys that got lost on their way come all the same: with real devices, whose boxes the directory loses.
import { afterEach, expect, test, vi } from 'vitest';
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

/** How many boxes lie in somebody's mailbox. */
const waiting = (directory: Directory, phone: Phone) =>
  (directory.boxes.get(phone.me.device_id) ?? []).length;

test('messages whose boxes were lost are asked for, and fill in', async () => {
  const directory = new Directory();
  const [ana, bo] = [await start(new Phone(directory)), await start(new Phone(directory))];
  expect(await bo.reads(await ana.say('hello', bo.user))).toBe('hello');
  expect(await ana.reads(await bo.say('hello to you', ana.user))).toBe('hello to you');

  for (const [nth, text] of ['lost on its way', 'lost as well'].entries()) {
    const lost = await ana.say(text, bo.user);
    directory.boxes.set(bo.me.device_id, []);
    await ana.online();
    const before = waiting(directory, ana);
    const readable = vi.fn();
    bo.engine.listen({ readable, linked: () => undefined });
    expect(await bo.engine.open([lost])).toEqual([null]);
    // Bo asks by himself; Ana's device answers when it looks into its mailbox.
    await until(() => waiting(directory, ana) > before, 'bo asks');
    await ana.online();
    await bo.online();
    expect(readable).toHaveBeenCalledWith(new Set([lost.conversation_id]));
    expect(await bo.engine.open([lost])).toEqual([{ type: 'text', text }]);
    expect([directory.undecryptable, directory.repaired]).toEqual([nth + 1, nth + 1]);
  }
});

test('a message that was never for this device is not given to it', async () => {
  const directory = new Directory();
  const [ana, bo] = [await start(new Phone(directory)), await start(new Phone(directory))];
  await bo.reads(await ana.say('hello', bo.user));
  const eve = await start(new Phone(directory));
  await ana.reads(await eve.say('hi', ana.user));
  const secret = await ana.say('between us', bo.user);
  await ana.online();
  const before = waiting(directory, ana);
  expect(await eve.engine.open([secret])).toEqual([null]);
  await until(() => waiting(directory, ana) > before, 'eve asks');
  await ana.online();
  await eve.online();
  expect(await eve.engine.open([secret])).toEqual([null]);
});

test('what a device said before it was signed out is read', async () => {
  const directory = new Directory();
  const [ana, bo] = [await start(new Phone(directory)), await start(new Phone(directory))];
  expect(await bo.reads(await ana.say('hello', bo.user))).toBe('hello');
  const last = await ana.say('the last words', bo.user);
  // Its box is on its way still when the list without it is signed.
  const before = directory.lists.get(ana.user) ?? null;
  const gone = { before, add: [], remove: [ana.me.device_id] };
  directory.lists.set(ana.user, (await ana.vault.call('sign_devices', gone)).list);
  await bo.online();
  expect(await bo.opens(last)).toBe('the last words');
  await bo.engine.refresh([ana.user]);
  expect((await bo.vault.call('peer', { user: ana.user })).list?.devices).toEqual([]);
  expect(await bo.opens(last)).toBe('the last words');
});
