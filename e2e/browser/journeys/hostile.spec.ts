// Names and texts that were made to do harm do none.
import { expect, test } from '../support/person.ts';

const MARKUP = '<img src=x onerror="document.title=\'owned\'">';
const TEXTS = [
  `<script>document.title='owned'</script>${MARKUP}`,
  'javascript:document.title="owned" and data:text/html,<b>hi</b>',
  '\u202Egnp.exe is not a picture\u202C',
  '"><svg onload=alert(1)>',
  'Z\u0351\u036B\u0343\u036A\u0302a\u033B\u0333l\u0321go',
];

test('markup in names and texts stays words', async ({ join }) => {
  const [ana, eve] = await Promise.all([join('Ana Petrova'), join(MARKUP)]);
  await ana.find(eve);
  await ana.say('Hello');
  await eve.open(ana.name);
  for (const text of TEXTS) await eve.say(text);
  await expect.poll(() => ana.words()).toEqual(['Hello', ...TEXTS]);
  await expect(ana.page).toHaveTitle(/^(\(1\) )?Sotto$/);
  expect(await ana.page.locator('img, svg[onload], script:not([src])').count()).toBe(0);
  const links = await ana.messages
    .getByRole('link')
    .evaluateAll((found) => found.map((one) => one.getAttribute('href')));
  expect(links).toEqual([]);
});

test('only web links become links, and they tell the other site nothing', async ({ pair }) => {
  const [ana, bo] = await pair();
  await bo.say(
    'See https://example.org/path?q=1, (http://example.com) and ftp://example.net javascript:alert(1)',
  );
  const links = ana.messages.getByRole('link');
  await expect(links).toHaveCount(2);
  await expect(links.nth(0)).toHaveAttribute('href', 'https://example.org/path?q=1');
  await expect(links.nth(1)).toHaveAttribute('href', 'http://example.com');
  await expect(links.nth(0)).toHaveAttribute('rel', 'noopener noreferrer nofollow');
});

test('a word of 10,000 characters breaks nothing', async ({ pair }) => {
  const [ana, bo] = await pair();
  const word = 'w'.repeat(10_000);
  await bo.say(word);
  const show = ana.page.getByRole('button', { name: 'Show all' });
  await expect(show).toBeVisible();
  expect(await ana.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  await show.click();
  await expect(ana.messages).toContainText(word);
  expect(await ana.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
  await expect(ana.chat(bo.name)).toContainText('wwww');
});

test('what is too long to send is said before it is sent', async ({ pair }) => {
  const [ana] = await pair();
  await ana.composer.fill('é'.repeat(33_000));
  await ana.composer.press('Enter');
  await expect(ana.page.getByRole('alert')).toContainText('too long');
  await expect(ana.composer).not.toHaveValue('');
});

test('a name that turns the text around is refused at its field', async ({ browser, url }) => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}/register`);
  await page.getByLabel('Username').fill(`turn.${Date.now().toString(36)}`);
  await page.getByLabel('Your name').fill('\u202Egnp.exe');
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByLabel('Your name')).toHaveAccessibleDescription(/direction/);
  await page.context().close();
});
