// Says what the words below are about: a reply or an edit.
import { Pencil, Reply, X } from 'lucide-react';
import { t } from '../../i18n/text.ts';
import { IconButton } from '../../ui/button.tsx';
import styles from './composer.module.css';

interface StripProps {
  editing: boolean;
  /** Null for oneself. */
  name: string | null;
  text: string;
  onCancel: () => void;
}

export function Strip({ editing, name, text, onCancel }: StripProps) {
  const Icon = editing ? Pencil : Reply;
  const self = name === null ? t('composer.replying.self') : t('composer.replying', { name });
  return (
    <div className={styles.strip}>
      <Icon size={18} aria-hidden="true" />
      <div>
        <p className={styles.about}>{editing ? t('composer.editing') : self}</p>
        <p className={styles.source} dir="auto">
          {text.slice(0, 200)}
        </p>
      </div>
      <IconButton icon={X} size="small" label={t('composer.cancel')} onClick={onCancel} />
    </div>
  );
}
