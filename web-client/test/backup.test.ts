// The backup, with real keys: what one device writes, another reads; two that write lose nothing of each other's.
import { afterEach, expect, test } from 'vitest';
import type { Message } from '../src/gen/contract.ts';
import { Directory, Phone } from './sealing.ts';

const running: Phone[] = [];
const start = (phone: Phone) => {
  running.push(phone);
  return phone.online();
};

afterEach(() => {
  for (const phone of running.splice(0)) phone.engine.stop();
});

/** The recovery key of a person who has just set it up. */
async function setUp(phone: Phone): Promise<string> {
  const recovery = await phone.engine.backup.newKey();
  await phone.engine.backup.lock({ recovery });
  return recovery;
}

/** A new device of the same person, let in by the recovery key. */
async function recovered(directory: Directory, of: Phone, recovery: string): Promise<Phone> {
  const phone = await start(new Phone(directory, of.user));
  expect(await phone.engine.backup.unlock({ recovery: 'AAAA' })).toBe(false);
  expect(await phone.engine.backup.unlock({ recovery })).toBe(true);
  await phone.engine.backup.look(true);
  return phone;
}

const words = async (phone: Phone, messages: readonly Message[]) =>
  (await phone.engine.open(messages)).map((content) => (content?.type === 'text' ? content.text : null));

test('a new device reads on with the recovery key, and both keep the backup from then on', async () => {
  const directory = new Directory();
  const [ana, bo] = [await start(new Phone(directory)), await start(new Phone(directory))];
  const said = [await ana.say('one', bo.user), await bo.say('two', ana.user)];
  expect(await bo.reads(said[0] as Message)).toBe('one');
  const recovery = await setUp(bo);
  const second = await recovered(directory, bo, recovery);
  expect(await words(second, said)).toEqual(['one', 'two']);

  await ana.engine.refresh([bo.user]);
  const third = await ana.say('three', bo.user);
  expect(await second.reads(third)).toBe('three');
  await second.engine.backup.flush();
  const fourth = await bo.say('four', ana.user);
  await bo.engine.backup.flush();
  await second.engine.backup.flush();
  const last = await recovered(directory, bo, recovery);
  expect(await words(last, [...said, third, fourth])).toEqual(['one', 'two', 'three', 'four']);
  // Two devices, few messages: the last part grows instead of there being many.
  expect(directory.backups.get(bo.user)?.parts.length).toBeLessThanOrEqual(4);
});

test('parts are small, however much there is', async () => {
  const directory = new Directory();
  const [ana, bo] = [await start(new Phone(directory)), await start(new Phone(directory))];
  const said: Message[] = [];
  for (let at = 0; at < 450; at += 1) said.push(await ana.say(`number ${at}`, bo.user));
  const recovery = await setUp(ana);
  const parts = directory.backups.get(ana.user)?.parts ?? [];
  expect(parts).toHaveLength(2);
  for (const part of parts) expect(part.length).toBeLessThan(196_608);
  const second = await recovered(directory, ana, recovery);
  expect(await words(second, said)).toEqual(said.map((_, at) => `number ${at}`));
});

test('a key that does not open the backup leaves the device where it was', async () => {
  const directory = new Directory();
  const [ana, bo] = [await start(new Phone(directory)), await start(new Phone(directory))];
  await ana.say('one', bo.user);
  await setUp(ana);
  await ana.engine.backup.flush();
  const mark = () => ana.vault.call('pending', { limit: 1 });
  const before = await mark();
  expect(before.last?.number).toBe(0);
  const other = await ana.engine.backup.newKey();
  expect(await ana.engine.backup.unlock({ recovery: other })).toBe(false);
  expect(await mark()).toEqual(before);
});
