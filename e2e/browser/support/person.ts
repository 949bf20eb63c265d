// A person in a browser of their own, and what people do with Sotto.
import {
  type Browser,
  type BrowserContextOptions,
  test as base,
  expect,
  type Locator,
  type Page,
} from '@playwright/test';

export type Tick = 'Waiting to be sent' | 'Sent' | 'Delivered' | 'Read';

export const PASSWORD = 'correct horse battery';

export class Person {
  constructor(
    readonly page: Page,
    readonly username: string,
    readonly name: string,
  ) {}

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: 'Message', exact: true });
  }

  get messages(): Locator {
    return this.page.getByRole('list', { name: 'Messages' });
  }

  /** The bubble with exactly these words. */
  message(text: string): Locator {
    const words = this.page.locator('[data-part="words"]', { hasText: new RegExp(`^${literally(text)}$`) });
    return this.messages.getByRole('listitem').filter({ has: words });
  }

  tick(text: string, tick: Tick): Locator {
    return this.message(text).getByRole('img', { name: tick, exact: true });
  }

  chat(name: string): Locator {
    return this.page
      .getByRole('navigation', { name: 'Chats' })
      .getByRole('link', { name: new RegExp(`^${literally(name)}`) });
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
    await expect(this.composer).toHaveValue('');
  }

  async open(name: string): Promise<void> {
    await this.chat(name).click();
    await expect(this.page.getByRole('region', { name: `Conversation with ${name}` })).toBeVisible();
  }

  /** Chooses an action from the menu of a message. */
  async act(text: string, action: string): Promise<void> {
    const message = this.message(text);
    await message.hover();
    await message.getByRole('button', { name: 'More actions' }).click();
    await this.page.getByRole('menuitem', { name: action }).click();
  }

  async find(other: Person): Promise<void> {
    await this.page.getByRole('button', { name: 'New chat' }).first().click();
    await this.page.getByRole('searchbox').fill(other.username);
    await this.page.getByRole('button', { name: `Chat with ${other.name}` }).click();
    await expect(this.composer).toBeVisible();
  }

  /** Waits for what the line about the connection says. */
  async reaches(text: string): Promise<void> {
    await expect(this.page.locator('footer').getByRole('status')).toHaveText(text);
  }

  async online(): Promise<void> {
    await this.reaches('Up to date');
  }

  async signIn(): Promise<void> {
    await this.page.getByLabel('Username').fill(this.username);
    await this.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await this.online();
  }

  /** On a device that has no part in what is sealed: goes on without what was said before. */
  async beginAnew(): Promise<void> {
    const link = this.page.getByRole('region', { name: 'Link this device' });
    await link.getByRole('button', { name: 'I have neither: begin anew' }).click();
    await this.page.getByRole('dialog').getByRole('button', { name: 'Begin anew' }).click();
    await expect(link).toHaveCount(0);
    await this.recovery.getByRole('button', { name: 'Not now' }).click();
  }

  /** The recovery key of a new account, in front of everything else. */
  get recovery(): Locator {
    return this.page.getByRole('dialog', { name: 'Save your recovery key' });
  }

  /** The words of the timeline, top to bottom. */
  async words(): Promise<string[]> {
    return this.messages.locator('[data-part="words"]').allInnerTexts();
  }
}

interface World {
  url: string;
  /** Registers somebody in a fresh browser context. */
  join: (name: string, options?: BrowserContextOptions, at?: string) => Promise<Person>;
  /** Two people who have a conversation open with each other. */
  pair: (options?: BrowserContextOptions, at?: string) => Promise<[ana: Person, bo: Person]>;
}

let joined = 0;

export const test = base.extend<World>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names
  url: async ({}, use) => {
    const url = process.env.SOTTO_JOURNEY_URL;
    if (!url) throw new Error('no server was started');
    await use(url);
  },
  join: async ({ browser, url }, use, info) => {
    const faults: string[] = [];
    const people: Person[] = [];
    await use(async (name, options, at = url) => {
      const person = await register(browser, at, name, `${info.workerIndex}x${++joined}`, faults, options);
      people.push(person);
      return person;
    });
    await Promise.all(people.map(({ page }) => page.context().close()));
    expect(faults, 'nothing goes wrong in the pages').toEqual([]);
  },
  pair: async ({ join }, use) => {
    await use(async (options, at) => {
      const [ana, bo] = await Promise.all([
        join('Ana Petrova', options, at),
        join('Bo Lindqvist', options, at),
      ]);
      await ana.find(bo);
      await ana.say('Hello Bo');
      await bo.open(ana.name);
      await expect(ana.tick('Hello Bo', 'Read')).toBeVisible();
      return [ana, bo];
    });
  },
});

export { expect };

async function register(
  browser: Browser,
  url: string,
  name: string,
  suffix: string,
  faults: string[],
  options: BrowserContextOptions = {},
): Promise<Person> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  watch(page, faults);
  const first =
    name
      .toLowerCase()
      .replace(/[^a-z]/g, '')
      .slice(0, 8) || 'someone';
  const username = `${first}.${Date.now().toString(36)}${suffix}`;
  await page.goto(`${url}/register`);
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  const person = new Person(page, username, name);
  await person.recovery.getByRole('button', { name: 'Not now' }).click();
  await person.online();
  return person;
}

/** Collects what no page may do: throw, or break the content security policy. */
export function watch(page: Page, faults: string[]): void {
  page.on('pageerror', (error) => faults.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() !== 'error' || /Failed to load resource|WebSocket connection|ERR_/.test(text)) return;
    faults.push(text);
  });
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
