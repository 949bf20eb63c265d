// More about a conversation: who somebody is, or who is in a group. A pane beside the conversation, or over it.
import { X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import type { ConversationId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { peerOf } from '../../names.ts';
import { goBackTo } from '../../route.ts';
import { IconButton } from '../../ui/button.tsx';
import styles from './details.module.css';
import { Group } from './group.tsx';
import { Person } from './person.tsx';

export function Details({ id }: { id: ConversationId }) {
  const { me } = useClient().engine.getSnapshot();
  const conversation = useEngine((snapshot) => snapshot.states.get(id)?.conversation);
  const peer = conversation && peerOf(conversation, me.id);
  const close = useRef<HTMLButtonElement>(null);
  const shows = conversation !== undefined;
  // What opens takes the focus, and gives it back where it came from.
  useEffect(() => {
    if (!shows) return;
    const before = document.activeElement;
    close.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) requestAnimationFrame(() => before.focus());
    };
  }, [shows]);
  if (!conversation) return null;

  const title = t(peer ? 'details.title' : 'group.details');
  const leave = () => goBackTo({ at: 'conversation', id });
  return (
    <>
      {/* Beside the pane where it lies over the conversation: whoever presses there wants to go back. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keyboard has Escape and the button */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same */}
      <div className={styles.scrim} onClick={leave} />
      <aside
        className={styles.details}
        aria-label={title}
        onKeyDown={(event) => {
          // A dialog in front closes first.
          if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('dialog[open]'))
            leave();
        }}
      >
        <header className={styles.header}>
          <IconButton ref={close} icon={X} label={t('details.close')} onClick={leave} />
          <h2>{title}</h2>
        </header>
        <div className={styles.scroll}>
          {peer ? <Person peer={peer} /> : <Group conversation={conversation} />}
        </div>
      </aside>
    </>
  );
}
