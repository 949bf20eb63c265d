// What a person does with groups: make them, bring people in, take them out, leave. Where private conversations are sealed,
// each change is signed, so that nobody gets in behind the members' backs.
import type { CryptoEngine } from '../crypto/engine.ts';
import type { Roles } from '../crypto/groups.ts';
import type { ConversationId, Role, SignedMembers, UserId } from '../gen/contract.ts';
import type { Api } from './api.ts';
import type { Conversations } from './conversations.ts';
import { newConversationId } from './ids.ts';
import { Refused } from './problem.ts';

interface GroupsDeps {
  readonly me: UserId;
  readonly api: Pick<Api, 'startGroup' | 'addMembers' | 'removeMember' | 'changeMember'>;
  readonly crypto: Pick<CryptoEngine, 'groups'>;
  readonly conversations: Pick<Conversations, 'get' | 'upsert' | 'remove'>;
}

type Statement = { statement?: SignedMembers };

/** How often the members may change while one change is made. */
const TRIES = 4;

export class Groups {
  constructor(private readonly deps: GroupsDeps) {}

  async create(title: string, user_ids: readonly UserId[]): Promise<ConversationId> {
    const { me, api, crypto, conversations } = this.deps;
    const roles = Object.fromEntries(user_ids.map((user): [UserId, Role] => [user, 'member']));
    const id = newConversationId();
    const statement = await crypto.groups?.sign(id, { ...roles, [me]: 'owner' });
    const conversation = await api.startGroup({
      title,
      user_ids: [...user_ids],
      ...(statement ? { id, statement } : {}),
    });
    if (statement) await crypto.groups?.taken(statement);
    await conversations.upsert(conversation);
    return conversation.id;
  }

  async add(id: ConversationId, users: readonly UserId[]): Promise<void> {
    const joined = Object.fromEntries(users.map((user): [UserId, Role] => [user, 'member']));
    await this.change(
      id,
      (roles) => ({ ...joined, ...roles }),
      async (signed) => {
        const changed = await this.deps.api.addMembers(id, { user_ids: [...users], ...signed });
        await this.deps.conversations.upsert(changed);
      },
    );
  }

  async remove(id: ConversationId, user: UserId): Promise<void> {
    await this.change(
      id,
      (roles) => without(roles, user),
      (signed) => this.deps.api.removeMember(id, user, signed),
    );
  }

  async setRole(id: ConversationId, user: UserId, role: Role): Promise<void> {
    await this.change(
      id,
      (roles) => ({ ...roles, [user]: role }),
      async (signed) => {
        const changed = await this.deps.api.changeMember(id, user, { role, ...signed });
        await this.deps.conversations.upsert(changed);
      },
    );
  }

  /** Leaves; an owner who is the only one hands the group over. */
  async leave(id: ConversationId): Promise<void> {
    const { me, api, crypto, conversations } = this.deps;
    await this.change(
      id,
      (roles) => handedOver(without(roles, me)),
      (signed) => api.removeMember(id, me, signed),
    );
    await conversations.remove(id);
    await crypto.groups?.forget(id);
  }

  /** Signs what comes after `how`, and tries again where somebody else has changed the members meanwhile. */
  private async change(
    id: ConversationId,
    how: (roles: Roles) => Roles,
    call: (signed: Statement) => Promise<void>,
  ): Promise<void> {
    const { groups } = this.deps.crypto;
    const epoch = this.deps.conversations.get(id)?.conversation.epoch ?? 0;
    if (!groups || epoch === 0) return call({});
    for (let left = TRIES; ; left -= 1) {
      await groups.follow(id);
      const members = await groups.members(id);
      const next = how(Object.fromEntries((members ?? []).map(({ user_id, role }) => [user_id, role])));
      // Whoever goes last has nobody left to sign it for.
      const statement = Object.keys(next).length > 0 ? await groups.sign(id, next) : undefined;
      try {
        await call(statement ? { statement } : {});
        if (statement) await groups.taken(statement);
        return;
      } catch (error) {
        const isStale = error instanceof Refused && error.problem.code === 'stale_epoch';
        if (!isStale || left === 1) throw error;
      }
    }
  }
}

function without(roles: Roles, user: UserId): Roles {
  return Object.fromEntries(Object.entries(roles).filter(([id]) => id !== user));
}

/** Somebody owns it: the first admin, else the first member. */
function handedOver(roles: Roles): Roles {
  const everybody = Object.entries(roles) as [UserId, Role][];
  if (everybody.length === 0 || everybody.some(([, role]) => role === 'owner')) return roles;
  const [heir] = everybody.find(([, role]) => role === 'admin') ?? everybody[0] ?? [];
  return heir ? { ...roles, [heir]: 'owner' } : roles;
}
