// The people whose devices this one seals for: their signed lists, and a session with each of their devices.
import type { Address, ClaimedKeys, DeviceList, UserId } from '../gen/contract.ts';
import type { Trust } from './trust.ts';
import { type Vault, VaultRefused } from './vault.ts';

export interface DirectoryApi {
  devices(user: UserId): Promise<DeviceList | null>;
  /** The lists of another version than is known. */
  changed(known: Readonly<Record<UserId, number>>): Promise<readonly DeviceList[]>;
  claim(devices: readonly Address[]): Promise<readonly ClaimedKeys[]>;
}

interface PeopleDeps {
  readonly me: UserId;
  readonly vault: Vault;
  readonly trust: Pick<Trust, 'changed' | 'learned'>;
  readonly keys: DirectoryApi;
}

/** The server's own bounds of a call. */
const MOST_CLAIMS = 100;
const MOST_PEOPLE = 1_000;

export class People {
  /** The version of each list that was learned since this page was opened. */
  private readonly versions = new Map<UserId, number>();

  constructor(private readonly deps: PeopleDeps) {}

  knows(user: UserId): boolean {
    return this.versions.has(user);
  }

  /** Fetches a person's devices; false where there are none yet. */
  async look(user: UserId): Promise<boolean> {
    const list = await this.deps.keys.devices(user);
    if (list) await this.learn(list);
    return list !== null;
  }

  /** Fetches what has changed of people's devices; one whose list is refused is not known, and holds nobody up. */
  async lookAt(people: readonly UserId[]): Promise<void> {
    const wanted = [...new Set(people)];
    for (let at = 0; at < wanted.length; at += MOST_PEOPLE) {
      const some = wanted.slice(at, at + MOST_PEOPLE);
      const known = Object.fromEntries(some.map((user) => [user, this.versions.get(user) ?? 0]));
      for (const list of await this.deps.keys.changed(known)) {
        try {
          await this.learn(list);
        } catch (error) {
          if (!(error instanceof VaultRefused)) throw error;
          console.warn(error.message);
        }
      }
    }
  }

  /** Begins with every device of these people that was not begun with. */
  async reach(users: readonly UserId[]): Promise<void> {
    const { devices } = await this.deps.vault.call('unreached', { users });
    for (let at = 0; at < devices.length; at += MOST_CLAIMS)
      await this.deps.vault.call('begin', {
        claimed: await this.deps.keys.claim(devices.slice(at, at + MOST_CLAIMS)),
      });
  }

  async learn(list: DeviceList): Promise<void> {
    const { user_id: user, version } = list;
    const { outcomes } = await this.deps.vault.call('learn', { lists: [list] });
    const [outcome] = outcomes;
    if (typeof outcome === 'object' && 'failed' in outcome) {
      // Others may begin anew, as people do; what that means is for trust to say.
      if (outcome.failed.remedy !== 'account_key_changed' || user === this.deps.me)
        throw new VaultRefused(outcome.failed);
      await this.deps.trust.changed(list);
    } else await this.deps.trust.learned(user);
    this.versions.set(user, version);
  }
}
