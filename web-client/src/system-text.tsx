// What an entry of the server's own says, with the names of those it is about.
import { useClient, useEngine } from './client.tsx';
import type { Conversation, System, UserId } from './gen/contract.ts';
import { t } from './i18n/text.ts';
import { memberOf, nameOf } from './names.ts';

/** The name of somebody who may be no member any more. */
export function useName(conversation: Conversation, id: UserId | null): string {
  const { engine } = useClient();
  const known = useEngine((snapshot) => (id ? snapshot.people.get(id) : undefined));
  const user = id ? (memberOf(conversation, id) ?? known) : undefined;
  if (id && !user) engine.people.want(id);
  return nameOf(user);
}

interface SystemTextProps {
  conversation: Conversation;
  system: System;
  sender: UserId;
}

export function SystemText({ conversation, system, sender }: SystemTextProps): string {
  const { me } = useClient().engine.getSnapshot();
  const about = 'user_id' in system ? system.user_id : null;
  const name = useName(conversation, about);
  const by = useName(conversation, sender);
  switch (system.type) {
    case 'member_joined':
      if (about === me.id) return t('system.member_joined.you', { by });
      return t(sender === me.id ? 'system.member_joined.by_you' : 'system.member_joined', { name, by });
    case 'member_removed':
      return t(sender === me.id ? 'system.member_removed.by_you' : 'system.member_removed', { name, by });
    case 'member_left':
      return t('system.member_left', { name });
    case 'role_changed':
      return t(`system.role_changed.${system.role}`, { name: about === me.id ? t('message.you') : name });
    case 'title_changed':
      return t('system.title_changed', { title: system.title });
    case 'created':
      return t('system.created');
  }
}
