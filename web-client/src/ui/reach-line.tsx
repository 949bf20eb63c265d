// One quiet line about the connection.
import { t } from '../i18n/text.ts';
import type { Snapshot } from '../sync/snapshot.ts';
import styles from './reach-line.module.css';

type Reach = Pick<Snapshot, 'reach' | 'waiting'>;

export function reachText({ reach, waiting }: Reach): string {
  if (reach === 'offline' && waiting > 0) return t('reach.offline.waiting', { count: waiting });
  return t(`reach.${reach === 'stopped' ? 'connecting' : reach}`);
}

export function ReachLine({ reach, waiting }: Reach) {
  return (
    <p className={styles.line} data-reach={reach} role="status">
      <span className={styles.dot} aria-hidden="true" />
      {reachText({ reach, waiting })}
    </p>
  );
}
