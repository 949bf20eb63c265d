// What happens when the network, the page, the server or the session goes away.
import { expect, Person, test, watch } from '../support/person.ts';
import { Server } from '../support/server.ts';

test('three messages written offline arrive once, in order', async ({ pair }) => {
  const [ana, bo] = await pair();
  await ana.page.context().setOffline(true);
  await ana.reaches('Offline');
  for (const text of ['First', 'Second', 'Third']) await ana.say(text);
  await ana.reaches('Offline, 3 waiting');
  for (const text of ['First', 'Second', 'Third'])
    await expect(ana.tick(text, 'Waiting to be sent')).toBeVisible();
  await ana.page.context().setOffline(false);
  await expect(ana.tick('Third', 'Read')).toBeVisible();
  await ana.online();
  expect(await bo.words()).toEqual(['Hello Bo', 'First', 'Second', 'Third']);
  expect(await ana.words()).toEqual(['Hello Bo', 'First', 'Second', 'Third']);
});

test('what was written to somebody offline arrives when they return', async ({ pair }) => {
  const [ana, bo] = await pair();
  await bo.page.context().setOffline(true);
  await bo.reaches('Offline');
  for (const text of ['One', 'Two', 'Three']) await ana.say(text);
  await expect(ana.tick('Three', 'Sent')).toBeVisible();
  await bo.page.context().setOffline(false);
  await expect(bo.message('Three')).toBeVisible();
  expect(await bo.words()).toEqual(['Hello Bo', 'One', 'Two', 'Three']);
  await expect(ana.tick('Three', 'Read')).toBeVisible();
});

test('a reload keeps the draft and the outbox', async ({ pair }) => {
  const [ana, bo] = await pair();
  const context = ana.page.context();
  const address = ana.page.url();
  await context.setOffline(true);
  await ana.say('Still waiting');
  await ana.composer.fill('Half a thought');
  await expect(ana.chat(bo.name)).toContainText('Draft: Half a thought');
  await ana.page.close();

  // The page can be loaded again, but the server behind it does not answer.
  let answers = false;
  await context.route(/\/api\/v1\/|\/socket\.io\//, (route) => (answers ? route.continue() : route.abort()));
  await context.routeWebSocket(/socket\.io/, (socket) => {
    if (answers) socket.connectToServer();
    else socket.close();
  });
  await context.setOffline(false);
  const again = new Person(await context.newPage(), ana.username, ana.name);
  await again.page.goto(address);
  await expect(again.composer).toHaveValue('Half a thought');
  await expect(again.tick('Still waiting', 'Waiting to be sent')).toBeVisible();

  answers = true;
  await again.page.reload();
  await expect(again.composer).toHaveValue('Half a thought');
  await expect(bo.message('Still waiting')).toBeVisible();
  await expect(again.tick('Still waiting', 'Read')).toBeVisible();
  expect(await bo.words()).toEqual(['Hello Bo', 'Still waiting']);
  expect(await again.words()).toEqual(['Hello Bo', 'Still waiting']);
});

test('a restarted server is found again, and nothing is lost', async ({ pair }) => {
  const server = await Server.start();
  try {
    const [ana, bo] = await pair({}, server.url);
    await server.down('SIGKILL');
    await ana.reaches('Offline');
    await ana.say('While you were away');
    await expect(ana.tick('While you were away', 'Waiting to be sent')).toBeVisible();
    await server.up();
    await expect(bo.message('While you were away')).toBeVisible({ timeout: 40_000 });
    await expect(ana.tick('While you were away', 'Read')).toBeVisible();
    await bo.say('Welcome back');
    await expect(ana.message('Welcome back')).toBeVisible();
    expect(await ana.words()).toEqual(['Hello Bo', 'While you were away', 'Welcome back']);
  } finally {
    await server.remove();
  }
});

test('a session that is revoked elsewhere signs out, and loses no draft', async ({ pair, browser, url }) => {
  const [ana, bo] = await pair();
  await ana.composer.fill('Not finished');
  await expect(ana.chat(bo.name)).toContainText('Draft: Not finished');
  const page = await (await browser.newContext()).newPage();
  watch(page, []);
  await page.goto(url);
  const elsewhere = new Person(page, ana.username, ana.name);
  await elsewhere.signIn();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: /^Sign out .*Linux/ }).click();
  await expect(ana.page.getByText('You were signed out of this browser')).toBeVisible();
  await page.context().close();
  await ana.signIn();
  await expect(ana.chat(bo.name)).toContainText('Draft: Not finished');
  await ana.open(bo.name);
  await expect(ana.composer).toHaveValue('Not finished');
});

test('two tabs of one person show the same, and send once', async ({ pair }) => {
  const [ana, bo] = await pair();
  const page = await ana.page.context().newPage();
  await page.goto(ana.page.url());
  const second = new Person(page, ana.username, ana.name);
  await second.say('From the second tab');
  await expect(ana.message('From the second tab')).toBeVisible();
  await ana.say('From the first tab');
  await expect(second.message('From the first tab')).toBeVisible();
  await expect(bo.message('From the first tab')).toBeVisible();
  expect(await bo.words()).toEqual(['Hello Bo', 'From the second tab', 'From the first tab']);
  await ana.page.close();
  await second.say('Alone now');
  await expect(bo.message('Alone now')).toBeVisible();
});

test('signing out keeps everything, or removes it where one asks for that', async ({ pair }) => {
  const [ana, bo] = await pair();
  const { page } = ana;
  const kept = () =>
    page.evaluate(
      async () => (await indexedDB.databases()).filter(({ name }) => name?.startsWith('sotto-')).length,
    );
  const leave = async () => {
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  };
  await leave();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  // What was said, and the keys to it.
  expect(await kept()).toBe(2);
  await ana.signIn();
  await expect(ana.chat(bo.name)).toContainText('Hello Bo');
  await leave();
  await page.getByRole('dialog').getByRole('checkbox').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await expect.poll(kept).toBe(0);
});

test('a server that drains is left and found again', async ({ pair }) => {
  const server = await Server.start();
  try {
    const [ana, bo] = await pair({}, server.url);
    await server.down('SIGTERM');
    await ana.say('During the deploy');
    await expect(ana.tick('During the deploy', 'Waiting to be sent')).toBeVisible();
    await server.up();
    await expect(bo.message('During the deploy')).toBeVisible({ timeout: 40_000 });
    expect(await bo.words()).toEqual(['Hello Bo', 'During the deploy']);
  } finally {
    await server.remove();
  }
});
