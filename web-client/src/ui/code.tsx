// Letters or digits that a person reads from one screen and compares with, or types on, another.
import styles from './code.module.css';

export function Code({ children, label }: { children: string; label: string }) {
  return (
    <output className={styles.code} aria-label={label}>
      {children}
    </output>
  );
}
