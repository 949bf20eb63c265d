// One conversation in the list.
import { memo } from 'react';
import { useClient } from '../../client.tsx';
import { t } from '../../i18n/text.ts';
import { short } from '../../i18n/time.ts';
import { memberOf, nameOf, peerOf, titleOf } from '../../names.ts';
import { go, pathOf } from '../../route.ts';
import type { ConversationState } from '../../sync/conversations.ts';
import { tickOf } from '../../sync/derived.ts';
import { SystemText } from '../../system-text.tsx';
import { Avatar } from '../../ui/avatar.tsx';
import { TickMark } from '../../ui/tick-mark.tsx';
import { UnreadWords } from '../../unread-words.tsx';
import styles from './chat-row.module.css';
import { lastItem } from './order.ts';

interface ChatRowProps {
  state: ConversationState;
  index: number;
  selected: boolean;
  reachable: boolean;
}

export const ChatRow = memo(function ChatRow({ state, index, selected, reachable }: ChatRowProps) {
  const { me } = useClient().engine.getSnapshot();
  const { conversation, unread } = state;
  const name = titleOf(conversation, me.id);
  const last = lastItem(state);
  const route = { at: 'conversation', id: conversation.id } as const;

  return (
    <a
      href={pathOf(route)}
      className={styles.row}
      data-index={index}
      tabIndex={reachable ? 0 : -1}
      aria-current={selected ? 'page' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(route);
      }}
    >
      <Avatar id={peerOf(conversation, me.id)?.id ?? conversation.id} name={name} />
      <span className={styles.top}>
        <bdi className={styles.name}>{name}</bdi>
        {last && (
          <time className={styles.time} dateTime={last.sent_at} data-unread={unread.count > 0}>
            {short(last.sent_at)}
          </time>
        )}
      </span>
      <span className={styles.bottom}>
        <span className={styles.preview}>
          <Preview state={state} />
        </span>
        {unread.count > 0 && <Badge count={unread.count} more={unread.more} />}
      </span>
    </a>
  );
});

function Badge({ count, more }: { count: number; more: boolean }) {
  const text = more ? `${count}+` : count > 999 ? '999+' : String(count);
  return (
    <span className={styles.badge} title={t(more ? 'list.unread.more' : 'list.unread', { count })}>
      <span aria-hidden="true">{text}</span>
      <span className="visually-hidden">{t(more ? 'list.unread.more' : 'list.unread', { count })}</span>
    </span>
  );
}

function Preview({ state }: { state: ConversationState }) {
  const { me } = useClient().engine.getSnapshot();
  const { conversation, typing, draft, marks } = state;
  const last = lastItem(state);
  if (typing.length > 0) return <em className={styles.typing}>{t('list.typing')}</em>;
  if (draft && draft.text.trim() !== '' && !draft.editing) {
    return (
      <>
        <span className={styles.draft}>{t('list.draft')}</span> <span dir="auto">{oneLine(draft.text)}</span>
      </>
    );
  }
  if (!last) return <span>{t('list.no_messages')}</span>;
  if (last.system) {
    return (
      <span>
        <SystemText conversation={conversation} system={last.system} sender={last.sender_id} />
      </span>
    );
  }
  const own = last.sender_id === me.id;
  const text =
    last.content?.type === 'text' ? (
      oneLine(last.content.text)
    ) : (
      <UnreadWords sentAt={last.sent_at} name={nameOf(memberOf(conversation, last.sender_id))} />
    );
  const sender =
    conversation.kind === 'direct' || own ? '' : `${nameOf(memberOf(conversation, last.sender_id))}: `;
  return (
    <>
      {own && !last.retracted && <TickMark tick={tickOf(last, conversation, marks, me.id)} />}
      <span dir="auto" data-gone={last.retracted}>
        {sender}
        {last.retracted ? t('list.retracted') : text}
      </span>
    </>
  );
}

function oneLine(text: string): string {
  return text.slice(0, 160).replace(/\s+/g, ' ');
}
