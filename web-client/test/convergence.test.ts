// Whatever happens to the network and to the page: each message is there once, in order, for everybody.
import 'fake-indexeddb/auto';
import { Dexie } from 'dexie';
import { IDBFactory } from 'fake-indexeddb';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { User } from '../src/gen/contract.ts';
import type { Engine } from '../src/sync/engine.ts';
import { DIRECT, problem, textOf, textsIn, World } from './world.ts';

type Step =
  | { do: 'say'; who: 0 | 1 }
  | { do: 'cut' | 'down' | 'up' }
  | { do: 'reload'; who: 0 | 1 }
  | { do: 'faults'; copies: number; answers: 'good' | 'lost-before' | 'lost-after' | 'busy' }
  | { do: 'wait'; ms: number };

const who = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('say' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'down' as const, 'up' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const), who }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('faults' as const),
      copies: fc.nat(2),
      answers: fc.constantFrom(
        'good' as const,
        'lost-before' as const,
        'lost-after' as const,
        'busy' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(800) }) },
);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

class Person {
  private constructor(
    private readonly world: World,
    readonly user: User,
    public engine: Engine,
    readonly said: string[] = [],
  ) {}

  static async join(world: World, name: string): Promise<Person> {
    const user = world.user(name);
    const person = new Person(world, user, world.engine(user));
    await person.engine.start();
    return person;
  }

  async say(): Promise<void> {
    const text = `${this.user.username}${this.said.length}`;
    this.said.push(text);
    await this.engine.say(DIRECT, text, null);
  }

  async reload(): Promise<void> {
    this.engine.stop();
    this.engine = this.world.engine(this.user);
    await this.engine.start();
  }

  get rests(): boolean {
    const { reach, waiting, states } = this.engine.getSnapshot();
    return reach === 'online' && waiting === 0 && states.get(DIRECT)?.outbox.length === 0;
  }
}

async function take(world: World, people: readonly [Person, Person], one: Step): Promise<void> {
  switch (one.do) {
    case 'say':
      return people[one.who].say();
    case 'reload':
      return people[one.who].reload();
    case 'cut':
      return world.cut();
    case 'down':
      world.up = false;
      return world.cut();
    case 'up':
      world.up = true;
      return undefined;
    case 'faults':
      world.copies = () => one.copies;
      world.refuse = () =>
        one.answers === 'good' ? null : one.answers === 'busy' ? problem(503, 'unavailable') : one.answers;
      return undefined;
    case 'wait':
      await vi.advanceTimersByTimeAsync(one.ms);
  }
}

test('everything said is there once, in its sender’s order, for both', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      Dexie.dependencies.indexedDB = new IDBFactory();
      const world = new World();
      const people = [await Person.join(world, 'a'), await Person.join(world, 'b')] as const;
      world.say(people[0].user, 'hello');
      await vi.advanceTimersByTimeAsync(100);
      for (const one of steps) await take(world, people, one);

      world.up = true;
      world.copies = () => 1;
      world.refuse = () => null;
      for (const { engine } of people) engine.setNetwork(true);
      // A last word, so that a lost event is noticed: there is nothing else that could tell.
      world.say(people[0].user, 'goodbye');
      const settled = () =>
        people.every(({ rests, engine }) => rests && textsIn(engine).length === world.log.length);
      for (let waited = 0; waited < 120 && !settled(); waited += 1) await vi.advanceTimersByTimeAsync(1_000);

      const log = world.log.map(textOf);
      for (const { engine } of people) expect(textsIn(engine)).toEqual(log);
      for (const { said, user } of people) {
        expect(log.filter((text) => text.startsWith(user.username) && text !== 'hello')).toEqual(said);
      }
      for (const { engine } of people) engine.stop();
    }),
    { numRuns: 60 },
  );
});
