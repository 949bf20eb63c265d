// How people and conversations are called on the screen.
import type { Conversation, User, UserId } from './gen/contract.ts';

/** Characters that reorder or hide what stands around them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const TRICKS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** A name that can't disguise itself or disturb its surroundings. */
export function shown(name: string): string {
  return name.replace(TRICKS, '').trim() || '?';
}

export function nameOf(user: User | undefined): string {
  return user ? shown(user.display_name || user.username) : '?';
}

/** The other one of a direct conversation. */
export function peerOf(conversation: Conversation, me: UserId): User | undefined {
  if (conversation.kind !== 'direct') return undefined;
  return (conversation.members.find(({ user }) => user.id !== me) ?? conversation.members[0])?.user;
}

export function memberOf(conversation: Conversation, id: UserId): User | undefined {
  return conversation.members.find(({ user }) => user.id === id)?.user;
}

export function titleOf(conversation: Conversation, me: UserId): string {
  return conversation.title === null ? nameOf(peerOf(conversation, me)) : shown(conversation.title);
}
