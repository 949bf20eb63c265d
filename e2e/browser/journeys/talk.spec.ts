// The main job: two people find each other and talk.
import { expect, Person, test, watch } from '../support/person.ts';

test('two people register, find each other and talk both ways', async ({ join }) => {
  const [ana, bo] = await Promise.all([join('Ana Petrova'), join('Bo Lindqvist')]);
  await expect(ana.page.getByText('Not encrypted: development')).toHaveCount(0);
  await ana.find(bo);
  await ana.say('Hello Bo, are you there?');
  await expect(bo.chat(ana.name)).toContainText('Hello Bo, are you there?');
  await expect(bo.chat(ana.name)).toContainText('1 unread message');
  await bo.open(ana.name);
  await expect(bo.message('Hello Bo, are you there?')).toBeVisible();
  await bo.say('I am!');
  await expect(ana.message('I am!')).toBeVisible();
  await expect(bo.chat(ana.name)).not.toContainText('unread');
});

test('a tick climbs: clock, one, two, two coloured', async ({ pair, browser, url }) => {
  const [ana, bo] = await pair();
  await bo.page.close();
  await ana.page.context().setOffline(true);
  await ana.say('Climb');
  await expect(ana.tick('Climb', 'Waiting to be sent')).toBeVisible();
  await ana.page.context().setOffline(false);
  await expect(ana.tick('Climb', 'Sent')).toBeVisible();

  const page = await (await browser.newContext()).newPage();
  watch(page, []);
  await page.goto(url);
  const again = new Person(page, bo.username, bo.name);
  await again.signIn();
  await expect(ana.tick('Climb', 'Delivered')).toBeVisible();
  await again.open(ana.name);
  await expect(ana.tick('Climb', 'Read')).toBeVisible();
  await page.context().close();
});

test('an edit, a reply, a reaction and a retraction reach the other', async ({ pair }) => {
  const [ana, bo] = await pair();
  await ana.say('See you at aight');
  await expect(bo.message('See you at aight')).toBeVisible();
  await ana.act('See you at aight', 'Edit');
  await expect(ana.composer).toHaveValue('See you at aight');
  await ana.say('See you at eight');
  await expect(bo.message('See you at eight')).toContainText('edited');
  await expect(bo.message('See you at aight')).toHaveCount(0);

  await bo.act('See you at eight', 'Reply');
  await expect(bo.page.getByText('Replying to Ana Petrova')).toBeVisible();
  await bo.say('Eight it is');
  const quote = ana.message('Eight it is').getByRole('button', { name: /Go to the quoted message: You/ });
  await expect(quote).toContainText('See you at eight');
  await quote.click();
  await expect(ana.message('See you at eight')).toBeInViewport();

  await bo.message('See you at eight').hover();
  await bo.message('See you at eight').getByRole('button', { name: 'React' }).click();
  await bo.page.getByRole('group', { name: 'Emoji' }).getByRole('button', { name: '🎉' }).click();
  const reaction = ana
    .message('See you at eight')
    .getByRole('button', { name: /🎉 from 1 person: Bo Lindqvist/ });
  await expect(reaction).toBeVisible();
  await reaction.click();
  await expect(
    bo.message('See you at eight').getByRole('button', { name: /🎉 from 2 people/ }),
  ).toBeVisible();
  await bo
    .message('See you at eight')
    .getByRole('button', { name: /🎉 from 2 people/ })
    .click();
  await expect(
    ana.message('See you at eight').getByRole('button', { name: /🎉 from 1 person: You/ }),
  ).toBeVisible();

  await ana.act('See you at eight', 'Delete for everyone');
  await ana.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(ana.messages).toContainText('You deleted this message');
  await expect(bo.messages).toContainText('This message was deleted');
  await expect(bo.page.getByText('See you at eight')).toHaveCount(0);
});

test('typing and presence are seen', async ({ pair }) => {
  const [ana, bo] = await pair();
  const head = ana.page.getByRole('region', { name: `Conversation with ${bo.name}` }).locator('header');
  await expect(head).toContainText('online');
  await bo.composer.pressSequentially('thinking');
  await expect(head).toContainText('typing…');
  await expect(ana.chat(bo.name)).toContainText('typing…');
  await bo.composer.fill('');
  await bo.say('done');
  await expect(head).toContainText('online');
  await bo.page.context().close();
  await expect(head).toContainText('last seen today at');
});

test('somebody who is blocked can’t write, and is told so', async ({ pair }) => {
  const [ana, bo] = await pair();
  await ana.page.getByRole('button', { name: 'More about this conversation' }).click();
  await ana.page.getByRole('menuitem', { name: `Block ${bo.name}` }).click();
  await ana.page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await expect(ana.page.getByText(`You blocked ${bo.name}.`)).toBeVisible();
  await bo.say('Are you cross?');
  await expect(bo.message('Are you cross?')).toContainText('Not sent');
  await ana.page.getByRole('button', { name: `Unblock ${bo.name}` }).click();
  await expect(ana.composer).toBeVisible();
  await bo.message('Are you cross?').getByRole('button', { name: 'Try again' }).click();
  await expect(ana.message('Are you cross?')).toBeVisible();
});

test('bad input is named at its field', async ({ browser, url, join }) => {
  const ana = await join('Ana Petrova');
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}/register`);
  const submit = page.getByRole('button', { name: 'Create account' });
  await page.getByLabel('Username').fill('!');
  await page.getByLabel('Password', { exact: true }).fill('long enough to pass');
  await submit.click();
  await expect(page.getByLabel('Username')).toHaveAccessibleDescription(/Use 2 to 32/);
  await expect(page.getByLabel('Username')).toBeFocused();
  await page.getByLabel('Username').fill(ana.username);
  await submit.click();
  await expect(page.getByLabel('Username')).toHaveAccessibleDescription(/taken/);
  await page.getByLabel('Username').fill(`${ana.username}2`);
  await page.getByLabel('Password', { exact: true }).fill('short');
  await submit.click();
  await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(/8 to 256/);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Username').fill(ana.username);
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('don’t match');
  await page.context().close();
});

test('older messages load upward without a jump', async ({ pair }) => {
  test.setTimeout(120_000);
  const [ana, bo] = await pair();
  for (let at = 0; at < 160; at += 1) await ana.say(`Line ${at}`);
  await expect(ana.tick('Line 159', 'Read')).toBeVisible();

  // Only the keys are there, so that the newest page is fetched, and the next one is held back.
  let release = () => undefined as undefined;
  const held = new Promise<void>((done) => {
    release = () => done() as undefined;
  });
  await bo.page.evaluate(async () => {
    for (const { name } of await indexedDB.databases())
      if (name && !name.startsWith('sotto-keys-')) indexedDB.deleteDatabase(name);
  });
  await bo.page.route(/before_seq=/, async (route) => {
    await held;
    await route.continue();
  });
  await bo.page.reload();
  await expect(bo.message('Line 159')).toBeInViewport();
  const scroller = bo.page.getByTestId('timeline');
  await expect(async () => {
    await scroller.evaluate((box) => {
      box.scrollTop = 150;
    });
    await expect(bo.page.getByText('Loading older messages')).toBeVisible({ timeout: 250 });
  }).toPass();
  const mark = await scroller.evaluate((box) => {
    const top = box.getBoundingClientRect().top;
    const words = [...box.querySelectorAll('[data-part="words"]')].find(
      (one) => one.getBoundingClientRect().top > top,
    );
    return {
      text: words?.textContent ?? '',
      top: words?.getBoundingClientRect().top ?? 0,
      height: box.scrollHeight,
    };
  });
  expect(mark.text).toMatch(/^Line \d+$/);
  release();
  await expect.poll(() => scroller.evaluate((box) => box.scrollHeight)).toBeGreaterThan(mark.height + 500);
  const after = await bo
    .message(mark.text)
    .locator('[data-part="words"]')
    .evaluate((one) => one.getBoundingClientRect().top);
  expect(Math.abs(after - mark.top)).toBeLessThan(3);

  await scroller.hover();
  await expect(async () => {
    await bo.page.mouse.wheel(0, -600);
    await expect(bo.message('Hello Bo')).toBeInViewport({ timeout: 250 });
  }).toPass();
  await expect(bo.page.getByText('This is the beginning of your conversation')).toBeVisible();
  await ana.say('And one more');
  await bo.page.getByRole('button', { name: /Jump to latest, 1 new message/ }).click();
  await expect(bo.message('And one more')).toBeInViewport();
});

test('what was said is found by its words, and one goes there', async ({ pair }) => {
  const [ana, bo] = await pair();
  await ana.say('The blue rope is in the hut');
  for (let at = 0; at < 40; at += 1) await ana.say(`Filler ${at}`);
  await expect(bo.chat(ana.name)).toContainText('Filler 39');
  const search = bo.page.getByRole('searchbox', { name: 'Search chats' });
  await search.fill('blue ro');
  const hits = bo.page.getByRole('region', { name: 'Messages' });
  await hits.getByRole('link', { name: 'The blue rope is in the hut' }).click();
  await expect(bo.message('The blue rope is in the hut')).toBeInViewport();
  await search.fill('green rope');
  await expect(hits).toHaveCount(0);
});
