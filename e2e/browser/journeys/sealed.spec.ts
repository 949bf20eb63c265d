// Where the server takes only sealed envelopes: people talk as ever, and it reads nothing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { makeGroup } from '../support/groups.ts';
import { expect, Person, test } from '../support/person.ts';
import { Server } from '../support/server.ts';

/** Everything that the server side keeps, and what it logged: its own files, or what its engines give. */
async function kept(server: Server | null): Promise<Buffer[]> {
  if (server) {
    await server.down();
    const places = [...filesIn(server.data), Buffer.from(server.lines)];
    await server.up();
    return places;
  }
  const { SOTTO_ENGINES_BIN: engines, SOTTO_ENGINES_FOLDER: folder } = process.env;
  if (!engines || !folder)
    throw new Error('SOTTO_ENGINES_BIN and _FOLDER name what gives out what the engines keep');
  const into = mkdtempSync(path(tmpdir(), 'sotto-canary-'));
  try {
    execFileSync(engines, ['dump', '--folder', folder, into]);
    return filesIn(into);
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

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

/** Something that the server may read: where it does not turn up, the search would find nothing anywhere. */
async function sayOpenly({ page }: Person, words: string): Promise<void> {
  await page.evaluate(async (text) => {
    const { access_token } = JSON.parse(localStorage.getItem('sotto.session') ?? '{}');
    const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
    const post = async (path: string, body: object) => {
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await fetch(`/api/v1${path}`, init)).json();
    };
    const { id } = await post('/conversations', { kind: 'community', title: 'Open', user_ids: [] });
    await post(`/conversations/${id}/messages`, {
      envelope: { kind: 'plain', content: { type: 'text', text } },
    });
  }, words);
}

test('people talk, and nothing they say is anywhere but on their devices', async ({ join, url }) => {
  test.setTimeout(150_000);
  const server = process.env.SOTTO_URL ? null : await Server.start();
  const at = server?.url ?? url;
  const [ana, bo] = await Promise.all([join('Ana Petrova', {}, at), join('Bo Lindqvist', {}, at)]);
  const wires = [listen(ana), listen(bo)];
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

  await makeGroup(ana, 'Watchers', [bo]);
  await ana.say('canary-avocet-2045 in the group');
  await bo.open('Watchers');
  await expect(bo.message('canary-avocet-2045 in the group')).toBeVisible();
  // The backup has had the time to write itself.
  await bo.page.getByRole('button', { name: 'Settings' }).click();
  const backup = bo.page.getByRole('region', { name: 'Backup' });
  await backup.getByRole('button', { name: 'Set up backup' }).click();
  const key = (await backup.getByLabel('Recovery key').textContent()) ?? '';
  await backup.getByRole('button', { name: 'I saved it' }).click();
  await expect(backup.getByText('can be read again')).toBeVisible();
  await sayOpenly(ana, 'canary-plover-1207 for everybody');

  const disk = await kept(server);
  const sent = wires.flat();
  const secrets = ['canary-oriole-7731', 'canary-wagtail-4402', 'canary-siskin-9918', 'canary-avocet-2045'];
  for (const word of [...secrets, key]) {
    expect(holds(disk, word), `${word} is kept`).toBe(false);
    expect(holds(sent, word), `${word} was sent`).toBe(false);
  }
  // What the server may know is found: the search looks where things are.
  for (const word of ['canary-plover-1207', bo.username, 'Watchers'])
    expect(holds(disk, word), `${word} is not found`).toBe(true);
  for (const word of ['canary-plover-1207', ana.username, '"ciphertext"'])
    expect(holds(sent, word), `${word} was not heard`).toBe(true);
  await server?.remove();
});

test('whoever was away reads everything, in two tabs as in one', async ({ join }) => {
  const [ana, bo] = await Promise.all([join('Ana Petrova'), join('Bo Lindqvist')]);
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

test('a plain message is refused, and says so', async ({ join, request, url }) => {
  const [ana, bo] = await Promise.all([join('Ana Petrova'), join('Bo Lindqvist')]);
  await ana.find(bo);
  const session = await ana.page.evaluate(() => JSON.parse(localStorage.getItem('sotto.session') ?? '{}'));
  const conversation = new URL(ana.page.url()).pathname.split('/')[2];
  const answer = await request.post(`${url}/api/v1/conversations/${conversation}/messages`, {
    headers: { authorization: `Bearer ${session.access_token}` },
    data: { envelope: { kind: 'plain', content: { type: 'text', text: 'x' } } },
  });
  expect([answer.status(), (await answer.json()).code]).toEqual([422, 'plaintext_refused']);
});

test('a second device is linked by its code, and then reads and writes like the first', async ({
  join,
  browser,
  url,
}) => {
  const [ana, bo] = await Promise.all([join('Ana Petrova'), join('Bo Lindqvist')]);
  await ana.find(bo);
  await ana.say('before');
  await expect(bo.chat(ana.name)).toContainText('before');
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
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
