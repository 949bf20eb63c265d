// Everybody can use it: no axe violation on any screen in either theme, the keyboard alone, a phone's width.
import { clean } from '../support/axe.ts';
import { choose } from '../support/groups.ts';
import { expect, PASSWORD, test } from '../support/person.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on any screen, ${colorScheme}`, async ({ pair, browser, url }) => {
    test.setTimeout(180_000);
    const guest = await (await browser.newContext({ colorScheme })).newPage();
    await guest.goto(url);
    await expect(guest.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
    await clean(guest, 'sign in');
    await guest.getByLabel('Username').fill('nobody');
    await guest.getByLabel('Password', { exact: true }).fill('wrong password');
    await guest.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(guest.getByRole('alert')).toBeVisible();
    await clean(guest, 'sign in, refused');
    await guest.getByRole('button', { name: 'Create an account' }).click();
    await clean(guest, 'register');
    await guest.getByRole('button', { name: 'Create account' }).click();
    await expect(guest.getByRole('alert').first()).toBeVisible();
    await clean(guest, 'register, refused');
    await guest.context().close();

    const [ana, bo] = await pair({ colorScheme });
    const { page } = ana;
    await bo.act('Hello Bo', 'Reply');
    await bo.say('Hello Ana, with a link: https://example.org/a');
    await bo.say('To be deleted');
    await bo.act('To be deleted', 'Delete for everyone');
    await clean(bo.page, 'delete dialog');
    await bo.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(ana.messages).toContainText('This message was deleted');
    await ana.message('Hello Bo').hover();
    await ana.message('Hello Bo').getByRole('button', { name: 'React' }).click();
    await clean(page, 'emoji picker');
    await page.getByRole('group', { name: 'Emoji' }).getByRole('button', { name: '👍' }).click();
    await clean(page, 'conversation');
    await ana.act('Hello Bo', 'Edit');
    await clean(page, 'editing');
    await page.keyboard.press('Escape');
    await ana.message('Hello Bo').hover();
    await ana.message('Hello Bo').getByRole('button', { name: 'More actions' }).click();
    await clean(page, 'message menu');
    await page.keyboard.press('Escape');
    await bo.composer.pressSequentially('typing');
    await expect(ana.chat(bo.name)).toContainText('typing…');
    await clean(page, 'somebody types');
    await page.context().setOffline(true);
    await ana.say('Waits');
    await ana.reaches('Offline, 1 waiting');
    await clean(page, 'offline');
    await page.context().setOffline(false);
    await ana.online();
    await page.getByRole('searchbox', { name: 'Search chats' }).fill('nobody of that name');
    await clean(page, 'search without a result');
    await page.getByRole('searchbox', { name: 'Search chats' }).fill('');
    await page.getByRole('button', { name: 'New chat' }).click();
    await clean(page, 'find people');
    await page.getByRole('searchbox').fill(bo.username);
    await expect(page.getByRole('button', { name: `Chat with ${bo.name}` })).toBeVisible();
    await clean(page, 'people found');
    await page.getByRole('searchbox').fill('');
    await page.getByRole('button', { name: 'New group' }).click();
    const making = page.getByRole('region', { name: 'New group' });
    await making.getByLabel('Name of the group').fill('Climbers');
    await choose(making, bo);
    await clean(page, 'new group');
    await making.getByRole('button', { name: 'Create group' }).click();
    await expect(ana.composer).toBeVisible();
    await page.getByRole('button', { name: 'Details' }).click();
    const about = page.getByRole('complementary', { name: 'About this group' });
    await about.getByRole('button', { name: 'Add people' }).click();
    await clean(page, 'group details');
    await about.getByRole('button', { name: 'Leave group' }).click();
    await clean(page, 'leave dialog');
    await page.keyboard.press('Escape');
    await page.goto(`${url}/settings`);
    const backup = page.getByRole('region', { name: 'Backup' });
    await backup.getByRole('button', { name: 'Set up backup' }).click();
    await expect(backup.getByLabel('Recovery key')).toBeVisible();
    await clean(page, 'recovery key');
    await backup.getByRole('button', { name: 'I saved it' }).click();
    await backup.getByRole('button', { name: 'Set a passphrase' }).click();
    await clean(page, 'passphrase');
    await expect(page.getByText('This device', { exact: true })).toBeVisible();
    await clean(page, 'settings');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await clean(page, 'sign-out dialog');
    await page.keyboard.press('Escape');
    await page.goto(url);
    await ana.online();
    await clean(page, 'nothing chosen');
    await page.setViewportSize({ width: 390, height: 844 });
    await clean(page, 'list, phone');
    await ana.open(bo.name);
    await clean(page, 'conversation, phone');
  });
}

test('the keyboard alone is enough', async ({ join, browser, url }) => {
  const bo = await join('Bo Lindqvist');
  const page = await (await browser.newContext()).newPage();
  const { keyboard } = page;
  const focused = page.locator(':focus');
  const tabTo = async (name: RegExp) => {
    await expect(async () => {
      if (
        await focused.evaluateAll(
          (found, source) =>
            found.some((one) =>
              new RegExp(source).test(one.getAttribute('aria-label') ?? one.textContent ?? ''),
            ),
          name.source,
        )
      )
        return;
      await keyboard.press('Tab');
      throw new Error(`not at ${name} yet`);
    }).toPass({ intervals: [0] });
  };
  const username = `kim.${Date.now().toString(36)}`;
  await page.goto(`${url}/register`);
  await expect(page.getByLabel('Username')).toBeVisible();
  await keyboard.press('Tab');
  await expect(page.getByLabel('Username')).toBeFocused();
  await keyboard.type(username);
  await keyboard.press('Tab');
  await keyboard.type('Kim');
  await keyboard.press('Tab');
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Save your recovery key' })).toBeVisible();
  await tabTo(/^Not now$/);
  await keyboard.press('Enter');
  await expect(page.getByText('Up to date')).toBeVisible();

  await tabTo(/^New chat$/);
  await keyboard.press('Enter');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await keyboard.type(bo.username);
  await expect(page.getByRole('button', { name: /Chat with/ })).toBeVisible();
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused();
  await keyboard.type('Written without a mouse');
  await keyboard.press('Shift+Enter');
  await keyboard.type('on two lines');
  await keyboard.press('Enter');
  await bo.open('Kim');
  await expect(bo.messages).toContainText('Written without a mouse\non two lines');

  // Back to the message, open its menu, edit it.
  await keyboard.press('Shift+Tab');
  await keyboard.press('Shift+Tab');
  await expect(focused).toHaveAttribute('data-message', /.+/);
  await keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Reply' })).toBeFocused();
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: 'Edit' })).toBeFocused();
  await keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeFocused();
  await keyboard.type(', really');
  await keyboard.press('Enter');
  await expect(bo.messages).toContainText('on two lines, really');
  await bo.say('Well done');
  await expect(page.getByTestId('announcer')).toHaveText('Bo Lindqvist: Well done');

  // From the composer, the arrow up edits the last message; Escape gives it up.
  await keyboard.press('ArrowUp');
  await expect(page.getByText('Editing message')).toBeVisible();
  await keyboard.press('Escape');
  await expect(page.getByText('Editing message')).toHaveCount(0);

  // The list by arrows.
  await tabTo(/^Bo Lindqvist|BL/);
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Message' })).toBeVisible();
  await page.context().close();
});

test('it works at phone width', async ({ pair }) => {
  const [ana, bo] = await pair({ viewport: { width: 390, height: 844 } });
  await bo.say('Can you read this on your phone? It is long enough to wrap, which is the point of it.');
  await expect(ana.messages).toContainText('which is the point of it.');
  const overflow = () => ana.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(await overflow()).toBe(0);
  await ana.page.getByRole('button', { name: 'Back to chats' }).click();
  await expect(ana.chat(bo.name)).toBeVisible();
  await expect(ana.composer).toBeHidden();
  expect(await overflow()).toBe(0);
  await ana.open(bo.name);
  await ana.page.goBack();
  await expect(ana.chat(bo.name)).toBeVisible();
  await ana.page.getByRole('button', { name: 'Settings' }).click();
  await expect(ana.page.getByRole('heading', { name: 'Settings' })).toBeVisible();
  expect(await overflow()).toBe(0);
  await ana.page.getByRole('button', { name: 'Back to chats' }).click();
  await expect(ana.chat(bo.name)).toBeVisible();
});
