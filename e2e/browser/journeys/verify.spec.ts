// Two people make sure that nobody stands between them: they compare, scan, and are told when it has changed.
import { mkdirSync } from 'node:fs';
import { join as path } from 'node:path';
import type { Browser, Locator } from '@playwright/test';
import { clean } from '../support/axe.ts';
import { CAMERA_ARGS, showCamera } from '../support/camera.ts';
import { expect, Person, test } from '../support/person.ts';
import { root, Server } from '../support/server.ts';

const base = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
test.use({
  launchOptions: {
    executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium',
    args: [...base, '--disable-background-networking', '--disable-component-update', ...CAMERA_ARGS],
  },
});

let server: Server;

test.beforeAll(async () => {
  server = await Server.start();
});

test.afterAll(async () => {
  await server.remove();
});

type Join = (name: string, options?: object, at?: string) => Promise<Person>;

/** Two people who have said hello. */
async function people(join: Join, options: object = {}): Promise<[ana: Person, bo: Person]> {
  const [ana, bo] = await Promise.all([
    join('Ana Petrova', options, server.url),
    join('Bo Lindqvist', options, server.url),
  ]);
  await ana.find(bo);
  await ana.say('hello');
  await bo.open(ana.name);
  await expect(bo.message('hello')).toBeVisible();
  return [ana, bo];
}

const details = ({ page }: Person): Locator => page.getByRole('complementary', { name: 'Details' });

async function openDetails(person: Person): Promise<Locator> {
  await person.page.getByRole('button', { name: 'Details', exact: true }).click();
  const pane = details(person);
  await expect(numberIn(pane)).toHaveText(/^(\d{5} ?){12}$/);
  return pane;
}

const numberIn = (pane: Locator): Locator => pane.getByRole('group', { name: 'Safety number' });
const codeIn = (pane: Locator): Locator => pane.getByRole('img', { name: 'Safety number as a QR code' });
const head = ({ page }: Person): Locator =>
  page
    .locator('header')
    .filter({ has: page.locator('h1') })
    .last();

async function picture({ page }: Person, name: string): Promise<void> {
  const folder = path(root, 'build', 'verify');
  mkdirSync(folder, { recursive: true });
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null))),
  );
  await page.screenshot({ path: path(folder, `${name}.png`) });
}

/** The same person begins anew in another browser, with other keys. */
async function anew(browser: Browser, bo: Person, withWhom: Person): Promise<Person> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.url);
  const second = new Person(page, bo.username, bo.name);
  await second.signIn();
  await second.beginAnew();
  await second.open(withWhom.name);
  return second;
}

test('two people compare their numbers, and each says that it is the same', async ({ join }) => {
  const [ana, bo] = await people(join);
  const [hers, his] = [await openDetails(ana), await openDetails(bo)];
  const number = (await numberIn(hers).textContent()) ?? '';
  await expect(numberIn(his)).toHaveText(number);
  await expect(hers.getByText('Not verified yet')).toBeVisible();
  await expect(head(ana)).not.toContainText('verified');
  await hers.getByRole('button', { name: 'Mark as verified' }).click();
  await expect(hers.getByText('Verified', { exact: true })).toBeVisible();
  await expect(head(ana)).toContainText('online · verified');
  // It is what she says, on this device: he has to compare by himself.
  await expect(his.getByText('Not verified yet')).toBeVisible();

  await ana.page.reload();
  await ana.online();
  await expect(head(ana)).toContainText('verified');
  await ana.say('we have compared');
  await expect(bo.message('we have compared')).toBeVisible();
  await details(ana).getByRole('button', { name: 'Remove verification' }).click();
  await expect(details(ana).getByText('Not verified yet')).toBeVisible();
  await expect(head(ana)).not.toContainText('verified');
  // The menu beside it still does what it did.
  await ana.page.getByRole('button', { name: 'More about this conversation' }).click();
  await ana.page.getByRole('menuitem', { name: `Block ${bo.name}` }).click();
  await ana.page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await expect(ana.page.getByText(`You blocked ${bo.name}.`)).toBeVisible();
});

test('an encrypted conversation says so once, and where one can look', async ({ join }) => {
  const [ana, bo] = await people(join);
  const line = ana.messages.getByRole('button', { name: /end-to-end encrypted/ });
  await expect(line).toHaveText(`Messages are end-to-end encrypted. Only you and ${bo.name} can read them.`);
  await line.click();
  await expect(numberIn(details(ana))).toBeVisible();
  await ana.page.goBack();
  await expect(details(ana)).toHaveCount(0);
  await ana.page.getByRole('button', { name: bo.name, exact: true }).click();
  await expect(details(ana)).toBeVisible();
});

test('the keyboard alone is enough to verify', async ({ join }) => {
  const [ana] = await people(join);
  const { page } = ana;
  const { keyboard } = page;
  const tabTo = async (name: string, key: 'Tab' | 'Shift+Tab') => {
    const wanted = page.getByRole('button', { name, exact: true });
    await expect(async () => {
      if (await wanted.evaluate((one) => one === document.activeElement)) return;
      await keyboard.press(key);
      throw new Error(`not at ${name} yet`);
    }).toPass({ intervals: [0] });
  };
  await expect(ana.composer).toBeFocused();
  await tabTo('Details', 'Shift+Tab');
  await keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Close details' })).toBeFocused();
  await expect(numberIn(details(ana))).toBeVisible();
  await tabTo('Scan their code', 'Tab');
  await keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Scan Bo Lindqvist’s code' })).toBeVisible();
  await keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Scan their code' })).toBeFocused();
  await tabTo('Mark as verified', 'Tab');
  await keyboard.press('Enter');
  await expect(details(ana).getByText('Verified', { exact: true })).toBeVisible();
  await keyboard.press('Escape');
  await expect(details(ana)).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Details', exact: true })).toBeFocused();
  await expect(head(ana)).toContainText('verified');
});

test.describe('with a camera', () => {
  // They share one.
  test.describe.configure({ mode: 'serial' });

  test('one scans the other’s code: it matches, or it does not, and without a camera it says so', async ({
    join,
  }) => {
    const [ana, bo] = await people(join);
    const carla = await join('Carla Mendes', {}, server.url);
    await carla.find(ana);
    await carla.say('me too');
    const [hers, his, third] = [await openDetails(ana), await openDetails(bo), await openDetails(carla)];
    const scan = hers.getByRole('button', { name: 'Scan their code' });
    const scanner = ana.page.getByRole('dialog', { name: `Scan ${bo.name}’s code` });

    await showCamera(null);
    await scan.click();
    await expect(scanner.getByRole('alert')).toContainText('Your browser does not let Sotto use the camera.');
    await clean(ana.page, 'scanner, refused');
    await picture(ana, 'scan-refused');
    await scanner.getByRole('button', { name: 'Close' }).click();

    await ana.page.context().grantPermissions(['camera'], { origin: server.url });
    await scan.click();
    await expect(scanner.getByRole('status')).toHaveText('Looking for a code…');
    await scanner.getByRole('button', { name: 'Cancel' }).click();
    await expect(hers.getByText('Not verified yet')).toBeVisible();

    await showCamera(codeIn(third));
    await scan.click();
    await expect(hers.getByRole('alert')).toContainText('It does NOT match');
    await expect(hers.getByText('Not verified yet')).toBeVisible();
    await clean(ana.page, 'it does not match');
    await picture(ana, 'scan-differs');

    await showCamera(codeIn(his));
    await hers.getByRole('button', { name: 'Scan again' }).click();
    await expect(hers.getByRole('status')).toHaveText(`It matches. ${bo.name} is verified.`);
    await expect(hers.getByRole('alert')).toHaveCount(0);
    await expect(head(ana)).toContainText('verified');
    await picture(ana, 'scan-matches');
  });

  test('a new device is linked by scanning its code', async ({ join, browser }) => {
    const [ana, bo] = await people(join);
    const page = await (await browser.newContext()).newPage();
    await page.goto(server.url);
    const second = new Person(page, bo.username, bo.name);
    await second.signIn();
    const card = page.getByRole('region', { name: 'Link this device' });
    const code = card.getByRole('img', { name: 'What your other device scans' });
    await expect(code).toBeVisible();
    await clean(page, 'link this device');
    await picture(second, 'link-this');

    await bo.page.getByRole('button', { name: 'Settings' }).click();
    const other = bo.page.getByRole('region', { name: 'Link a device' });
    await bo.page.context().grantPermissions(['camera'], { origin: server.url });
    const hers = await openDetails(ana);
    await showCamera(codeIn(hers));
    await other.getByRole('button', { name: 'Scan the code' }).click();
    const scanner = bo.page.getByRole('dialog', { name: 'Scan the code' });
    await expect(scanner.getByRole('status')).toHaveText('That is a code, but not one of a new device.');
    await picture(bo, 'scan-other');
    await scanner.getByRole('button', { name: 'Cancel' }).click();

    await showCamera(code);
    await other.getByRole('button', { name: 'Scan the code' }).click();
    const digits = (await other.getByLabel('Digits').textContent()) ?? '';
    await expect(card.getByLabel('Digits')).toHaveText(digits);
    await other.getByRole('button', { name: 'They are the same' }).click();
    await expect(card).toHaveCount(0);
    await ana.say('for both');
    await expect(second.chat(ana.name)).toContainText('for both');

    // Both are in the signed list; signed out from here, the second one is no more.
    await bo.page.reload();
    const devices = bo.page.getByRole('region', { name: 'Signed-in devices' }).getByRole('listitem');
    await expect(devices).toHaveCount(2);
    await expect(devices.getByText('Linked: reads your messages')).toHaveCount(2);
    await clean(bo.page, 'devices');
    await picture(bo, 'devices');
    const calls: string[] = [];
    bo.page.on('request', (request) => {
      if (['PUT', 'DELETE'].includes(request.method()))
        calls.push(`${request.method()} ${new URL(request.url()).pathname.split('/')[3]}`);
    });
    await devices.getByRole('button', { name: /^Sign out/ }).click();
    await expect(devices).toHaveCount(1);
    await expect(devices).toContainText('This device');
    expect(calls).toEqual(['PUT keys', 'DELETE sessions']);
    await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
    await page.context().close();
  });
});

test('a device that has no part in it yet is shown as such', async ({ join, browser }) => {
  const [, bo] = await people(join);
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.url);
  const second = new Person(page, bo.username, bo.name);
  await second.signIn();
  await bo.page.getByRole('button', { name: 'Settings' }).click();
  const devices = bo.page.getByRole('region', { name: 'Signed-in devices' }).getByRole('listitem');
  await expect(devices.filter({ hasText: 'This device' })).toContainText('Linked: reads your messages');
  await expect(devices.filter({ hasText: 'Last used' })).toContainText('Not linked');
  await devices.getByRole('button', { name: /^Sign out/ }).click();
  await expect(devices).toHaveCount(1);
  await page.context().close();
});

test('somebody begins anew: an entry says so, and the talk goes on', async ({ join, browser }) => {
  const [ana, bo] = await people(join);
  const before = (await numberIn(await openDetails(ana)).textContent()) ?? '';
  await ana.page.keyboard.press('Escape');
  await bo.page.context().setOffline(true);
  const second = await anew(browser, bo, ana);
  await second.say('I lost my laptop');
  await expect(ana.message('I lost my laptop')).toBeVisible();
  const entry = ana.messages.getByText('The safety number with Bo Lindqvist changed.');
  await expect(entry).toHaveCount(1);
  await ana.say('poor you');
  await expect(second.message('poor you')).toBeVisible();
  await ana.page.reload();
  await ana.online();
  await expect(entry).toHaveCount(1);
  await clean(ana.page, 'the number changed');
  await picture(ana, 'changed');
  await ana.messages.getByRole('button', { name: 'Compare' }).click();
  await expect(numberIn(details(ana))).toBeVisible();
  await expect(numberIn(details(ana))).not.toHaveText(before);
  await expect(numberIn(await openDetails(second))).toHaveText(
    (await numberIn(details(ana)).textContent()) ?? '',
  );
  await second.page.context().close();
});

test('whose number was compared is held when it changes, until the person goes on', async ({
  join,
  browser,
}) => {
  const [ana, bo] = await people(join);
  await (await openDetails(ana)).getByRole('button', { name: 'Mark as verified' }).click();
  await expect(head(ana)).toContainText('verified');
  await ana.page.keyboard.press('Escape');
  await bo.page.context().setOffline(true);
  const second = await anew(browser, bo, ana);
  await second.say('let me in');
  const banner = ana.page.getByRole('alert').filter({ hasText: 'safety number has changed' });
  await expect(banner).toContainText('You had verified it.');
  await expect(head(ana)).not.toContainText('verified');
  await ana.say('are you there?');
  await expect(ana.tick('are you there?', 'Waiting to be sent')).toBeVisible();
  await expect(ana.messages).toContainText('Waiting for this message.');

  await ana.page.reload();
  await ana.online();
  await expect(banner).toBeVisible();
  await expect(ana.tick('are you there?', 'Waiting to be sent')).toBeVisible();
  await clean(ana.page, 'held');
  await picture(ana, 'held');
  await ana.page.emulateMedia({ colorScheme: 'dark' });
  for (const [width, height] of [
    [1024, 768],
    [390, 844],
  ] as const) {
    await ana.page.setViewportSize({ width, height });
    await expect(banner).toBeInViewport();
    await clean(ana.page, `held, ${width}`);
    await picture(ana, `held-${width}-dark`);
  }
  await ana.page.emulateMedia({ colorScheme: 'light' });
  await ana.page.setViewportSize({ width: 1440, height: 900 });
  await banner.getByRole('button', { name: 'Compare' }).click();
  await expect(numberIn(details(ana))).toBeVisible();
  await expect(numberIn(await openDetails(second))).toHaveText(
    (await numberIn(details(ana)).textContent()) ?? '',
  );
  await clean(ana.page, 'held, details');
  await picture(ana, 'held-details');
  expect(await second.page.getByText('are you there?').count()).toBe(0);

  await banner.getByRole('button', { name: 'Accept the new number' }).click();
  await expect(banner).toHaveCount(0);
  await expect(ana.message('let me in')).toBeVisible();
  await expect(second.message('are you there?')).toBeVisible();
  await expect(details(ana).getByText('Not verified yet')).toBeVisible();
  await expect(ana.messages).toContainText('you went on with the new one');
  await picture(ana, 'accepted');
  await second.page.context().close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`details at every width, ${colorScheme}`, async ({ join }) => {
    const [ana, bo] = await people(join, { colorScheme });
    await bo.say('Are we still on for Saturday?');
    await expect(ana.message('Are we still on for Saturday?')).toBeVisible();
    await picture(ana, `conversation-1440-${colorScheme}`);
    const pane = await openDetails(ana);
    await expect(codeIn(pane)).toBeVisible();
    for (const [width, height] of [
      [1440, 900],
      [1200, 800],
      [1024, 768],
      [390, 844],
    ] as const) {
      await ana.page.setViewportSize({ width, height });
      await expect(pane).toBeInViewport();
      expect(await ana.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
      await clean(ana.page, `details, ${width}`);
      await picture(ana, `details-${width}-${colorScheme}`);
      // Beside the conversation where there is room, else over it: then nothing under it can be reached.
      const isCovered = ana.page.locator('textarea').evaluate((one) => one.closest('[inert]') !== null);
      expect(await isCovered, `${width}`).toBe(width < 1200);
    }
    await pane.getByRole('button', { name: 'Mark as verified' }).click();
    await expect(pane.getByText('Verified', { exact: true })).toBeVisible();
    await clean(ana.page, 'verified');
    await picture(ana, `verified-390-${colorScheme}`);
    await ana.page.goBack();
    await expect(details(ana)).toHaveCount(0);
    await ana.composer.fill('reachable again');
    await picture(ana, `verified-head-390-${colorScheme}`);
  });
}
