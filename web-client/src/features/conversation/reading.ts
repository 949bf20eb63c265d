// When somebody is really looking, and where the unread divider stands.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useClient } from '../../client.tsx';
import type { ConversationId } from '../../gen/contract.ts';
import { watermarkOf } from '../../sync/derived.ts';

function looking(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

function onLook(listener: () => void): () => void {
  window.addEventListener('focus', listener);
  window.addEventListener('blur', listener);
  document.addEventListener('visibilitychange', listener);
  return () => {
    window.removeEventListener('focus', listener);
    window.removeEventListener('blur', listener);
    document.removeEventListener('visibilitychange', listener);
  };
}

export function useLooking(): boolean {
  return useSyncExternalStore(onLook, looking);
}

/** The read watermark as it was when the conversation was opened, or when one last looked away. */
export function useDivider(id: ConversationId): number | null {
  const { engine } = useClient();
  const read = () => {
    const { states, me } = engine.getSnapshot();
    const state = states.get(id);
    return state ? watermarkOf(state.marks, me.id).read_seq : null;
  };
  const [divider, setDivider] = useState(read);
  const isLooking = useLooking();
  // biome-ignore lint/correctness/useExhaustiveDependencies: it moves when one looks away, and only then
  useEffect(() => {
    if (!isLooking) setDivider(read());
  }, [isLooking]);
  return divider;
}
