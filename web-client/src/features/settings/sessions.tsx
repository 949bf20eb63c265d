// Where one is signed in, which of these devices read sealed messages, and the way to end it there.
import { Laptop, LockKeyhole, LockKeyholeOpen } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import { VaultRefused } from '../../crypto/vault.ts';
import type { DeviceId, Session } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { moment } from '../../i18n/time.ts';
import { shown } from '../../names.ts';
import { wordsForError } from '../../problems.ts';
import { Button } from '../../ui/button.tsx';
import styles from './settings.module.css';

export function Sessions() {
  const { api, engine } = useClient();
  const { trust } = engine;
  const isLinked = useEngine((snapshot) => snapshot.linked);
  const [linked, setLinked] = useState<readonly DeviceId[] | null>(null);
  const [sessions, setSessions] = useState<readonly Session[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const load = useCallback(async () => {
    try {
      setSessions((await api.sessions()).sessions);
      setProblem(null);
    } catch (error) {
      setProblem(wordsForError(error));
    }
    // Where the list can't be had, nothing is said about it.
    setLinked((await trust?.devices.list().catch(() => null)) ?? null);
  }, [api, trust]);
  useEffect(() => void load(), [load]);

  const revoke = async (session: Session) => {
    try {
      // First nothing is sealed for it any more. A device that has no part in it can't sign that.
      if (isLinked) await trust?.devices.remove(session.device.id).catch(unlessRefused);
      await api.revoke(session.id);
      await load();
    } catch (error) {
      setProblem(wordsForError(error));
    }
  };

  return (
    <section className={styles.card} aria-label={t('settings.sessions')}>
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
              {linked && <LinkedLine linked={linked.includes(session.device.id)} />}
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

/** Whether others seal for the device. */
function LinkedLine({ linked }: { linked: boolean }) {
  const Icon = linked ? LockKeyhole : LockKeyholeOpen;
  return (
    <p className={styles.linked} data-linked={linked}>
      <Icon size={14} aria-hidden="true" />
      {t(linked ? 'settings.sessions.linked' : 'settings.sessions.unlinked')}
    </p>
  );
}

/** Where the vault can't sign for this account, the session still has to end. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof VaultRefused)) throw error;
}
