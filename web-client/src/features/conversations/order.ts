// Which conversations the list shows, in which order, and what it says of each.
import type { ConversationId, UserId } from '../../gen/contract.ts';
import { titleOf } from '../../names.ts';
import type { ConversationState, States } from '../../sync/conversations.ts';
import type { Item } from '../../sync/fold.ts';

export function lastItem({ items }: ConversationState): Item | undefined {
  return items.at(-1);
}

/** What it is sorted by: something of one's own that still waits is always newest. */
function rank(state: ConversationState): string {
  const last = lastItem(state);
  if (last?.pending?.state === 'waiting') return '9';
  return last?.sent_at ?? state.conversation.created_at;
}

export function listed(
  states: States,
  me: UserId,
  query: string,
  selected: ConversationId | null,
): ConversationState[] {
  const wanted = query.trim().toLocaleLowerCase();
  return [...states.values()]
    .filter((state) => {
      const { id, kind } = state.conversation;
      const silent = kind === 'direct' && state.items.length === 0 && state.log.floor <= 1 && !state.draft;
      if (silent && id !== selected) return false;
      return wanted === '' || titleOf(state.conversation, me).toLocaleLowerCase().includes(wanted);
    })
    .sort((a, b) => (rank(a) < rank(b) ? 1 : -1));
}
