// The head of a conversation: who it is, whether they are there, and what can be done about them.
import { ArrowLeft, Ban, CircleCheck, EllipsisVertical, Info, LockOpen, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import type { Presence } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { moment } from '../../i18n/time.ts';
import { peerOf, titleOf } from '../../names.ts';
import { go, goBack } from '../../route.ts';
import type { ConversationState } from '../../sync/conversations.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Menu } from '../../ui/menu.tsx';
import { reachText } from '../../ui/reach-line.tsx';
import styles from './header.module.css';

interface HeaderProps {
  state: ConversationState;
  blocked: boolean;
  /** The person has compared the safety number. */
  verified: boolean;
  onBlock: (how: 'blocked' | 'allowed') => void;
}

export function Header({ state, blocked, verified, onBlock }: HeaderProps) {
  const { me } = useClient().engine.getSnapshot();
  const { conversation } = state;
  const peer = peerOf(conversation, me.id);
  const name = titleOf(conversation, me.id);
  const presence = useEngine((snapshot) => (peer ? snapshot.presence.get(peer.id) : undefined));
  const reach = useEngine((snapshot) => snapshot.reach);
  const waiting = useEngine((snapshot) => snapshot.waiting);
  const protection = useEngine((snapshot) => snapshot.protection);
  const away = reach === 'offline' || reach === 'connecting';
  const typing = state.typing.length > 0;
  const members = peer ? null : t('group.members', { count: conversation.members.length });
  const words = away ? reachText({ reach, waiting }) : (presenceText(typing, presence) ?? members);
  const isVerified = verified && !typing;
  const [asking, setAsking] = useState(false);
  const openDetails = () => go({ at: 'conversation', id: conversation.id, details: true });
  const item = blocked
    ? { label: t('conversation.unblock', { name }), icon: CircleCheck, onSelect: () => onBlock('allowed') }
    : { label: t('conversation.block', { name }), icon: Ban, onSelect: () => setAsking(true), danger: true };

  return (
    <header className={styles.header}>
      <span className={styles.back}>
        <IconButton icon={ArrowLeft} label={t('conversation.back')} onClick={goBack} />
      </span>
      <Avatar id={peer?.id ?? conversation.id} name={name} size={40} online={presence?.online ?? false} />
      <div className={styles.who}>
        <h1>
          {/* The button with the same effect beside it is the one in the tab order. */}
          <button type="button" tabIndex={-1} onClick={openDetails}>
            <bdi>{name}</bdi>
          </button>
          {protection === 'none' && <LockOpen size={14} role="img" aria-label={t('app.unencrypted')} />}
        </h1>
        <p className={styles.presence} data-typing={typing}>
          {words}
          {words && isVerified && ' · '}
          {isVerified && (
            <span className={styles.verified}>
              <ShieldCheck size={14} aria-hidden="true" />
              {t('conversation.verified')}
            </span>
          )}
        </p>
      </div>
      <IconButton icon={Info} label={t('conversation.details')} onClick={openDetails} />
      {peer && <Menu icon={EllipsisVertical} label={t('conversation.menu')} items={[item]} />}
      {asking && (
        <Dialog
          title={t('conversation.block.ask', { name })}
          action={t('conversation.block.do')}
          onClose={() => setAsking(false)}
          onAction={() => {
            onBlock('blocked');
            setAsking(false);
          }}
        >
          {t('conversation.block.text')}
        </Dialog>
      )}
    </header>
  );
}

function presenceText(typing: boolean, presence: Presence | undefined): string | null {
  if (typing) return t('conversation.typing');
  if (presence?.online) return t('conversation.online');
  return presence?.last_seen ? t('conversation.seen', { when: moment(presence.last_seen) }) : null;
}
