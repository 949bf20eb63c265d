// A dialog with the camera in it, which reads a QR code.
import { CameraOff } from 'lucide-react';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { t } from '../i18n/text.ts';
import { Button } from './button.tsx';
import { type CameraTrouble, NoCamera, watchCamera } from './camera.ts';
import styles from './scanner.module.css';

interface ScannerProps {
  title: string;
  /** What to do, in a sentence. */
  text: string;
  /** Called with what a code says; gives words where that is not what is looked for, and looking goes on. */
  onRead: (text: string) => string | null;
  onClose: () => void;
}

export function Scanner({ title, text, onRead, onClose }: ScannerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const id = useId();
  const [trouble, setTrouble] = useState<CameraTrouble | null>(null);
  const [hint, setHint] = useState<string | null>(null);
  const read = useRef(onRead);
  read.current = onRead;

  useLayoutEffect(() => {
    const box = dialog.current;
    box?.showModal();
    return () => box?.close();
  }, []);

  useEffect(() => {
    const stop = new AbortController();
    const box = video.current;
    if (!box) return;
    const take = (found: string) => {
      const words = read.current(found);
      setHint(words);
      if (words === null) stop.abort();
    };
    watchCamera(box, take, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) setTrouble(error instanceof NoCamera ? error.trouble : 'failed');
    });
    return () => stop.abort();
  }, []);

  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {trouble ? (
        <div className={styles.trouble} role="alert">
          <CameraOff size={28} aria-hidden="true" />
          <p>{t(`scan.${trouble}`)}</p>
        </div>
      ) : (
        <>
          <p className={styles.text}>{text}</p>
          <div className={styles.view}>
            <video ref={video} muted playsInline aria-label={t('scan.picture')} />
            <span className={styles.frame} aria-hidden="true" />
          </div>
          <p className={styles.hint} role="status">
            {hint ?? t('scan.looking')}
          </p>
        </>
      )}
      <div className={styles.actions}>
        <Button onClick={onClose}>{t(trouble ? 'dialog.close' : 'dialog.cancel')}</Button>
      </div>
    </dialog>
  );
}
