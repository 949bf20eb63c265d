// Takes the pictures of a real conversation: light, dark, and at phone width.
import { mkdirSync } from 'node:fs';
import { join as path } from 'node:path';
import { makeGroup } from '../support/groups.ts';
import { expect, type Person, test } from '../support/person.ts';
import { root } from '../support/server.ts';

const shots = path(root, 'build', 'screenshots');
const docs = path(root, 'docs', 'pictures');

async function take(person: Person, name: string, doc?: string): Promise<void> {
  const { page } = person;
  await page.mouse.move(0, 0);
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null))),
  );
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path(shots, `${name}.png`) });
  if (!doc || process.env.SOTTO_UPDATE_PICTURES !== '1') return;
  mkdirSync(docs, { recursive: true });
  await page.screenshot({ path: path(docs, `${doc}.png`) });
}

test('a conversation looks as it should, and its pictures are taken', async ({ join }) => {
  const [ana, bo, carla, dmitri, emi] = await Promise.all([
    join('Ana Petrova'),
    join('Bo Lindqvist'),
    join('Carla Mendes'),
    join('Dmitri Volkov'),
    join('Emi Tanaka'),
  ]);
  for (const [friend, text] of [
    [emi, 'The photos from the hut are up, have a look when you have a quiet minute.'],
    [dmitri, 'See you on Thursday, then'],
    [carla, 'The contract is signed 🎉'],
  ] as const) {
    await friend.find(ana);
    await friend.say(text);
    await expect(ana.chat(friend.name)).toBeVisible();
  }
  await ana.open(emi.name);
  await ana.say('They are wonderful. Thank you!');
  await makeGroup(carla, 'Ridge on Saturday', [ana, bo, emi]);
  await carla.say('Who has a second headlamp?');
  await expect(ana.chat('Ridge on Saturday')).toContainText('headlamp');
  await ana.open('Ridge on Saturday');
  await ana.say('I have two');
  await ana.open(dmitri.name);
  await expect(dmitri.tick('See you on Thursday, then', 'Read')).toBeVisible();

  await bo.find(ana);
  await bo.say('Are we still on for the ridge on Saturday?');
  await bo.say('The forecast says clear until four.');
  await ana.open(bo.name);
  await expect(ana.message('The forecast says clear until four.')).toBeVisible();
  await ana.act('Are we still on for the ridge on Saturday?', 'Reply');
  await ana.say('Yes! I’ll bring the rope and the stove.');
  await ana.say('Can you take the first-aid kit?');
  await bo.open(ana.name);
  await bo.say('Of course. This is the route I had in mind: https://maps.example.org/ridge/north-face');
  await expect(ana.messages).toContainText('north-face');
  const route = ana.messages.getByRole('listitem').filter({ hasText: 'north-face' });
  await route.hover();
  await route.getByRole('button', { name: 'React' }).click();
  await ana.page.getByRole('group', { name: 'Emoji' }).getByRole('button', { name: '🔥' }).click();
  await bo.say('One change: the early train is cancelled, so it is the 7:52 instead. Platform 4.');
  await ana.say('Perfect, I will be there at 7:45');
  await ana.act('Perfect, I will be there at 7:45', 'Edit');
  await ana.say('Perfect, I’ll be there at 7:45 with coffee and cake 🍰');
  await expect(bo.messages).toContainText('with coffee');
  await carla.open(ana.name);
  await carla.say('Now we celebrate!');
  await expect(ana.chat(carla.name)).toContainText('2 unread messages');
  await expect(ana.messages.getByRole('img', { name: 'Read', exact: true })).toHaveCount(3);
  await bo.composer.pressSequentially('See you at the');
  await expect(ana.chat(bo.name)).toContainText('typing…');

  await take(ana, 'conversation-light', 'conversation-light');
  await ana.page.emulateMedia({ colorScheme: 'dark' });
  await take(ana, 'conversation-dark', 'conversation-dark');
  await ana.page.setViewportSize({ width: 1024, height: 768 });
  await take(ana, 'conversation-dark-1024');
  await ana.page.setViewportSize({ width: 390, height: 844 });
  await take(ana, 'phone-dark');
  await ana.page.emulateMedia({ colorScheme: 'light' });
  await take(ana, 'phone-light');
  await ana.page.getByRole('button', { name: 'Back to chats' }).click();
  await take(ana, 'phone-list-light');
});
