// Where one writes: grows with the words, keeps them at every keystroke, and knows what they are about.
import { Pencil, SendHorizontal, Smile } from 'lucide-react';
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useClient } from '../../client.tsx';
import { t } from '../../i18n/text.ts';
import { memberOf, nameOf } from '../../names.ts';
import type { ConversationState } from '../../sync/conversations.ts';
import { IconButton } from '../../ui/button.tsx';
import { EmojiPicker } from '../../ui/emoji-picker.tsx';
import { Popover, usePopover } from '../../ui/popover.tsx';
import { canEdit, textOf } from './actions.ts';
import styles from './composer.module.css';
import { type ComposerMode, useDraft } from './draft.ts';
import { Strip } from './strip.tsx';

interface ComposerProps {
  state: ConversationState;
  mode: ComposerMode;
  onMode: (mode: ComposerMode) => void;
}

const LONGEST_BYTES = 60_000;

export function Composer({ state, mode, onMode }: ComposerProps) {
  const { engine } = useClient();
  const { me } = engine.getSnapshot();
  const { id } = state.conversation;
  const area = useRef<HTMLTextAreaElement>(null);
  const { text, source, keep, reset } = useDraft(state, mode, onMode, area);
  const [tooLong, setTooLong] = useState(false);
  const picker = usePopover();
  const emojiButton = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (matchMedia('(hover: hover)').matches) area.current?.focus();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: its height follows its words
  useLayoutEffect(() => {
    const box = area.current;
    if (!box) return;
    box.style.height = 'auto';
    box.style.height = `${box.scrollHeight}px`;
  }, [text]);

  const send = () => {
    const words = text.trim();
    if (words === '') return;
    if (new TextEncoder().encode(words).length > LONGEST_BYTES) {
      setTooLong(true);
      return;
    }
    setTooLong(false);
    if (mode.is !== 'edit') void engine.say(id, words, mode.is === 'reply' ? mode.to : null);
    else if (!source || words !== textOf(source)) void engine.edit(id, mode.target, words);
    reset('sent');
    area.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && mode.is !== 'new') {
      event.preventDefault();
      reset('cancelled');
    } else if (event.key === 'ArrowUp' && text === '' && mode.is === 'new') {
      const last = state.items.findLast((item) => canEdit(item, me.id));
      if (!last) return;
      event.preventDefault();
      onMode({ is: 'edit', target: last.id });
    }
  };

  const insert = (emoji: string) => {
    const at = area.current?.selectionStart ?? text.length;
    keep(text.slice(0, at) + emoji + text.slice(area.current?.selectionEnd ?? at));
    picker.close();
    area.current?.focus();
  };

  const editing = mode.is === 'edit';
  return (
    <div className={styles.composer}>
      {mode.is !== 'new' && (
        <Strip
          editing={editing}
          name={
            source?.sender_id === me.id
              ? null
              : nameOf(source && memberOf(state.conversation, source.sender_id))
          }
          text={source ? textOf(source) : ''}
          onCancel={() => reset('cancelled')}
        />
      )}
      {tooLong && (
        <p role="alert" className={styles.problem}>
          {t('composer.too_long')}
        </p>
      )}
      <div className={styles.row}>
        <IconButton
          ref={emojiButton}
          icon={Smile}
          label={t('composer.emoji')}
          aria-expanded={picker.open}
          onClick={picker.toggle}
        />
        {picker.open && (
          <Popover anchor={emojiButton} onClose={picker.close}>
            <EmojiPicker onPick={insert} />
          </Popover>
        )}
        <textarea
          ref={area}
          rows={1}
          dir="auto"
          value={text}
          aria-label={t('composer.label')}
          placeholder={t('composer.placeholder')}
          onChange={(event) => {
            keep(event.target.value);
            if (event.target.value !== '') engine.typed(id);
          }}
          onKeyDown={onKeyDown}
        />
        <IconButton
          icon={editing ? Pencil : SendHorizontal}
          look="primary"
          label={t(editing ? 'composer.save' : 'composer.send')}
          disabled={text.trim() === ''}
          onClick={send}
        />
      </div>
    </div>
  );
}
