// Settings: who one is, how it looks, where one is signed in, and the way out.
import { ArrowLeft } from 'lucide-react';
import { useState } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import { t } from '../../i18n/text.ts';
import { nameOf } from '../../names.ts';
import { go, goBack } from '../../route.ts';
import { setTheme, type Theme, useTheme } from '../../theme.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { BackupCard } from './backup-card.tsx';
import { LinkOther } from './link-other.tsx';
import { Sessions } from './sessions.tsx';
import styles from './settings.module.css';

export function Settings() {
  const { engine } = useClient();
  const { me } = engine.getSnapshot();
  const { linking } = engine;
  const linked = useEngine((snapshot) => snapshot.linked);
  return (
    <section className={styles.page} aria-label={t('settings.title')}>
      <header className={styles.header}>
        <IconButton icon={ArrowLeft} label={t('settings.back')} onClick={goBack} />
        <h1>{t('settings.title')}</h1>
      </header>
      <div className={styles.scroll}>
        <div className={styles.column}>
          <div className={styles.profile}>
            <Avatar id={me.id} name={nameOf(me)} size={64} />
            <div>
              <p className={styles.name}>
                <bdi>{nameOf(me)}</bdi>
              </p>
              <p className={styles.soft}>@{me.username}</p>
            </div>
          </div>
          <Appearance />
          <Notifications />
          <Sessions />
          {engine.backup && linked && <BackupCard backup={engine.backup} />}
          {linking && linked && <LinkOther linking={linking} />}
          <SignOut />
        </div>
      </div>
    </section>
  );
}

function Appearance() {
  const theme = useTheme();
  const choices: readonly Theme[] = ['system', 'light', 'dark'];
  return (
    <section className={styles.card}>
      <h2>{t('settings.appearance')}</h2>
      <fieldset className={styles.choices}>
        <legend className="visually-hidden">{t('settings.theme')}</legend>
        {choices.map((choice) => (
          <label key={choice}>
            <input type="radio" name="theme" checked={theme === choice} onChange={() => setTheme(choice)} />
            {t(`settings.theme.${choice}`)}
          </label>
        ))}
      </fieldset>
    </section>
  );
}

function Notifications() {
  const { notifications } = useClient().platform;
  const [state, setState] = useState(notifications.state());
  return (
    <section className={styles.card}>
      <h2>{t('settings.notifications')}</h2>
      <div className={styles.row}>
        <p className={styles.soft}>
          {t(state === 'denied' ? 'settings.notifications.denied' : 'settings.notifications.text')}
        </p>
        {state === 'off' && (
          <Button onClick={() => void notifications.ask().then(setState)}>
            {t('settings.notifications.on')}
          </Button>
        )}
        {state === 'on' && <span>{t('settings.notifications.is_on')}</span>}
      </div>
    </section>
  );
}

function SignOut() {
  const { account } = useClient();
  const [asking, setAsking] = useState(false);
  const [wipe, setWipe] = useState(false);
  const leave = () => {
    go({ at: 'chats' }, 'replace');
    void account.logout(wipe ? 'remove' : 'keep');
  };
  return (
    <section>
      <Button look="danger" onClick={() => setAsking(true)}>
        {t('settings.signout')}
      </Button>
      {asking && (
        <Dialog
          title={t('settings.signout.ask')}
          action={t('settings.signout')}
          onAction={leave}
          onClose={() => setAsking(false)}
        >
          <p>{t('settings.signout.text')}</p>
          <label className={styles.wipe}>
            <input type="checkbox" checked={wipe} onChange={(event) => setWipe(event.target.checked)} />
            {t('settings.signout.wipe')}
          </label>
        </Dialog>
      )}
    </section>
  );
}
