// Who somebody is, and how it stands with their encryption: a pane beside the conversation, or over it.
import { X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import type { ConversationId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { moment } from '../../i18n/time.ts';
import { nameOf, peerOf } from '../../names.ts';
import { goBackTo } from '../../route.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { IconButton } from '../../ui/button.tsx';
import styles from './details.module.css';
import { Encryption } from './encryption.tsx';

export function Details({ id }: { id: ConversationId }) {
  const { me } = useClient().engine.getSnapshot();
  const conversation = useEngine((snapshot) => snapshot.states.get(id)?.conversation);
  const peer = conversation && peerOf(conversation, me.id);
  const presence = useEngine((snapshot) => (peer ? snapshot.presence.get(peer.id) : undefined));
  const close = useRef<HTMLButtonElement>(null);
  const shows = peer !== undefined;
  // What opens takes the focus, and gives it back where it came from.
  useEffect(() => {
    if (!shows) return;
    const before = document.activeElement;
    close.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) requestAnimationFrame(() => before.focus());
    };
  }, [shows]);
  if (!peer) return null;

  const leave = () => goBackTo({ at: 'conversation', id });
  const seen = presence?.last_seen;
  return (
    <>
      {/* Beside the pane where it lies over the conversation: whoever presses there wants to go back. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keyboard has Escape and the button */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same */}
      <div className={styles.scrim} onClick={leave} />
      <aside
        className={styles.details}
        aria-label={t('details.title')}
        onKeyDown={(event) => {
          // A dialog in front closes first.
          if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('dialog[open]'))
            leave();
        }}
      >
        <header className={styles.header}>
          <IconButton ref={close} icon={X} label={t('details.close')} onClick={leave} />
          <h2>{t('details.title')}</h2>
        </header>
        <div className={styles.scroll}>
          <div className={styles.person}>
            <Avatar id={peer.id} name={nameOf(peer)} size={80} />
            <p className={styles.name}>
              <bdi>{nameOf(peer)}</bdi>
            </p>
            <p className={styles.soft}>@{peer.username}</p>
            {presence?.online && <p className={styles.online}>{t('conversation.online')}</p>}
            {!presence?.online && seen && (
              <p className={styles.soft}>{t('conversation.seen', { when: moment(seen) })}</p>
            )}
          </div>
          <Encryption peer={peer} />
        </div>
      </aside>
    </>
  );
}
