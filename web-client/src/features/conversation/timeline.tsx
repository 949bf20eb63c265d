// The messages of a conversation: only the visible ones exist, anchored at the newest, older ones loaded upward.
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useClient } from '../../client.tsx';
import type { KeyChange } from '../../crypto/trust.ts';
import type { MessageId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import type { ConversationState } from '../../sync/conversations.ts';
import { firstSeq } from '../../sync/derived.ts';
import { cursorOf } from '../../sync/log.ts';
import type { MessageActions } from './actions.ts';
import { useReading } from './reading.ts';
import { useRoving } from './roving.ts';
import { rowsOf } from './rows.ts';
import styles from './timeline.module.css';
import { TimelineRow } from './timeline-row.tsx';

const NEAR_END_PX = 80;
const LOAD_AHEAD_ROWS = 12;
const LONGEST_SEARCH_PAGES = 40;

/** The parts of a conversation that its timeline shows. */
export type View = Pick<
  ConversationState,
  'conversation' | 'items' | 'marks' | 'log' | 'unread' | 'loadingOlder'
> & { readonly changes: readonly KeyChange[] };

interface TimelineProps {
  state: View;
  actions: MessageActions;
  /** A message to begin at, where one was looked for. */
  target: MessageId | null;
}

export const Timeline = memo(function Timeline({ state, actions, target }: TimelineProps) {
  const { engine } = useClient();
  const { me } = engine.getSnapshot();
  const { conversation, items, log, changes } = state;
  const { id } = conversation;
  const box = useRef<HTMLDivElement>(null);
  const { attentive, divider } = useReading(state);
  const { after, upTo } = divider;
  const complete = log.floor <= firstSeq(conversation);
  const rows = useMemo(
    () => rowsOf(items, { complete, divider: { after, upTo }, me: me.id, changes }),
    [items, complete, after, upTo, me.id, changes],
  );
  // Stable, because another function would make the list measure everything again.
  const keyOf = useCallback((index: number) => rows[index]?.key ?? index, [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => (rows[index]?.kind === 'message' ? 58 : 44),
    getItemKey: keyOf,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: NEAR_END_PX,
    overscan: 8,
  });
  const opened = useRef(false);
  const visible = virtual.getVirtualItems();
  const atEnd = virtual.isAtEnd(NEAR_END_PX);

  // Opens at the first unread message, else at the newest; again when somebody comes back to it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only then, not whenever rows come or go
  useLayoutEffect(() => {
    const at = rows.findIndex((row) => row.kind === 'unread');
    const follows = !opened.current || virtual.isAtEnd(NEAR_END_PX);
    if (follows && at > 0) virtual.scrollToIndex(at, { align: 'start' });
    else if (follows) virtual.scrollToEnd();
    opened.current = true;
  }, [attentive]);

  // One's own new message is always shown.
  const newest = items.at(-1);
  const ownPending = newest?.pending?.state === 'waiting' ? newest.id : null;
  useLayoutEffect(() => {
    if (ownPending) virtual.scrollToEnd();
  }, [ownPending, virtual]);

  // What was on the screen while somebody looked is read.
  const bottom = (virtual.scrollOffset ?? 0) + (virtual.scrollRect?.height ?? 0);
  const lastSeen = visible.findLast(({ start, size }) => start + Math.min(size, 40) <= bottom);
  const seenRow = lastSeen ? rows[lastSeen.index] : undefined;
  const seenSeq = seenRow?.kind === 'message' || seenRow?.kind === 'system' ? seenRow.item.seq : null;
  const readTo = atEnd ? cursorOf(log) : seenSeq;
  useEffect(() => {
    if (attentive && readTo !== null) engine.read(id, readTo);
  }, [engine, id, attentive, readTo]);

  const nearTop = (visible[0]?.index ?? 0) < LOAD_AHEAD_ROWS;
  const wantsOlder = nearTop && !complete && !state.loadingOlder;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page that comes may still not be enough
  useEffect(() => {
    if (wantsOlder) void engine.loadOlder(id);
  }, [engine, id, wantsOlder, log.floor]);

  const [found, setFound] = useState<MessageId | null>(null);
  const jumpTo = useCallback(
    async (target: MessageId) => {
      const has = () =>
        engine
          .getSnapshot()
          .states.get(id)
          ?.items.some((item) => item.id === target);
      for (let page = 0; page < LONGEST_SEARCH_PAGES && !has(); page += 1) {
        const now = engine.getSnapshot().states.get(id);
        if (!now || now.log.floor <= firstSeq(now.conversation)) return;
        await engine.loadOlder(id);
      }
      setFound(target);
    },
    [engine, id],
  );
  useEffect(() => {
    if (target) void jumpTo(target);
  }, [target, jumpTo]);
  useEffect(() => {
    const at = rows.findIndex((row) => row.key === found);
    if (at < 0) return;
    virtual.scrollToIndex(at, { align: 'center' });
    const timer = setTimeout(() => setFound(null), 1_600);
    return () => clearTimeout(timer);
  }, [found, rows, virtual]);

  const roving = useRoving(rows, (index) => virtual.scrollToIndex(index, { align: 'auto' }), box);

  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move among the messages inside */}
      <div ref={box} className={styles.scroll} data-testid="timeline" onKeyDown={roving.onKeyDown}>
        <div className={styles.sizer} style={{ height: virtual.getTotalSize() }}>
          <ol
            className={styles.window}
            aria-label={t('conversation.messages')}
            style={{ transform: `translateY(${visible[0]?.start ?? 0}px)` }}
          >
            {visible.map(({ key, index }) => {
              const row = rows[index];
              if (!row) return null;
              return (
                <li key={key} data-index={index} ref={virtual.measureElement} className={styles.row}>
                  <TimelineRow
                    row={row}
                    state={state}
                    actions={actions}
                    reachable={roving.current === row.key}
                    found={found === row.key}
                    onJump={jumpTo}
                  />
                </li>
              );
            })}
          </ol>
        </div>
      </div>
      {state.loadingOlder && nearTop && (
        <p className={styles.loading} role="status">
          {t('conversation.loading')}
        </p>
      )}
      {!atEnd && <Latest count={state.unread.count} onClick={() => virtual.scrollToEnd()} />}
    </div>
  );
});

function Latest({ count, onClick }: { count: number; onClick: () => void }) {
  const label = count > 0 ? t('conversation.latest.count', { count }) : t('conversation.latest');
  return (
    <button type="button" className={styles.latest} aria-label={label} title={label} onClick={onClick}>
      <ArrowDown size={20} aria-hidden="true" />
      {count > 0 && <span aria-hidden="true">{count}</span>}
    </button>
  );
}
