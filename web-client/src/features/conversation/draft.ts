// What is being written, kept at every keystroke; an edit brings its own words along and gives the others back.
import { type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { useClient } from '../../client.tsx';
import type { MessageId } from '../../gen/contract.ts';
import type { ConversationState } from '../../sync/conversations.ts';
import type { Item } from '../../sync/fold.ts';
import { textOf } from './actions.ts';

export type ComposerMode =
  | { readonly is: 'new' }
  | { readonly is: 'reply'; readonly to: MessageId }
  | { readonly is: 'edit'; readonly target: MessageId };

const NEW: ComposerMode = { is: 'new' };

export interface DraftHook {
  readonly text: string;
  /** The message that is answered or edited. */
  readonly source: Item | undefined;
  keep(words: string): void;
  /** After sending, or giving up a reply or an edit. */
  reset(how: 'sent' | 'cancelled'): void;
}

export function useDraft(
  state: ConversationState,
  mode: ComposerMode,
  onMode: (mode: ComposerMode) => void,
  area: RefObject<HTMLTextAreaElement | null>,
): DraftHook {
  const { engine } = useClient();
  const { id } = state.conversation;
  const [text, setText] = useState(state.draft?.text ?? '');
  const aside = useRef('');
  const shown = useRef(mode);
  const about = mode.is === 'edit' ? mode.target : mode.is === 'reply' ? mode.to : null;
  const source = about ? state.items.find((item) => item.id === about) : undefined;

  const put = (words: string, now: ComposerMode) => {
    setText(words);
    const reply_to = now.is === 'reply' ? now.to : null;
    const editing = now.is === 'edit' ? now.target : null;
    engine.setDraft(id, words !== '' || now.is !== 'new' ? { text: words, reply_to, editing } : null);
  };

  useLayoutEffect(() => {
    const before = shown.current;
    if (before === mode) return;
    shown.current = mode;
    if (mode.is === 'edit') {
      if (before.is !== 'edit') aside.current = text;
      put(source ? textOf(source) : '', mode);
    } else put(before.is === 'edit' ? aside.current : text, mode);
    area.current?.focus();
  });

  return {
    text,
    source,
    keep: (words) => put(words, mode),
    reset(how) {
      const rest = mode.is === 'edit' ? aside.current : how === 'cancelled' ? text : '';
      aside.current = '';
      shown.current = NEW;
      onMode(NEW);
      put(rest, NEW);
    },
  };
}
