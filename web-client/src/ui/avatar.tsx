// A person's initials on a colour of their own.
import styles from './avatar.module.css';

const HUES = [12, 45, 82, 135, 165, 200, 235, 265, 300, 335];

export function Avatar({
  id,
  name,
  size = 48,
  online = false,
}: {
  id: string;
  name: string;
  size?: number;
  online?: boolean;
}) {
  const hue =
    HUES[[...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7) % HUES.length];
  return (
    <span
      className={styles.avatar}
      style={{ '--hue': hue, '--size': `${size}px` } as React.CSSProperties}
      data-online={online}
      aria-hidden="true"
    >
      {initials(name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => {
    return word ? (/[\p{L}\p{N}]/u.exec(word)?.[0] ?? '') : '';
  });
  return letters.join('').toLocaleUpperCase() || '·';
}
