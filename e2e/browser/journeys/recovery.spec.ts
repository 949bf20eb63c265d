// Losing every device: the recovery key and the passphrase bring back what was said, and without them one begins anew.
import type { Browser } from '@playwright/test';
import { expect, PASSWORD, Person, test } from '../support/person.ts';

/** The same person in a browser that knows nothing. */
async function elsewhere(browser: Browser, person: Person): Promise<Person> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(new URL('/', person.page.url()).href);
  const again = new Person(page, person.username, person.name);
  await again.signIn();
  return again;
}

/** How many keys this browser has that the backup does not hold yet. */
function notBackedUp({ page }: Person): Promise<number> {
  return page.evaluate(async () => {
    const name = (await indexedDB.databases()).find((one) => one.name?.startsWith('sotto-keys'))?.name ?? '';
    const opening = indexedDB.open(name);
    await new Promise((resolve) => opening.addEventListener('success', resolve));
    const counting = opening.result.transaction('pending').objectStore('pending').count();
    await new Promise((resolve) => counting.addEventListener('success', resolve));
    opening.result.close();
    return counting.result;
  });
}

test('the recovery key is shown once, and brings everything back on a new device', async ({
  join,
  browser,
  url,
}) => {
  const ana = await join('Ana Petrova');
  const page = await (await browser.newContext()).newPage();
  const bo = new Person(page, `bo.${Date.now().toString(36)}`, 'Bo Lindqvist');
  await page.goto(`${url}/register`);
  await page.getByLabel('Username').fill(bo.username);
  await page.getByLabel('Your name').fill(bo.name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  const key = (await bo.recovery.getByLabel('Recovery key').textContent()) ?? '';
  expect(key).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){7}$/);
  const file = page.waitForEvent('download');
  await bo.recovery.getByRole('link', { name: 'Download' }).click();
  expect((await file).suggestedFilename()).toContain(bo.username);
  await page.screenshot({ path: '../../build/recovery-key.png' });
  await bo.recovery.getByRole('button', { name: 'I saved it' }).click();
  await expect(bo.recovery).toHaveCount(0);

  await ana.find(bo);
  await ana.say('remember this');
  await bo.open(ana.name);
  await expect(bo.message('remember this')).toBeVisible();
  await bo.say('always');
  await expect(ana.tick('remember this', 'Read')).toBeVisible();
  await page.getByRole('button', { name: 'Settings' }).click();
  const card = page.getByRole('region', { name: 'Backup' });
  await card.getByRole('button', { name: 'Set a passphrase' }).click();
  await card.getByLabel('Passphrase').fill('too short');
  await card.getByRole('button', { name: 'Save passphrase' }).click();
  await expect(card.getByRole('alert')).toHaveText('At least 12 characters.');
  await card.getByLabel('Passphrase').fill('four quiet herons at dawn');
  await card.getByRole('button', { name: 'Save passphrase' }).click();
  await expect(card.getByRole('button', { name: 'Change the passphrase' })).toBeVisible();
  await page.context().close();

  const second = await elsewhere(browser, bo);
  const link = second.page.getByRole('region', { name: 'Link this device' });
  await link.getByRole('textbox').fill('0000-0000-0000-0000-0000-0000-0000-0000');
  await link.getByRole('button', { name: 'Recover my messages' }).click();
  await expect(link.getByRole('alert')).toHaveText('That does not open your backup.');
  await second.page.screenshot({ path: '../../build/unlock.png' });
  await link.getByRole('textbox').fill(key.toLowerCase().replaceAll('-', ' '));
  await link.getByRole('button', { name: 'Recover my messages' }).click();
  await expect(link).toHaveCount(0);
  await second.open(ana.name);
  for (const words of ['remember this', 'always']) await expect(second.message(words)).toBeVisible();
  await second.say('from the new device');
  await expect(ana.message('from the new device')).toBeVisible();
  await expect.poll(() => notBackedUp(second)).toBe(0);
  await second.page.context().close();

  const third = await elsewhere(browser, bo);
  const again = third.page.getByRole('region', { name: 'Link this device' });
  await again.getByRole('textbox').fill('four quiet herons at dawn');
  await again.getByRole('button', { name: 'Recover my messages' }).click();
  await third.open(ana.name);
  for (const words of ['remember this', 'always', 'from the new device'])
    await expect(third.message(words)).toBeVisible();
  await third.page.context().close();
});

test('who has lost everything begins anew, and others see it', async ({ join, browser }) => {
  const [ana, bo] = await Promise.all([join('Ana Petrova'), join('Bo Lindqvist')]);
  await ana.find(bo);
  await ana.say('before');
  await bo.open(ana.name);
  await expect(bo.message('before')).toBeVisible();
  const anew = await elsewhere(browser, bo);
  await anew.beginAnew();
  await ana.say('are you there?');
  await anew.open(ana.name);
  await expect(anew.message('are you there?')).toBeVisible();
  await expect(anew.messages.getByText('before', { exact: true })).toHaveCount(0);
  await expect(ana.page.getByText(/safety number with Bo Lindqvist/i).first()).toBeVisible();
  await anew.say('a new beginning');
  await expect(ana.message('a new beginning')).toBeVisible();
  await anew.page.context().close();
});

test('a linked device reads what was said before it was linked', async ({ join, browser }) => {
  const [ana, bo] = await Promise.all([join('Ana Petrova'), join('Bo Lindqvist')]);
  await bo.page.getByRole('button', { name: 'Settings' }).click();
  const card = bo.page.getByRole('region', { name: 'Backup' });
  await card.getByRole('button', { name: 'Set up backup' }).click();
  await card.getByRole('button', { name: 'I saved it' }).click();
  await expect(card.getByText('can be read again')).toBeVisible();
  await ana.find(bo);
  await ana.say('long ago');
  await expect(bo.chat(ana.name)).toContainText('long ago');
  const second = await elsewhere(browser, bo);
  const link = second.page.getByRole('region', { name: 'Link this device' });
  const code = (await link.getByLabel('Code', { exact: true }).textContent()) ?? '';
  const other = bo.page.getByRole('region', { name: 'Link a device' });
  await other.getByLabel('Code on the new device').fill(code);
  await other.getByRole('button', { name: 'Link', exact: true }).click();
  await other.getByRole('button', { name: 'They are the same' }).click();
  await expect(link).toHaveCount(0);
  await second.open(ana.name);
  await expect(second.message('long ago')).toBeVisible();
  await second.page.context().close();
});

test('a message whose key got lost is asked for, and fills in by itself', async ({ pair, request }) => {
  test.setTimeout(150_000);
  const [ana, bo] = await pair();
  await bo.page.context().setOffline(true);
  await bo.reaches('Offline');
  await ana.say('lost on its way');
  await expect(ana.tick('lost on its way', 'Sent')).toBeVisible();
  // Somebody takes the box out of his mailbox before he comes to fetch it.
  const { access_token } = await bo.page.evaluate(() =>
    JSON.parse(localStorage.getItem('sotto.session') ?? '{}'),
  );
  const server = new URL('/api/v1', ana.page.url()).href;
  const headers = { authorization: `Bearer ${access_token}` };
  const { items } = await (await request.get(`${server}/mailbox`, { headers })).json();
  const ids = items.map(({ id }: { id: string }) => id).slice(-1);
  expect((await request.post(`${server}/mailbox/ack`, { headers, data: { ids } })).status()).toBe(204);

  await bo.page.context().setOffline(false);
  await bo.online();
  await expect(bo.messages.getByText('Waiting for this message.')).toBeVisible();
  await expect(bo.message('lost on its way')).toBeVisible({ timeout: 100_000 });
  await expect(bo.messages.getByText('Waiting for this message.')).toHaveCount(0);
});
