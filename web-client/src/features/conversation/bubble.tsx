// One message: its words, what it answers, its reactions, its time and tick.
import { CircleAlert, RotateCcw, Trash2 } from 'lucide-react';
import { useCallback, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useClient } from '../../client.tsx';
import type { MessageId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { clock, full } from '../../i18n/time.ts';
import { wordsFor } from '../../problems.ts';
import { tickOf } from '../../sync/derived.ts';
import type { Item } from '../../sync/fold.ts';
import { useName } from '../../system-text.tsx';
import { Button } from '../../ui/button.tsx';
import { useLongPress } from '../../ui/long-press.ts';
import { TickMark } from '../../ui/tick-mark.tsx';
import { UnreadWords } from '../../unread-words.tsx';
import { isPlaced, type MessageActions } from './actions.ts';
import styles from './bubble.module.css';
import { BubbleTools } from './bubble-tools.tsx';
import { Quote } from './quote.tsx';
import { Reactions } from './reactions.tsx';
import type { Row } from './rows.ts';
import type { View } from './timeline.tsx';
import { Words } from './words.tsx';

interface BubbleProps {
  row: Extract<Row, { kind: 'message' }>;
  state: View;
  actions: MessageActions;
  reachable: boolean;
  found: boolean;
  onJump: (target: MessageId) => void;
}

export function Bubble({ row, state, actions, reachable, found, onJump }: BubbleProps) {
  const { me } = useClient().engine.getSnapshot();
  const { item, first, last } = row;
  const { conversation } = state;
  const own = item.sender_id === me.id;
  const sender = useName(conversation, item.sender_id);
  const name = own ? t('message.you') : sender;
  const [toolsOpen, setToolsOpen] = useState(false);
  // Tools exist only where the pointer or the focus is: a screen of messages stays light.
  const [hot, setHot] = useState(false);
  const line = useRef<HTMLDivElement>(null);
  const openMenu = useCallback(() => {
    flushSync(() => setHot(true));
    line.current?.querySelector<HTMLElement>('[aria-haspopup="menu"]')?.click();
  }, []);
  const press = useLongPress(openMenu);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only notices where the pointer and the focus are
    <div
      ref={line}
      className={styles.line}
      data-own={own}
      data-first={first}
      data-last={last}
      data-found={found}
      onPointerEnter={() => setHot(true)}
      onPointerLeave={() => setHot(line.current?.contains(document.activeElement) ?? false)}
      onFocus={() => setHot(true)}
      onBlur={(event) => setHot(event.currentTarget.contains(event.relatedTarget))}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: an article would be announced as a landmark by some readers */}
      <div
        className={styles.bubble}
        role="group"
        aria-label={t('message.label', { name, time: full(item.sent_at) })}
        data-message={item.id}
        data-gone={item.retracted}
        tabIndex={reachable ? 0 : -1}
        onKeyDown={(event) => {
          if (event.target !== event.currentTarget) return;
          if (event.key === 'Enter' || event.key === 'ContextMenu') openMenu();
          else if (event.key === 'r' && isPlaced(item)) actions.reply(item);
          else return;
          event.preventDefault();
        }}
        onContextMenu={(event) => {
          if (!isPlaced(item) || String(getSelection()) !== '') return;
          event.preventDefault();
          openMenu();
        }}
        {...press}
      >
        {first && !own && conversation.kind !== 'direct' && (
          <p className={styles.sender}>
            <bdi>{name}</bdi>
          </p>
        )}
        {item.reply_to && !item.retracted && <Quote id={item.reply_to} state={state} onJump={onJump} />}
        <Body item={item} own={own} name={name} />
        <span className={styles.meta}>
          {item.edited && <span>{t('message.edited')}</span>}
          <time dateTime={item.sent_at} title={full(item.sent_at)}>
            {clock(item.sent_at)}
          </time>
          {own && !item.retracted && <TickMark tick={tickOf(item, conversation, state.marks, me.id)} />}
        </span>
      </div>
      {isPlaced(item) && (hot || toolsOpen) && (
        <BubbleTools item={item} actions={actions} forced={toolsOpen} onOpen={setToolsOpen} />
      )}
      {item.reactions.length > 0 && <Reactions item={item} conversation={conversation} actions={actions} />}
      {item.pending?.state === 'failed' && <Failed item={item} actions={actions} />}
    </div>
  );
}

function Body({ item, own, name }: { item: Item; own: boolean; name: string }) {
  if (item.retracted) {
    return <span className={styles.gone}>{t(own ? 'message.retracted.own' : 'message.retracted')}</span>;
  }
  if (item.content?.type === 'text') return <Words text={item.content.text} />;
  return (
    <span className={styles.gone}>
      <UnreadWords sentAt={item.sent_at} name={name} />
    </span>
  );
}

function Failed({ item, actions }: { item: Item; actions: MessageActions }) {
  return (
    <div className={styles.failed} role="alert">
      <p>
        <CircleAlert size={15} aria-hidden="true" />
        {t('message.failed')}
        {item.pending?.problem && `. ${wordsFor(item.pending.problem)}`}
      </p>
      <Button onClick={() => actions.retry(item)}>
        <RotateCcw size={15} aria-hidden="true" />
        {t('message.retry')}
      </Button>
      <Button onClick={() => actions.discard(item)}>
        <Trash2 size={15} aria-hidden="true" />
        {t('message.discard')}
      </Button>
    </div>
  );
}
