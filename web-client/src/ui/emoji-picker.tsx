// A small set of emoji to choose from, by mouse or arrows.
import { t } from '../i18n/text.ts';
import styles from './emoji-picker.module.css';
import { moveFocus } from './menu.tsx';

const EMOJI = [
  ...['👍', '❤️', '😂', '😮', '😢', '🙏', '🎉', '🔥'],
  ...['😀', '😄', '😅', '😊', '😉', '😍', '😘', '🤗'],
  ...['🤔', '😐', '🙄', '😴', '😎', '🥳', '😭', '😡'],
  ...['😱', '🤯', '🥲', '🤝', '👏', '🙌', '💪', '👌'],
  ...['👎', '👋', '🤞', '✌️', '👀', '💯', '✅', '❌'],
  ...['💙', '💚', '💛', '💜', '💔', '✨', '⭐', '🌈'],
  ...['☀️', '🌧️', '☕', '🍕', '🍰', '🍻', '🎂', '🎁'],
  ...['🚀', '🚲', '🏔️', '🏖️', '📷', '🎵', '📅', '💡'],
];

export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would say more than is meant
    <div role="group" aria-label={t('emoji.label')} className={styles.grid} onKeyDown={moveFocus}>
      {EMOJI.map((emoji) => (
        <button key={emoji} type="button" onClick={() => onPick(emoji)}>
          {emoji}
        </button>
      ))}
    </div>
  );
}
