// Settings: whether there is a backup, and what opens it.
import { type FormEvent, useState, useSyncExternalStore } from 'react';
import type { Backup } from '../../crypto/backup.ts';
import { t } from '../../i18n/text.ts';
import { moment } from '../../i18n/time.ts';
import { wordsForError } from '../../problems.ts';
import { RecoveryKey } from '../../recovery-key.tsx';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import settings from './settings.module.css';

/** A backup lies with the server, which may try passphrases: a short one is none. */
const LEAST_PASSPHRASE = 12;

export function BackupCard({ backup }: { backup: Backup }) {
  const state = useSyncExternalStore(backup.subscribe, backup.getSnapshot);
  const [doing, setDoing] = useState<'nothing' | 'key' | 'passphrase'>('nothing');
  const done = () => setDoing('nothing');
  if (state.kind === 'unknown' || state.kind === 'locked') return null;
  return (
    <section className={settings.card} aria-label={t('backup.title')}>
      <h2>{t('backup.title')}</h2>
      <p role="status" className={settings.soft}>
        {state.kind === 'none' && t('backup.none')}
        {state.kind === 'on' && t('backup.on')}
        {state.kind === 'unreadable' && t('backup.unreadable')}
        {state.kind === 'on' &&
          state.at &&
          ` ${t('backup.at', { when: moment(new Date(state.at).toISOString()) })}`}
      </p>
      {doing === 'key' && <RecoveryKey backup={backup} onDone={done} onLater={done} />}
      {doing === 'passphrase' && <Passphrase backup={backup} onDone={done} />}
      {doing === 'nothing' && (
        <div className={settings.choices}>
          <Button onClick={() => setDoing('key')}>
            {t(state.kind === 'on' ? 'backup.new_key' : 'backup.begin')}
          </Button>
          {state.kind === 'on' && (
            <Button onClick={() => setDoing('passphrase')}>
              {t(state.passphrase ? 'backup.passphrase.change' : 'backup.passphrase.set')}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function Passphrase({ backup, onDone }: { backup: Backup; onDone: () => void }) {
  const [passphrase, setPassphrase] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (passphrase.trim().length < LEAST_PASSPHRASE)
      return setProblem(t('backup.passphrase.short', { count: LEAST_PASSPHRASE }));
    try {
      await backup.lock({ passphrase: passphrase.trim() });
      onDone();
    } catch (error) {
      setProblem(wordsForError(error));
    }
  };
  return (
    <form className={settings.form} onSubmit={submit}>
      <Field
        label={t('backup.passphrase')}
        hint={t('backup.passphrase.hint')}
        type="password"
        name="passphrase"
        autoComplete="new-password"
        value={passphrase}
        onChange={(event) => setPassphrase(event.target.value)}
        error={problem ?? undefined}
      />
      <div className={settings.choices}>
        <Button look="primary" type="submit">
          {t('backup.passphrase.save')}
        </Button>
        <Button onClick={onDone}>{t('dialog.cancel')}</Button>
      </div>
    </form>
  );
}
