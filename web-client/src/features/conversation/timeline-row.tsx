// One row of the timeline, whatever kind it is.
import { LockKeyhole } from 'lucide-react';
import { memo } from 'react';
import { useClient } from '../../client.tsx';
import type { KeyChange } from '../../crypto/trust.ts';
import type { MessageId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { dayName } from '../../i18n/time.ts';
import { titleOf } from '../../names.ts';
import { go } from '../../route.ts';
import { SystemText } from '../../system-text.tsx';
import { Unencrypted } from '../../ui/unencrypted.tsx';
import type { MessageActions } from './actions.ts';
import { Bubble } from './bubble.tsx';
import { KeyChangeEntry } from './key-change.tsx';
import type { Row } from './rows.ts';
import type { View } from './timeline.tsx';
import styles from './timeline-row.module.css';

interface TimelineRowProps {
  row: Row;
  state: View;
  actions: MessageActions;
  reachable: boolean;
  found: boolean;
  onJump: (target: MessageId) => void;
}

export const TimelineRow = memo(function TimelineRow({ row, state, ...rest }: TimelineRowProps) {
  switch (row.kind) {
    case 'message':
      return <Bubble row={row} state={state} {...rest} />;
    case 'day':
      return (
        <p className={styles.pill}>
          <time dateTime={row.time}>{dayName(row.time)}</time>
        </p>
      );
    case 'unread':
      return <p className={styles.unread}>{t('conversation.unread', { count: row.count })}</p>;
    case 'system':
      return (
        <p className={styles.pill}>
          {row.item.system && (
            <SystemText
              conversation={state.conversation}
              system={row.item.system}
              sender={row.item.sender_id}
            />
          )}
        </p>
      );
    case 'key-change':
      return <KeyChangeOf state={state} change={row.change} />;
    case 'start':
      return <Start state={state} />;
  }
});

function KeyChangeOf({ state: { conversation }, change }: { state: View; change: KeyChange }) {
  const { me } = useClient().engine.getSnapshot();
  return <KeyChangeEntry change={change} name={titleOf(conversation, me.id)} id={conversation.id} />;
}

function Start({ state: { conversation } }: { state: View }) {
  const { me, protection } = useClient().engine.getSnapshot();
  const name = titleOf(conversation, me.id);
  const isDirect = conversation.kind === 'direct';
  const isSealed = protection === 'end-to-end' && conversation.kind !== 'community';
  return (
    <div className={styles.start}>
      {protection === 'none' && <Unencrypted />}
      <p>{t(isDirect ? 'conversation.start' : 'conversation.start.group', { name })}</p>
      {isSealed && (
        <button
          type="button"
          className={styles.sealed}
          onClick={() => go({ at: 'conversation', id: conversation.id, details: true })}
        >
          <LockKeyhole size={14} aria-hidden="true" />
          {t(isDirect ? 'conversation.sealed' : 'conversation.sealed.group', { name })}
        </button>
      )}
    </div>
  );
}
