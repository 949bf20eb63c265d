// The rows of the list, of which only the visible ones exist; arrow keys move among them.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type Ref, useCallback, useImperativeHandle, useRef } from 'react';
import type { ConversationId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import type { ConversationState } from '../../sync/conversations.ts';
import { ChatRow } from './chat-row.tsx';
import styles from './chat-rows.module.css';

const ROW_HEIGHT = 72;

interface ChatRowsProps {
  chats: readonly ConversationState[];
  selected: ConversationId | null;
  ref: Ref<HTMLElement | null>;
}

export function ChatRows({ chats, selected, ref }: ChatRowsProps) {
  const box = useRef<HTMLElement>(null);
  useImperativeHandle<HTMLElement | null, HTMLElement | null>(ref, () => box.current);
  const keyOf = useCallback((index: number) => chats[index]?.conversation.id ?? index, [chats]);
  const rows = useVirtualizer({
    count: chats.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: keyOf,
    overscan: 6,
  });
  const chosen = chats.findIndex(({ conversation }) => conversation.id === selected);

  const move = (event: KeyboardEvent) => {
    const at = Number((document.activeElement as HTMLElement | null)?.dataset.index ?? -1);
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: chats.length - 1,
    };
    const wanted = steps[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(chats.length - 1, wanted));
    rows.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  };

  return (
    <nav ref={box} className={styles.rows} aria-label={t('list.title')} onKeyDown={move}>
      <ul style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, key, start }) => {
          const state = chats[index];
          if (!state) return null;
          return (
            <li key={key} style={{ transform: `translateY(${start}px)` }}>
              <ChatRow
                state={state}
                index={index}
                selected={index === chosen}
                reachable={index === Math.max(chosen, 0)}
              />
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
