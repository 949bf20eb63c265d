// A long press with a finger, where there is no mouse to hover with.
import { type PointerEvent, useMemo, useRef } from 'react';

const LONG_MS = 450;

export function useLongPress(pressed: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  return useMemo(() => {
    const end = () => clearTimeout(timer.current);
    return {
      onPointerDown(event: PointerEvent) {
        if (event.pointerType !== 'touch') return;
        timer.current = setTimeout(pressed, LONG_MS);
      },
      onPointerUp: end,
      onPointerMove: end,
      onPointerCancel: end,
    };
  }, [pressed]);
}
