// Where one is signed in, and the way to end it there.
import { Laptop } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { useClient } from '../../client.tsx';
import type { Session } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { moment } from '../../i18n/time.ts';
import { shown } from '../../names.ts';
import { wordsForError } from '../../problems.ts';
import { Button } from '../../ui/button.tsx';
import styles from './settings.module.css';

export function Sessions() {
  const { api } = useClient();
  const [sessions, setSessions] = useState<readonly Session[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const load = useCallback(async () => {
    try {
      setSessions((await api.sessions()).sessions);
      setProblem(null);
    } catch (error) {
      setProblem(wordsForError(error));
    }
  }, [api]);
  useEffect(() => void load(), [load]);

  const revoke = async (session: Session) => {
    try {
      await api.revoke(session.id);
      await load();
    } catch (error) {
      setProblem(wordsForError(error));
    }
  };

  return (
    <section className={styles.card}>
      <h2>{t('settings.sessions')}</h2>
      <p className={styles.soft}>{t('settings.sessions.text')}</p>
      {problem && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      {!sessions && !problem && <p role="status">{t('settings.sessions.loading')}</p>}
      <ul className={styles.sessions}>
        {sessions?.map((session) => (
          <li key={session.id}>
            <Laptop size={20} aria-hidden="true" />
            <div>
              <p>
                <bdi>{shown(session.device.name)}</bdi>
              </p>
              <p className={styles.soft}>
                {session.current
                  ? t('settings.sessions.current')
                  : t('settings.sessions.used', { when: moment(session.last_used_at) })}
              </p>
            </div>
            {!session.current && (
              <Button
                aria-label={t('settings.sessions.revoke.label', { name: shown(session.device.name) })}
                onClick={() => void revoke(session)}
              >
                {t('settings.sessions.revoke')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
