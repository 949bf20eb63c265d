// What people do to make a group.
import { expect, type Locator } from '@playwright/test';
import type { Person } from './person.ts';

export async function choose(pane: Locator, person: Person): Promise<void> {
  await pane.getByRole('searchbox').fill(person.username);
  await pane.getByRole('button', { name: new RegExp(person.username) }).click();
}

export async function makeGroup(by: Person, name: string, people: readonly Person[]): Promise<void> {
  await by.page.getByRole('button', { name: 'New chat' }).first().click();
  await by.page.getByRole('button', { name: 'New group' }).click();
  const pane = by.page.getByRole('region', { name: 'New group' });
  await pane.getByLabel('Name of the group').fill(name);
  for (const person of people) await choose(pane, person);
  await pane.getByRole('button', { name: 'Create group' }).click();
  await expect(by.composer).toBeVisible();
}
