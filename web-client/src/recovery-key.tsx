// The recovery key, shown once: copied or written down, and then said to be safe. Only then does it open anything.
import { Copy, Download } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useClient } from './client.tsx';
import type { Backup } from './crypto/backup.ts';
import { t } from './i18n/text.ts';
import { wordsForError } from './problems.ts';
import styles from './recovery-key.module.css';
import { Button } from './ui/button.tsx';
import { Code } from './ui/code.tsx';

interface RecoveryKeyProps {
  backup: Backup;
  onDone: () => void;
  onLater: () => void;
}

export function RecoveryKey({ backup, onDone, onLater }: RecoveryKeyProps) {
  const { engine, platform } = useClient();
  const { me } = engine.getSnapshot();
  const [key, setKey] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    backup.newKey().then(
      (fresh) => wanted && setKey(fresh),
      (error: unknown) => wanted && setProblem(wordsForError(error)),
    );
    return () => {
      wanted = false;
    };
  }, [backup]);

  const save = async () => {
    if (!key) return;
    try {
      await backup.lock({ recovery: key });
      onDone();
    } catch (error) {
      setProblem(wordsForError(error));
    }
  };
  const file = t('recovery.file', { username: me.username, key: key ?? '' });

  return (
    <div className={styles.key}>
      <p>{t('recovery.text')}</p>
      {key && <Code label={t('recovery.label')}>{key}</Code>}
      <div className={styles.row}>
        <Button
          disabled={!key}
          onClick={() => {
            void platform.copy(key ?? '');
            setCopied(true);
          }}
        >
          <Copy size={15} aria-hidden="true" />
          {t(copied ? 'recovery.copied' : 'recovery.copy')}
        </Button>
        <a
          className={styles.download}
          download={`sotto-recovery-key-${me.username}.txt`}
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(file)}`}
        >
          <Download size={15} aria-hidden="true" />
          {t('recovery.download')}
        </a>
      </div>
      {problem && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      <div className={styles.row}>
        <Button look="primary" disabled={!key} onClick={() => void save()}>
          {t('recovery.saved')}
        </Button>
        <Button onClick={onLater}>{t('recovery.later')}</Button>
      </div>
    </div>
  );
}
