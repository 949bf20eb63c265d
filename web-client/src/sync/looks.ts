// Looking at the server's log once more: where a look has failed or left a hole, and where something is missing from it.
import type { ConversationId } from '../gen/contract.ts';
import type { Conversations } from './conversations.ts';
import { cursorOf } from './log.ts';

const LOOK_AFTER_MS = 1_000;

export class Looks {
  /** Up to which number each conversation will be looked at; one timer is under way for each. */
  private readonly due = new Map<ConversationId, number>();

  constructor(
    private readonly conversations: Pick<Conversations, 'get' | 'catchUp' | 'hasHole'>,
    private readonly online: () => boolean,
  ) {}

  /** Looks in a moment, once for all who ask for it until then. */
  later(id: ConversationId, seq: number): void {
    const asked = this.due.get(id);
    this.due.set(id, Math.max(asked ?? 0, seq));
    if (asked === undefined) setTimeout(() => this.look(id), LOOK_AFTER_MS);
  }

  /** Looks again where looking failed, or has left a hole. */
  untilWhole(id: ConversationId, seq: number, looked: Promise<void>): void {
    const again = () => this.later(id, seq);
    looked.then(() => this.conversations.hasHole(id) && again(), again);
  }

  private look(id: ConversationId): void {
    const seq = this.due.get(id) ?? 0;
    this.due.delete(id);
    const state = this.conversations.get(id);
    if (!state || !this.online()) return;
    const head = Math.max(seq, cursorOf(state.log) + 1);
    this.untilWhole(id, seq, this.conversations.catchUp(id, head));
  }
}
