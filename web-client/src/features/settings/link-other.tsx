// On a linked device: types or scans the code of a new one, and says whether both show the same digits.
import { ScanQrCode } from 'lucide-react';
import { type FormEvent, useState, useSyncExternalStore } from 'react';
import type { Linking } from '../../crypto/linking.ts';
import { readLink } from '../../crypto/qr-texts.ts';
import { t } from '../../i18n/text.ts';
import { Button } from '../../ui/button.tsx';
import { Code } from '../../ui/code.tsx';
import { Field } from '../../ui/field.tsx';
import { Scanner } from '../../ui/scanner.tsx';
import styles from './settings.module.css';

export function LinkOther({ linking }: { linking: Linking }) {
  const state = useSyncExternalStore(linking.subscribe, linking.getSnapshot);
  const [code, setCode] = useState('');
  const [scanning, setScanning] = useState(false);
  const read = (text: string) => {
    const scanned = readLink(text);
    if (scanned === null) return t('link.other.scan.other');
    setScanning(false);
    setCode(scanned);
    void linking.type(scanned);
    return null;
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void linking.type(code);
  };

  return (
    <section className={styles.card} aria-label={t('link.other.title')}>
      <h2>{t('link.other.title')}</h2>
      {state.kind === 'comparing' && (
        <>
          <p>{t('link.other.compare')}</p>
          <Code label={t('link.digits')}>{state.digits}</Code>
          <div className={styles.row}>
            <Button look="primary" onClick={() => void linking.confirm()}>
              {t('link.other.same')}
            </Button>
            <Button onClick={() => linking.reset()}>{t('link.other.different')}</Button>
          </div>
        </>
      )}
      {state.kind === 'done' && <p role="status">{t('link.other.done')}</p>}
      {state.kind !== 'comparing' && state.kind !== 'done' && (
        <form className={styles.form} onSubmit={submit}>
          <p className={styles.soft}>{t('link.other.text')}</p>
          <Field
            label={t('link.other.code')}
            name="code"
            value={code}
            onChange={(event) => setCode(event.target.value)}
            error={state.kind === 'failed' ? t(`link.failed.${state.why}`) : undefined}
          />
          <div className={styles.row}>
            <Button look="primary" type="submit" disabled={state.kind === 'asking' || code.trim() === ''}>
              {t('link.other.go')}
            </Button>
            <Button disabled={state.kind === 'asking'} onClick={() => setScanning(true)}>
              <ScanQrCode size={18} aria-hidden="true" />
              {t('link.other.scan')}
            </Button>
          </div>
        </form>
      )}
      {scanning && (
        <Scanner
          title={t('link.other.scan')}
          text={t('link.other.scan.text')}
          onRead={read}
          onClose={() => setScanning(false)}
        />
      )}
    </section>
  );
}
