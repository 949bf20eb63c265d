// On a device that is not linked, with no other one at hand: the recovery key or the passphrase, or a new beginning.
import { type FormEvent, useState, useSyncExternalStore } from 'react';
import { useClient } from '../../client.tsx';
import type { Backup } from '../../crypto/backup.ts';
import { recoveryKeyIs } from '../../first-run.ts';
import { t } from '../../i18n/text.ts';
import { wordsForError } from '../../problems.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import styles from './unlock.module.css';

export function Unlock({ backup }: { backup: Backup }) {
  const { engine } = useClient();
  const state = useSyncExternalStore(backup.subscribe, backup.getSnapshot);
  const [secret, setSecret] = useState('');
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);

  const work = async (what: () => Promise<string | null>) => {
    if (working) return;
    setWorking(true);
    setProblem(null);
    try {
      setProblem(await what());
    } catch (error) {
      setProblem(wordsForError(error));
    }
    setWorking(false);
  };
  const open = async () => {
    const typed = secret.trim();
    const isOpen = (await backup.unlock({ recovery: typed })) || (await backup.unlock({ passphrase: typed }));
    return isOpen ? null : t('unlock.wrong');
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void work(open);
  };

  return (
    <div className={styles.unlock}>
      {state.kind === 'locked' && (
        <form className={styles.form} onSubmit={submit}>
          <Field
            label={t(state.passphrase ? 'unlock.either' : 'unlock.recovery')}
            name="recovery"
            value={secret}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            onChange={(event) => setSecret(event.target.value)}
            error={problem ?? undefined}
          />
          <Button look="primary" type="submit" disabled={working || secret.trim() === ''}>
            {t(working ? 'unlock.working' : 'unlock.go')}
          </Button>
        </form>
      )}
      {state.kind !== 'locked' && problem && <p role="alert">{problem}</p>}
      <button type="button" className={styles.anew} onClick={() => setAsking(true)}>
        {t('unlock.anew')}
      </button>
      {asking && (
        <Dialog
          title={t('unlock.anew.ask')}
          action={t('unlock.anew.do')}
          onClose={() => setAsking(false)}
          onAction={() => {
            setAsking(false);
            void work(async () => {
              recoveryKeyIs.due(engine.getSnapshot().me.id);
              await engine.beginAnew();
              return null;
            });
          }}
        >
          {t('unlock.anew.text')}
        </Dialog>
      )}
    </div>
  );
}
