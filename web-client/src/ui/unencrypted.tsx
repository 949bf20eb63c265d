// The mark that nobody may overlook while nothing is encrypted.
import { LockOpen } from 'lucide-react';
import { t } from '../i18n/text.ts';
import styles from './unencrypted.module.css';

export function Unencrypted() {
  return (
    <p className={styles.mark} title={t('app.unencrypted.why')}>
      <LockOpen size={14} aria-hidden="true" />
      {t('app.unencrypted')}
    </p>
  );
}
