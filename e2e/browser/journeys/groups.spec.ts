// Groups, sealed: made, talked in, changed, left; whoever comes reads from then on, whoever goes reads no more.
import type { Locator } from '@playwright/test';
import { choose, makeGroup } from '../support/groups.ts';
import { expect, type Person, test } from '../support/person.ts';

async function details(by: Person): Promise<Locator> {
  await by.page.getByRole('button', { name: 'Details' }).click();
  return by.page.getByRole('complementary', { name: 'About this group' });
}

test('a group talks, grows and shrinks, and everybody reads just what was said while they were in it', async ({
  join,
}) => {
  const [ana, bo, cy] = await Promise.all(
    ['Ana Petrova', 'Bo Lindqvist', 'Cy Okafor'].map((name) => join(name)),
  );
  if (!ana || !bo || !cy) throw new Error('three people');
  await makeGroup(ana, 'Climbers', [bo]);
  await ana.say('hello climbers');
  await bo.open('Climbers');
  await expect(bo.message('hello climbers')).toBeVisible();
  await bo.say('hello ana');
  await expect(ana.message('hello ana')).toBeVisible();
  await expect(ana.tick('hello climbers', 'Read')).toBeVisible();

  const pane = await details(ana);
  await pane.getByRole('button', { name: 'Add people' }).click();
  await choose(pane, cy);
  await pane.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(pane.getByText('3 members')).toBeVisible();
  await ana.page.screenshot({ path: '../../build/group-details.png' });
  await cy.open('Climbers');
  await expect(cy.messages.getByText('Ana Petrova added you')).toBeVisible();
  await expect(cy.messages.getByText('hello climbers')).toHaveCount(0);
  await ana.say('welcome cy');
  await expect(cy.message('welcome cy')).toBeVisible();
  await cy.say('glad to be here');
  for (const person of [ana, bo]) await expect(person.message('glad to be here')).toBeVisible();
  await bo.page.screenshot({ path: '../../build/group.png' });

  await pane.getByRole('button', { name: `More about ${cy.name}` }).click();
  await ana.page.getByRole('menuitem', { name: `Remove ${cy.name}` }).click();
  await ana.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(cy.chat('Climbers')).toHaveCount(0);
  await expect(bo.messages.getByText('Ana Petrova removed Cy Okafor')).toBeVisible();
  await bo.say('only us again');
  await expect(ana.message('only us again')).toBeVisible();

  await bo.page.reload();
  await bo.online();
  await expect
    .poll(() => bo.words())
    .toEqual(['hello climbers', 'hello ana', 'welcome cy', 'glad to be here', 'only us again']);
  // The owner leaves, and somebody owns it still.
  await pane.getByRole('button', { name: 'Leave group' }).click();
  await ana.page.getByRole('dialog').getByRole('button', { name: 'Leave group' }).click();
  await expect(ana.chat('Climbers')).toHaveCount(0);
  await expect(bo.messages.getByText('Ana Petrova left')).toBeVisible();
  const his = await details(bo);
  await his.getByRole('button', { name: 'Add people' }).click();
  await choose(his, ana);
  await his.getByRole('button', { name: 'Add', exact: true }).click();
  await ana.open('Climbers');
  await bo.say('back so soon');
  await expect(ana.message('back so soon')).toBeVisible();
});

test('whoever was away while the members changed reads on', async ({ join }) => {
  const [ana, bo, cy] = await Promise.all(
    ['Ana Petrova', 'Bo Lindqvist', 'Cy Okafor'].map((name) => join(name)),
  );
  if (!ana || !bo || !cy) throw new Error('three people');
  await makeGroup(ana, 'Walkers', [bo, cy]);
  await ana.say('one');
  await bo.open('Walkers');
  await expect(bo.message('one')).toBeVisible();
  await bo.page.context().setOffline(true);
  await cy.open('Walkers');
  await expect(cy.message('one')).toBeVisible();
  const pane = await details(cy);
  await pane.getByRole('button', { name: 'Leave group' }).click();
  await cy.page.getByRole('dialog').getByRole('button', { name: 'Leave group' }).click();
  await expect(ana.messages.getByText('Cy Okafor left')).toBeVisible();
  await ana.say('two');
  await bo.say('from far away');
  await bo.page.context().setOffline(false);
  await expect(bo.message('two')).toBeVisible();
  await expect(ana.message('from far away')).toBeVisible();
});
