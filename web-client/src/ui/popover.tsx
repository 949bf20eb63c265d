// Something that opens beside a button and goes away by itself, in the browser's top layer.
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import styles from './popover.module.css';

const SAME_PRESS_MS = 250;

/** Whether it is open. The press on its own button that has just closed it does not open it again. */
export function usePopover(onTurn?: (open: boolean) => void): {
  open: boolean;
  toggle: () => void;
  close: () => void;
} {
  const [open, setOpen] = useState(false);
  const closedAt = useRef(Number.NEGATIVE_INFINITY);
  const turn = (now: boolean) => {
    setOpen(now);
    onTurn?.(now);
  };
  return {
    open,
    toggle: () => {
      if (open || performance.now() - closedAt.current > SAME_PRESS_MS) turn(!open);
    },
    close: () => {
      closedAt.current = performance.now();
      turn(false);
    },
  };
}

interface PopoverProps {
  anchor: RefObject<HTMLElement | null>;
  onClose: () => void;
  children: ReactNode;
  /** Where focus goes when it opens. */
  focus?: string;
}

const GAP = 6;
const EDGE = 8;

export function Popover({ anchor, onClose, children, focus = 'button' }: PopoverProps) {
  const ref = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    const box = ref.current;
    const beside = anchor.current;
    if (!box || !beside) return;
    const before = document.activeElement;
    box.showPopover();
    place(box, beside.getBoundingClientRect());
    box.querySelector<HTMLElement>(focus)?.focus();
    return () => {
      if (!box.contains(document.activeElement)) return;
      const back = before instanceof HTMLElement && before !== document.body ? before : beside;
      back.focus();
    };
  }, [anchor, focus]);

  useEffect(() => {
    const box = ref.current;
    const toggled = (event: Event) => (event as ToggleEvent).newState === 'closed' && close.current();
    box?.addEventListener('toggle', toggled);
    return () => box?.removeEventListener('toggle', toggled);
  }, []);

  return (
    <div ref={ref} popover="auto" className={styles.popover}>
      {children}
    </div>
  );
}

function place(box: HTMLElement, beside: DOMRect): void {
  const { width, height } = box.getBoundingClientRect();
  const below = beside.bottom + GAP;
  const top = below + height <= innerHeight - EDGE ? below : Math.max(EDGE, beside.top - GAP - height);
  const rightAligned = beside.left + width > innerWidth - EDGE;
  const left = rightAligned ? Math.max(EDGE, beside.right - width) : beside.left;
  box.style.top = `${top}px`;
  box.style.left = `${Math.min(left, innerWidth - EDGE - width)}px`;
}
