// On a linked device: types the code of a new one, and says whether both show the same digits.
import { type FormEvent, useState, useSyncExternalStore } from 'react';
import type { Linking } from '../../crypto/linking.ts';
import { t } from '../../i18n/text.ts';
import { Button } from '../../ui/button.tsx';
import { Code } from '../../ui/code.tsx';
import { Field } from '../../ui/field.tsx';
import styles from './settings.module.css';

export function LinkOther({ linking }: { linking: Linking }) {
  const state = useSyncExternalStore(linking.subscribe, linking.getSnapshot);
  const [code, setCode] = useState('');
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
          <Button look="primary" type="submit" disabled={state.kind === 'asking' || code.trim() === ''}>
            {t('link.other.go')}
          </Button>
        </form>
      )}
    </section>
  );
}
