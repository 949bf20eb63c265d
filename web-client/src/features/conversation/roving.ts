// Lets arrow keys move from message to message, with one of them in the tab order.
import { type KeyboardEvent, type RefObject, useMemo, useState } from 'react';
import type { Row } from './rows.ts';

export function useRoving(
  rows: readonly Row[],
  scrollTo: (index: number) => void,
  box: RefObject<HTMLElement | null>,
): { current: string | null; onKeyDown: (event: KeyboardEvent) => void } {
  const [chosen, setChosen] = useState<string | null>(null);
  const current = useMemo(
    () =>
      chosen && rows.some(({ key }) => key === chosen) ? chosen : (rows.findLast(isMessage)?.key ?? null),
    [rows, chosen],
  );

  const onKeyDown = (event: KeyboardEvent) => {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || focused.dataset.message === undefined) return;
    const at = rows.findIndex((row) => row.key === focused.dataset.message);
    const next = target(rows, at, event.key);
    const row = next === undefined ? undefined : rows[next];
    if (next === undefined || !row) return;
    event.preventDefault();
    setChosen(row.key);
    scrollTo(next);
    // The row may have to be rendered first.
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        box.current?.querySelector<HTMLElement>(`[data-message="${row.key}"]`)?.focus(),
      ),
    );
  };
  return { current, onKeyDown };
}

function isMessage(row: Row | undefined): boolean {
  return row?.kind === 'message';
}

function target(rows: readonly Row[], at: number, key: string): number | undefined {
  switch (key) {
    case 'ArrowUp':
      for (let index = at - 1; index >= 0; index -= 1) if (isMessage(rows[index])) return index;
      return undefined;
    case 'ArrowDown':
      for (let index = at + 1; index < rows.length; index += 1) if (isMessage(rows[index])) return index;
      return undefined;
    case 'Home':
      return rows.findIndex(isMessage);
    case 'End':
      return rows.findLastIndex(isMessage);
    default:
      return undefined;
  }
}
