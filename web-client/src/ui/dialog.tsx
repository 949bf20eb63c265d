// A question in front of everything else, on the browser's own dialog: focus stays in, Escape leaves.
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { t } from '../i18n/text.ts';
import { Button } from './button.tsx';
import styles from './dialog.module.css';

interface DialogProps {
  title: string;
  children: ReactNode;
  action: string;
  onAction: () => void;
  onClose: () => void;
}

export function Dialog({ title, children, action, onAction, onClose }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  // In the layout phase, so that the dialog is still there to give the focus back when it closes.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={ref} className={styles.dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      <div className={styles.text}>{children}</div>
      <div className={styles.actions}>
        <Button onClick={onClose}>{t('dialog.cancel')}</Button>
        <Button look="danger" onClick={onAction}>
          {action}
        </Button>
      </div>
    </dialog>
  );
}
