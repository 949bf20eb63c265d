// When somebody is really looking, and where the unread divider stands.
import { useState, useSyncExternalStore } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import type { ConversationState } from '../../sync/conversations.ts';
import { watermarkOf } from '../../sync/derived.ts';
import { cursorOf } from '../../sync/log.ts';
import type { Divider } from './rows.ts';

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

export interface Reading {
  /** Somebody looks, and knows everything that could be known: what they see now is read. */
  readonly attentive: boolean;
  readonly divider: Divider;
}

/**
 * The divider follows the read watermark while nobody looks, and stays where it is from the moment somebody does.
 * Nothing counts as read before the first sync (or the knowledge that there is none to be had): another device may
 * have read further.
 */
export function useReading({
  conversation,
  marks,
  log,
}: Pick<ConversationState, 'conversation' | 'marks' | 'log'>): Reading {
  const { me } = useClient().engine.getSnapshot();
  const isLooking = useSyncExternalStore(onLook, looking);
  const knows = useEngine(({ loaded, reach }) => loaded && (reach === 'online' || reach === 'offline'));
  const [settled, setSettled] = useState<string | null>(null);
  if (knows && settled !== conversation.id) setSettled(conversation.id);

  const attentive = isLooking && settled === conversation.id;
  const now = { after: watermarkOf(marks, me.id).read_seq, upTo: cursorOf(log) };
  const [frozen, setFrozen] = useState<Divider | null>(null);
  if (attentive && !frozen) setFrozen(now);
  if (!attentive && frozen) setFrozen(null);
  return { attentive, divider: frozen ?? now };
}
