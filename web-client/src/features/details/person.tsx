// Who somebody is, whether they are there, and how it stands with their encryption.
import { useEngine } from '../../client.tsx';
import type { User } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { moment } from '../../i18n/time.ts';
import { nameOf } from '../../names.ts';
import { Avatar } from '../../ui/avatar.tsx';
import styles from './details.module.css';
import { Encryption } from './encryption.tsx';

export function Person({ peer }: { peer: User }) {
  const presence = useEngine((snapshot) => snapshot.presence.get(peer.id));
  const seen = presence?.last_seen;
  return (
    <>
      <div className={styles.person}>
        <Avatar id={peer.id} name={nameOf(peer)} size={80} />
        <p className={styles.name}>
          <bdi>{nameOf(peer)}</bdi>
        </p>
        <p className={styles.soft}>@{peer.username}</p>
        {presence?.online && <p className={styles.online}>{t('conversation.online')}</p>}
        {!presence?.online && seen && (
          <p className={styles.soft}>{t('conversation.seen', { when: moment(seen) })}</p>
        )}
      </div>
      <Encryption peer={peer} />
    </>
  );
}
