// Right after an account was made: the recovery key, in front of everything else, once.
import { useEffect, useId, useRef, useState, useSyncExternalStore } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import type { Backup } from '../../crypto/backup.ts';
import { recoveryKeyIs } from '../../first-run.ts';
import { t } from '../../i18n/text.ts';
import { RecoveryKey } from '../../recovery-key.tsx';
import dialog from '../../ui/dialog.module.css';

export function FirstRun() {
  const { backup } = useClient().engine;
  const linked = useEngine((snapshot) => snapshot.linked);
  return backup && linked ? <Ask backup={backup} /> : null;
}

function Ask({ backup }: { backup: Backup }) {
  const { me } = useClient().engine.getSnapshot();
  const state = useSyncExternalStore(backup.subscribe, backup.getSnapshot);
  const [asked, setAsked] = useState(false);
  if (asked || state.kind !== 'none' || !recoveryKeyIs.toBeShown(me.id)) return null;
  const close = () => {
    recoveryKeyIs.shown(me.id);
    setAsked(true);
  };
  return <Question backup={backup} onClose={close} />;
}

function Question({ backup, onClose }: { backup: Backup; onClose: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = ref.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={ref} className={dialog.dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{t('recovery.title')}</h2>
      <RecoveryKey backup={backup} onDone={onClose} onLater={onClose} />
    </dialog>
  );
}
