// Where the server takes only sealed envelopes: people talk as ever, and it reads nothing.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join as path } from 'node:path';
import { expect, Person, test } from '../support/person.ts';
import { Server } from '../support/server.ts';

let server: Server;

test.beforeAll(async () => {
  server = await Server.start();
});

test.afterAll(async () => {
  await server.remove();
});

/** Everything that a page sends and is sent, as bytes. */
function listen({ page }: Person): Buffer[] {
  const heard: Buffer[] = [];
  const keep = (data: string | Buffer | null) => data && heard.push(Buffer.from(data));
  page.on('request', (request) => keep(request.postDataBuffer()));
  page.on('response', (response) => {
    if (response.url().includes('/api/')) response.body().then(keep, () => undefined);
  });
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => keep(payload));
    socket.on('framereceived', ({ payload }) => keep(payload));
  });
  return heard;
}

function filesIn(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => path(folder, String(name)))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file));
}

/** A word as it could lie somewhere: raw, hex, UTF-16, and base64 at each of its three alignments. */
function forms(word: string): Buffer[] {
  const raw = Buffer.from(word);
  const aligned = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), raw]).toString('base64');
    return Buffer.from(text.slice(4, -4));
  });
  return [raw, Buffer.from(raw.toString('hex')), Buffer.from(word, 'utf16le'), ...aligned];
}

function holds(places: readonly Buffer[], word: string): boolean {
  return forms(word).some((form) => places.some((place) => place.includes(form)));
}

test('people talk, and nothing they say is anywhere but on their devices', async ({ join }) => {
  const [ana, bo] = await Promise.all([
    join('Ana Petrova', {}, server.url),
    join('Bo Lindqvist', {}, server.url),
  ]);
  const wires = [...listen(ana), ...listen(bo)];
  const [hers, his] = [listen(ana), listen(bo)];
  await Promise.all([ana.page.reload(), bo.page.reload()]);
  await Promise.all([ana.online(), bo.online()]);

  await ana.find(bo);
  await ana.say('canary-oriole-7731 hello');
  await expect(bo.chat(ana.name)).toContainText('canary-oriole-7731 hello');
  await bo.open(ana.name);
  await bo.say('canary-wagtail-4402 yes');
  await expect(ana.message('canary-wagtail-4402 yes')).toBeVisible();
  await expect(ana.tick('canary-oriole-7731 hello', 'Read')).toBeVisible();
  await ana.act('canary-oriole-7731 hello', 'Edit');
  await ana.say('canary-oriole-7731 good day');
  await expect(bo.message('canary-oriole-7731 good day')).toContainText('edited');

  await bo.page.reload();
  await bo.online();
  await expect(bo.message('canary-oriole-7731 good day')).toBeVisible();
  await bo.say('canary-siskin-9918 still here');
  await expect(ana.message('canary-siskin-9918 still here')).toBeVisible();

  await server.down();
  const disk = filesIn(server.data);
  const places = [...wires, ...hers, ...his, ...disk, Buffer.from(server.lines)];
  for (const word of ['canary-oriole-7731', 'canary-wagtail-4402', 'canary-siskin-9918'])
    expect(holds(places, word), `${word} was found`).toBe(false);
  // What the server may know is found: the search looks where things are.
  expect(holds([...hers, ...his], ana.username)).toBe(true);
  expect(holds(disk, bo.username)).toBe(true);
  expect(holds([...hers, ...his], '"ciphertext"')).toBe(true);
  await server.up();
});

test('whoever was away reads everything, in two tabs as in one', async ({ join }) => {
  const [ana, bo] = await Promise.all([
    join('Ana Petrova', {}, server.url),
    join('Bo Lindqvist', {}, server.url),
  ]);
  await ana.find(bo);
  await ana.say('one');
  await bo.open(ana.name);
  await expect(bo.message('one')).toBeVisible();
  await bo.page.context().setOffline(true);
  for (const words of ['two', 'three', 'four']) await ana.say(words);
  await expect(ana.tick('four', 'Sent')).toBeVisible();
  await bo.page.context().setOffline(false);
  await expect(bo.message('four')).toBeVisible();

  const tab = await bo.page.context().newPage();
  await tab.goto(bo.page.url());
  const words = (page: typeof tab) => page.locator('[data-part="words"]').allInnerTexts();
  await expect.poll(() => words(tab)).toEqual(['one', 'two', 'three', 'four']);
  await ana.say('five');
  for (const page of [bo.page, tab]) await expect.poll(() => words(page)).toContain('five');
  await bo.say('six');
  await expect(ana.message('six')).toBeVisible();
  await expect.poll(() => words(tab)).toContain('six');
});

test('a plain message is refused, and says so', async ({ join, request }) => {
  const [ana, bo] = await Promise.all([
    join('Ana Petrova', {}, server.url),
    join('Bo Lindqvist', {}, server.url),
  ]);
  await ana.find(bo);
  const session = await ana.page.evaluate(() => JSON.parse(localStorage.getItem('sotto.session') ?? '{}'));
  const conversation = new URL(ana.page.url()).pathname.split('/')[2];
  const answer = await request.post(`${server.url}/api/v1/conversations/${conversation}/messages`, {
    headers: { authorization: `Bearer ${session.access_token}` },
    data: { envelope: { kind: 'plain', content: { type: 'text', text: 'x' } } },
  });
  expect([answer.status(), (await answer.json()).code]).toEqual([422, 'plaintext_refused']);
});

test('a second device is linked by its code, and then reads and writes like the first', async ({
  join,
  browser,
}) => {
  const [ana, bo] = await Promise.all([
    join('Ana Petrova', {}, server.url),
    join('Bo Lindqvist', {}, server.url),
  ]);
  await ana.find(bo);
  await ana.say('before');
  await expect(bo.chat(ana.name)).toContainText('before');
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.url);
  const second = new Person(page, bo.username, bo.name);
  await second.signIn();
  await expect(second.chat(ana.name)).toContainText('This was said before this device could read along.');
  const card = page.getByRole('region', { name: 'Link this device' });
  const code = (await card.getByLabel('Code', { exact: true }).textContent()) ?? '';
  expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);

  await bo.page.getByRole('button', { name: 'Settings' }).click();
  const other = bo.page.getByRole('region', { name: 'Link a device' });
  await other.getByLabel('Code on the new device').fill('0000 0000 0000 0000');
  await other.getByRole('button', { name: 'Link' }).click();
  await expect(other.getByRole('alert')).toHaveText('No device of yours that is signed in shows this code.');
  await other.getByLabel('Code on the new device').fill(code.toLowerCase().replaceAll('-', ' '));
  await other.getByRole('button', { name: 'Link' }).click();
  const digits = (await other.getByLabel('Digits').textContent()) ?? '';
  expect(digits).toMatch(/^\d\d$/);
  await expect(card.getByLabel('Digits')).toHaveText(digits);
  await page.screenshot({ path: '../../build/link-new.png' });
  await bo.page.screenshot({ path: '../../build/link-old.png' });
  await other.getByRole('button', { name: 'They are the same' }).click();
  await expect(card).toHaveCount(0);

  await ana.say('after');
  await expect(second.chat(ana.name)).toContainText('after');
  await second.open(ana.name);
  await second.say('from the second');
  await expect(ana.message('from the second')).toBeVisible();
  await bo.page.getByRole('button', { name: 'Back to chats' }).click();
  await bo.open(ana.name);
  for (const words of ['before', 'after', 'from the second']) await expect(bo.message(words)).toBeVisible();
  await bo.say('from the first');
  await expect(second.message('from the first')).toBeVisible();
  await page.context().close();
});
