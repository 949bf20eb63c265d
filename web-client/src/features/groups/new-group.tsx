// Makes a group: its name, and who is in it.
import { ArrowLeft } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useClient } from '../../client.tsx';
import type { User } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { PickPeople } from '../../pick-people.tsx';
import { wordsForError } from '../../problems.ts';
import { go, goBack } from '../../route.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import styles from './new-group.module.css';

export function NewGroup() {
  const { engine } = useClient();
  const [title, setTitle] = useState('');
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const create = async (event: FormEvent) => {
    event.preventDefault();
    if (working) return;
    if (title.trim() === '') return setProblem(t('group.name.missing'));
    setWorking(true);
    setProblem(null);
    try {
      const users = chosen.map(({ id }) => id);
      go({ at: 'conversation', id: await engine.groups.create(title.trim(), users) }, 'replace');
    } catch (error) {
      setProblem(wordsForError(error));
      setWorking(false);
    }
  };

  return (
    <section className={styles.pane} aria-label={t('group.new')}>
      <header className={styles.header}>
        <IconButton icon={ArrowLeft} label={t('settings.back')} onClick={goBack} />
        <h1>{t('group.new')}</h1>
      </header>
      <form className={styles.form} onSubmit={create}>
        <Field
          label={t('group.title')}
          name="title"
          value={title}
          maxLength={128}
          autoComplete="off"
          onChange={(event) => setTitle(event.target.value)}
          error={problem ?? undefined}
        />
        <h2>{t('group.people')}</h2>
        <PickPeople chosen={chosen} onChange={setChosen} />
        <Button type="submit" look="primary" aria-disabled={working}>
          {t(working ? 'group.creating' : 'group.create')}
        </Button>
      </form>
    </section>
  );
}
