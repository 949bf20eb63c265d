// How far a message has come: clock, one tick, two, two coloured.
import { Check, CheckCheck, CircleAlert, Clock3 } from 'lucide-react';
import { t } from '../i18n/text.ts';
import type { Tick } from '../sync/derived.ts';
import styles from './tick-mark.module.css';

const ICONS = { waiting: Clock3, failed: CircleAlert, sent: Check, delivered: CheckCheck, read: CheckCheck };

export function TickMark({ tick }: { tick: Tick }) {
  const Icon = ICONS[tick];
  const label = t(`tick.${tick}`);
  return (
    <span className={styles.tick} data-tick={tick} role="img" aria-label={label} title={label}>
      <Icon size={tick === 'waiting' ? 13 : 16} aria-hidden="true" />
    </span>
  );
}
