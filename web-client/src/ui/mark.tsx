// Sotto's mark: two overlapping speech arcs.
import styles from './mark.module.css';

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg
      className={styles.mark}
      width={size}
      height={size}
      viewBox="0 0 40 40"
      aria-hidden="true"
      focusable="false"
    >
      <path
        className={styles.back}
        d="M3 26v-9a11.5 11.5 0 0 1 23 0 11.5 11.5 0 0 1-11.5 11.5H5.500A2.5 2.5 0 0 1 3 26Z"
      />
      <path
        className={styles.front}
        d="M37 33v-9a11.5 11.5 0 0 0-23 0 11.5 11.5 0 0 0 11.5 11.500h9A2.5 2.5 0 0 0 37 33Z"
      />
    </svg>
  );
}
