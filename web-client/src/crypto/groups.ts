// Groups: following what was signed about their members, and sealing for just those.
import type {
  Conversation,
  ConversationId,
  MemberRole,
  Message,
  Role,
  SignedMembers,
  Statements,
  UserId,
} from '../gen/contract.ts';
import type { Sealed } from './engine.ts';
import type { People } from './people.ts';
import type { Trust } from './trust.ts';
import type { Draft, Outcome, Vault } from './vault.ts';

export interface StatementsApi {
  statements(id: ConversationId, after: number): Promise<Statements>;
}

interface GroupsDeps {
  readonly vault: Vault;
  readonly people: People;
  readonly api: StatementsApi;
  readonly trust: Pick<Trust, 'patiently'>;
  /** Posts the boxes that wait. */
  readonly post: () => Promise<void>;
}

export type Roles = Readonly<Record<UserId, Role>>;

/** The members are not signed, or this device could not follow how they were. */
class NotFollowed extends Error {
  constructor() {
    super('the members of this group are not confirmed on this device yet');
    this.name = 'NotFollowed';
  }
}

export class Groups {
  private readonly following = new Map<ConversationId, Promise<boolean>>();
  /** Up to which statement the server had none more to tell. */
  private readonly seen = new Map<ConversationId, number>();

  constructor(private readonly deps: GroupsDeps) {}

  /** The members as they were signed; null where this device has not followed them. */
  async members(id: ConversationId): Promise<readonly MemberRole[] | null> {
    return (await this.known(id))?.members ?? null;
  }

  async seal(draft: Draft, conversation: Conversation): Promise<Sealed> {
    const { vault, people, post, trust } = this.deps;
    if (((await this.known(conversation.id))?.epoch ?? 0) < (conversation.epoch ?? 0))
      await this.follow(conversation.id);
    const group = await this.known(conversation.id);
    if (!group) throw new NotFollowed();
    const members = group.members.map(({ user_id }) => user_id);
    const unknown = members.filter((user) => !group.versions[user]);
    await trust.patiently(members, () => people.lookAt(unknown));
    await people.reach(members);
    const sealed = await vault.call('seal_group', { draft });
    // The sender's key goes before what it opens.
    await post();
    return { envelope: { kind: 'sealed', ...sealed.envelope }, boxes: [], roster: sealed.roster };
  }

  /** Follows what was signed since; true where something was. One look at a time for each group. */
  follow(id: ConversationId): Promise<boolean> {
    const running = this.following.get(id);
    if (running) return running;
    const mine = this.catchUp(id).finally(() => this.following.delete(id));
    this.following.set(id, mine);
    return mine;
  }

  /** Whether a message that waits may open once more was followed. */
  isBehind(message: Message): boolean {
    const epoch = message.envelope?.kind === 'sealed' ? message.envelope.context?.epoch : undefined;
    return epoch !== undefined && epoch > 0 && epoch > (this.seen.get(message.conversation_id) ?? 0);
  }

  /** Signs who is in from now on. */
  async sign(id: ConversationId, roles: Roles): Promise<SignedMembers> {
    await this.deps.people.lookAt(Object.keys(roles) as UserId[]);
    return (await this.deps.vault.call('sign_members', { conversation: id, roles })).statement;
  }

  /** A statement of this device's own was taken. */
  async taken(statement: SignedMembers): Promise<void> {
    await this.deps.vault.call('follow', { statements: [statement] });
    this.seen.set(statement.conversation_id, statement.epoch);
  }

  async forget(id: ConversationId): Promise<void> {
    this.seen.delete(id);
    await this.deps.vault.call('stop_speaking', { conversation: id });
  }

  private async known(id: ConversationId) {
    return (await this.deps.vault.call('group', { conversation: id })).group;
  }

  private async catchUp(id: ConversationId): Promise<boolean> {
    let moved = false;
    for (let after = (await this.known(id))?.epoch ?? 0; ; ) {
      const { statements, has_more } = await this.deps.api.statements(id, after);
      const last = statements.at(-1);
      if (!last) break;
      await this.deps.people.lookAt(whoseKeys(statements));
      const { outcomes } = await this.deps.vault.call('follow', { statements });
      moved ||= outcomes.includes('done');
      statements.forEach((statement, at) => {
        if (isRefused(outcomes[at]))
          console.warn(`statement ${statement.epoch} about the members is refused`);
      });
      after = last.epoch;
      this.seen.set(id, after);
      if (!has_more) break;
    }
    return moved;
  }
}

/** Everybody whose list is needed: who signed, and who is in. */
function whoseKeys(statements: readonly SignedMembers[]): UserId[] {
  const signers = statements.map(({ signer }) => signer.user_id);
  return [...signers, ...(statements.at(-1)?.members ?? []).map(({ user_id }) => user_id)];
}

function isRefused(outcome: Outcome | undefined): boolean {
  return typeof outcome === 'object' && 'failed' in outcome;
}
