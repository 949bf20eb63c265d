// What can be done with a message, and by whom.
import type { UserId } from '../../gen/contract.ts';
import type { Item } from '../../sync/fold.ts';

export interface MessageActions {
  reply(item: Item): void;
  edit(item: Item): void;
  react(item: Item, emoji: string): void;
  copy(item: Item): void;
  remove(item: Item): void;
  retry(item: Item): void;
  discard(item: Item): void;
}

/** Only what the log holds can be answered, changed or reacted to. */
export function isPlaced(item: Item): boolean {
  return item.seq !== null && !item.retracted && !item.system;
}

export function canEdit(item: Item, me: UserId): boolean {
  return isPlaced(item) && item.sender_id === me && item.content?.type === 'text';
}

export function textOf(item: Item): string {
  return item.content?.type === 'text' ? item.content.text : '';
}
