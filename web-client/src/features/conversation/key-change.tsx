// That somebody's safety number changed: an entry among the messages, and a banner where the person has to decide.
import { ShieldAlert } from 'lucide-react';
import { useState } from 'react';
import { useClient } from '../../client.tsx';
import type { KeyChange, Standing } from '../../crypto/trust.ts';
import type { ConversationId, UserId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { full } from '../../i18n/time.ts';
import { go } from '../../route.ts';
import { Button } from '../../ui/button.tsx';
import styles from './key-change.module.css';

interface EntryProps {
  change: KeyChange;
  name: string;
  id: ConversationId;
}

export function KeyChangeEntry({ change, name, id }: EntryProps) {
  return (
    <div className={styles.entry} data-state={change.state} title={full(change.at)}>
      <ShieldAlert size={18} aria-hidden="true" />
      <p>{t(`trust.${change.state}`, { name })}</p>
      {/* While it is held the banner asks. */}
      {change.state !== 'held' && (
        <Button onClick={() => go({ at: 'conversation', id, details: true })}>{t('trust.compare')}</Button>
      )}
    </div>
  );
}

interface BannerProps {
  standing: Standing;
  user: UserId;
  name: string;
  id: ConversationId;
}

export function KeyChangeBanner({ standing, user, name, id }: BannerProps) {
  const { trust } = useClient().engine;
  const [stale, setStale] = useState(false);
  const { safety_number: seen } = standing;
  const accept = async () => {
    if (trust && seen) setStale(!(await trust.accept(user, seen)));
  };
  return (
    <div className={styles.banner} role="alert">
      <ShieldAlert size={22} aria-hidden="true" />
      <div className={styles.words}>
        <p className={styles.title}>{t('trust.banner.title', { name })}</p>
        <p>{t(stale ? 'trust.stale' : 'trust.banner.text')}</p>
      </div>
      <div className={styles.actions}>
        <Button look="primary" onClick={() => go({ at: 'conversation', id, details: true })}>
          {t('trust.compare')}
        </Button>
        <Button onClick={() => void accept()}>{t('trust.accept')}</Button>
      </div>
    </div>
  );
}
