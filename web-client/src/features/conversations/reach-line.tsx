// One quiet line about the connection.
import { useEngine } from '../../client.tsx';
import { t } from '../../i18n/text.ts';
import styles from './reach-line.module.css';

export function ReachLine() {
  const reach = useEngine((snapshot) => snapshot.reach);
  const waiting = useEngine((snapshot) => snapshot.waiting);
  const quiet = reach === 'stopped' ? 'connecting' : reach;
  const text =
    quiet === 'offline' && waiting > 0 ? t('reach.offline.waiting', { count: waiting }) : t(`reach.${quiet}`);
  return (
    <p className={styles.line} data-reach={quiet} role="status">
      <span className={styles.dot} aria-hidden="true" />
      {text}
    </p>
  );
}
