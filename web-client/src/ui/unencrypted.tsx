// The marks that nobody may overlook: while nothing is encrypted, and on a device that has no part in what is.
import { LockOpen, Unlink } from 'lucide-react';
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

export function Unlinked() {
  return (
    <p className={styles.mark} title={t('app.unlinked.why')}>
      <Unlink size={14} aria-hidden="true" />
      {t('app.unlinked')}
    </p>
  );
}
