// Names of people who are no members of what they said something in any more: fetched once, when a screen asks.
import type { User, UserId } from '../gen/contract.ts';
import type { Api } from './api.ts';

export class PeopleBook {
  private readonly asked = new Set<UserId>();
  private people: ReadonlyMap<UserId, User> = new Map();

  constructor(
    private readonly api: Pick<Api, 'person'>,
    private readonly changed: (people: ReadonlyMap<UserId, User>) => void,
  ) {}

  want(id: UserId): void {
    if (this.asked.has(id)) return;
    this.asked.add(id);
    this.api.person(id).then(
      (user) => {
        this.people = new Map(this.people).set(id, user);
        this.changed(this.people);
      },
      // Asked again when a screen asks again.
      () => this.asked.delete(id),
    );
  }
}
