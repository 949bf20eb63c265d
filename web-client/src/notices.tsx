// Tells about new messages: aloud through a live region, and by a notification while nobody is looking.
import { useEffect, useState } from 'react';
import { useClient } from './client.tsx';
import type { ConversationId } from './gen/contract.ts';
import { t } from './i18n/text.ts';
import { memberOf, nameOf, titleOf } from './names.ts';
import { go } from './route.ts';

export function Announcer({ open }: { open: ConversationId | null }) {
  const { account, engine, platform } = useClient();
  const [said, setSaid] = useState('');

  useEffect(
    () =>
      account.onHeard((id, { message, content }) => {
        const { states, me } = engine.getSnapshot();
        const conversation = states.get(id)?.conversation;
        if (!conversation || content?.type !== 'text') return;
        const name = nameOf(memberOf(conversation, message.sender_id));
        setSaid(t('conversation.heard', { name, text: content.text.slice(0, 200) }));
        const muted =
          conversation.my.muted_until !== null && Date.parse(conversation.my.muted_until) > Date.now();
        if (muted || (document.hasFocus() && document.visibilityState === 'visible')) return;
        platform.notifications.show({
          tag: id,
          title: titleOf(conversation, me.id),
          body: content.text.slice(0, 200),
          open: () => go({ at: 'conversation', id }),
        });
      }),
    [account, engine, platform],
  );

  useEffect(() => {
    if (open) platform.notifications.clear(open);
  }, [open, platform]);

  return (
    <div className="visually-hidden" aria-live="polite" data-testid="announcer">
      {said}
    </div>
  );
}
