// The first screen: sign in, or make an account; one form each.
import { Eye, EyeOff } from 'lucide-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { Registration } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { wordsForError } from '../../problems.ts';
import { go, useRoute } from '../../route.ts';
import type { Account } from '../../sync/account.ts';
import type { GuestApi } from '../../sync/api.ts';
import { Refused } from '../../sync/problem.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Unencrypted } from '../../ui/unencrypted.tsx';
import styles from './welcome.module.css';

interface WelcomeProps {
  account: Account;
  guest: GuestApi;
  ended: boolean;
}

export function Welcome({ account, guest, ended }: WelcomeProps) {
  const registering = useRoute().at === 'register';
  const [registration, setRegistration] = useState<Registration>('open');
  const [plain, setPlain] = useState(false);
  useEffect(() => {
    guest.server().then(
      (server) => {
        setRegistration(server.registration);
        setPlain(server.plaintext_allowed);
      },
      () => undefined,
    );
  }, [guest]);

  const kind = registering ? 'register' : 'signin';
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <Mark size={44} />
          <p className={styles.name}>{t('app.name')}</p>
          <p className={styles.tagline}>{t('app.tagline')}</p>
        </div>
        {ended && <p className={styles.notice}>{t('welcome.ended')}</p>}
        <h1>{t(`welcome.${kind}.title`)}</h1>
        {registering && registration === 'closed' ? (
          <p className={styles.notice}>{t('welcome.closed')}</p>
        ) : (
          <AccountForm key={kind} kind={kind} account={account} />
        )}
        <p className={styles.other}>
          {t(`welcome.${kind}.other`)}{' '}
          <button type="button" onClick={() => go({ at: registering ? 'chats' : 'register' })}>
            {t(`welcome.${kind}.switch`)}
          </button>
        </p>
      </div>
      {plain && <Unencrypted />}
    </main>
  );
}

function AccountForm({ kind, account }: { kind: 'register' | 'signin'; account: Account }) {
  const form = useRef<HTMLFormElement>(null);
  const [working, setWorking] = useState(false);
  const [visible, setVisible] = useState(false);
  const [wrong, setWrong] = useState<{ field: string; words: string } | null>(null);
  const registering = kind === 'register';
  const errorFor = (field: string) => (wrong?.field === field ? wrong.words : undefined);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (working) return;
    const data = new FormData(event.currentTarget);
    const read = (name: string) => String(data.get(name) ?? '');
    const username = read('username').trim();
    const display_name = read('display_name').trim();
    const who = { username, password: read('password'), ...(display_name ? { display_name } : {}) };
    setWorking(true);
    setWrong(null);
    try {
      await (registering ? account.register(who) : account.login(who));
    } catch (error) {
      const field = (error instanceof Refused && fieldOf(error)) || 'form';
      setWrong({ field, words: wordsForError(error) });
      setWorking(false);
      form.current?.querySelector<HTMLInputElement>(`input[name="${field}"]`)?.focus();
    }
  };

  return (
    <form ref={form} className={styles.form} onSubmit={submit} noValidate>
      <Field
        label={t('welcome.username')}
        hint={registering ? t('welcome.username.hint') : undefined}
        error={errorFor('username')}
        name="username"
        autoComplete="username"
        autoCapitalize="off"
        spellCheck={false}
        maxLength={64}
        required
      />
      {registering && (
        <Field
          label={t('welcome.display_name')}
          hint={t('welcome.display_name.hint')}
          error={errorFor('display_name')}
          name="display_name"
          autoComplete="name"
        />
      )}
      <Field
        label={t('welcome.password')}
        hint={registering ? t('welcome.password.hint') : undefined}
        error={errorFor('password')}
        name="password"
        type={visible ? 'text' : 'password'}
        autoComplete={registering ? 'new-password' : 'current-password'}
        required
        after={
          <IconButton
            icon={visible ? EyeOff : Eye}
            label={t(visible ? 'welcome.password.hide' : 'welcome.password.show')}
            onClick={() => setVisible(!visible)}
          />
        }
      />
      {wrong?.field === 'form' && (
        <p className={styles.problem} role="alert">
          {wrong.words}
        </p>
      )}
      <Button type="submit" look="primary" aria-disabled={working}>
        {working ? t('welcome.working') : t(`welcome.${kind}.submit`)}
      </Button>
    </form>
  );
}

/** The field a refusal names: the last part of its path. */
function fieldOf({ problem }: Refused): string | undefined {
  if (problem.code === 'username_taken') return 'username';
  const field = problem.field?.split('.').at(-1);
  return field && ['username', 'display_name', 'password'].includes(field) ? field : undefined;
}
