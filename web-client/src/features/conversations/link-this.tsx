// On a device that has no part in what is sealed yet: the code that links it.
import { useEffect, useSyncExternalStore } from 'react';
import type { Backup } from '../../crypto/backup.ts';
import type { Linking } from '../../crypto/linking.ts';
import { linkText } from '../../crypto/qr-texts.ts';
import { t } from '../../i18n/text.ts';
import { Code } from '../../ui/code.tsx';
import { QrCode } from '../../ui/qr-code.tsx';
import styles from './link-this.module.css';
import { Unlock } from './unlock.tsx';

export function LinkThis({ linking, backup }: { linking: Linking; backup: Backup | null }) {
  const state = useSyncExternalStore(linking.subscribe, linking.getSnapshot);
  useEffect(() => {
    linking.start().catch(() => undefined);
  }, [linking]);

  return (
    <section className={styles.card} aria-label={t('link.this.title')}>
      <h2>{t('link.this.title')}</h2>
      {state.kind === 'comparing' ? (
        <>
          <p>{t('link.this.compare')}</p>
          <Code label={t('link.digits')}>{state.digits}</Code>
        </>
      ) : (
        <>
          <p>{t('link.this.text')}</p>
          {state.kind === 'waiting' && (
            <>
              <QrCode text={linkText(state.code)} label={t('link.qr')} />
              <Code label={t('link.code')}>{state.code}</Code>
            </>
          )}
        </>
      )}
      {backup && state.kind !== 'comparing' && <Unlock backup={backup} />}
    </section>
  );
}
