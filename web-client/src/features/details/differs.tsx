// The code that was scanned says another number: what that can mean, and what to do.
import { TriangleAlert } from 'lucide-react';
import { t } from '../../i18n/text.ts';
import { Button } from '../../ui/button.tsx';
import styles from './details.module.css';

export function Differs({ name, onAgain }: { name: string; onAgain: () => void }) {
  return (
    <div className={styles.differs} role="alert">
      <TriangleAlert size={28} aria-hidden="true" />
      <p className={styles.big}>{t('details.differs')}</p>
      <p>{t('details.differs.text', { name })}</p>
      <Button onClick={onAgain}>{t('details.differs.again')}</Button>
    </div>
  );
}
