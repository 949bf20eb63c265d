// The words of a message: links can be followed, nothing else in them is alive, and very long ones are folded.
import { Fragment, useState } from 'react';
import { t } from '../../i18n/text.ts';
import styles from './words.module.css';

// A link ends where a character hides or turns the text around: what is shown is where it leads.
const LINK = /\bhttps?:\/\/[^\s<>"'`\p{Cc}\p{Cf}]+[^\s<>"'`\p{Cc}\p{Cf}.,;:!?)\]}]/giu;
const FOLD_AFTER = 1_600;

export function Words({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const folded = !whole && text.length > FOLD_AFTER * 1.25;
  const big =
    /^(?:\p{Extended_Pictographic}[\u{fe0f}\u{1f3fb}-\u{1f3ff}]?(?:\u{200d}\p{Extended_Pictographic}\u{fe0f}?)*){1,3}$/u.test(
      text,
    );
  return (
    <span className={styles.words} dir="auto" data-part="words" data-big={big}>
      {pieces(folded ? `${text.slice(0, FOLD_AFTER)}…` : text)}
      {folded && (
        <button type="button" className={styles.more} onClick={() => setWhole(true)}>
          {t('message.more_text')}
        </button>
      )}
    </span>
  );
}

function pieces(text: string) {
  const parts: React.ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(<Fragment key={`t${end}`}>{text.slice(end, match.index)}</Fragment>);
    parts.push(
      <a key={`l${match.index}`} href={match[0]} target="_blank" rel="noopener noreferrer nofollow">
        {match[0]}
      </a>,
    );
    end = match.index + match[0].length;
  }
  parts.push(<Fragment key={`t${end}`}>{text.slice(end)}</Fragment>);
  return parts;
}
