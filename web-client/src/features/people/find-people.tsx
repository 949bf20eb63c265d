// Finds people by username, and starts a conversation with one of them.
import { ArrowLeft, UserRoundSearch, UsersRound } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useClient } from '../../client.tsx';
import type { User } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { nameOf } from '../../names.ts';
import { wordsForError } from '../../problems.ts';
import { go, goBack } from '../../route.ts';
import { type Search, useSearch } from '../../search-people.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { moveFocus } from '../../ui/menu.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import styles from './find-people.module.css';

export function FindPeople() {
  const { engine } = useClient();
  const [query, setQuery] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const search = useSearch(query.trim());
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => input.current?.focus(), []);

  const start = async (user: User) => {
    try {
      go({ at: 'conversation', id: await engine.startDirect(user.id) }, 'replace');
    } catch (error) {
      setProblem(wordsForError(error));
    }
  };

  return (
    <section className={styles.pane} aria-label={t('people.title')}>
      <header className={styles.header}>
        <IconButton icon={ArrowLeft} label={t('settings.back')} onClick={goBack} />
        <h1>{t('people.title')}</h1>
      </header>
      <div className={styles.search}>
        <SearchBox
          ref={input}
          label={t('people.search.hint')}
          value={query}
          onChange={setQuery}
          onKeyDown={(event) => {
            if (event.key === 'Escape') goBack();
            if (event.key === 'Enter') list.current?.querySelector('button')?.click();
            if (event.key !== 'ArrowDown') return;
            event.preventDefault();
            list.current?.querySelector('button')?.focus();
          }}
        />
      </div>
      {query === '' && (
        <button type="button" className={styles.group} onClick={() => go({ at: 'new-group' })}>
          <UsersRound size={20} aria-hidden="true" />
          {t('group.new')}
        </button>
      )}
      <p role="status" className="visually-hidden">
        {search.is === 'found' && t('people.found', { count: search.people.length })}
      </p>
      {problem && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      <Results search={search} list={list} onPick={start} />
    </section>
  );
}

function Results({
  search,
  list,
  onPick,
}: {
  search: Search;
  list: React.RefObject<HTMLUListElement | null>;
  onPick: (user: User) => void;
}) {
  const { me } = useClient().engine.getSnapshot();
  if (search.is === 'idle') {
    return (
      <Empty icon={<UserRoundSearch size={40} aria-hidden="true" />} title={t('people.intro.title')}>
        <p>{t('people.intro.text', { username: me.username })}</p>
      </Empty>
    );
  }
  if (search.is === 'searching') return <p className={styles.note}>{t('people.searching')}</p>;
  if (search.is === 'failed') return <p className={styles.note}>{search.words}</p>;
  const people = search.people.filter((user) => user.id !== me.id);
  if (people.length === 0) return <p className={styles.note}>{t('people.none', { query: search.query })}</p>;
  return (
    <ul ref={list} className={styles.people} onKeyDown={moveFocus}>
      {people.map((user) => (
        <li key={user.id}>
          <button type="button" onClick={() => onPick(user)}>
            <Avatar id={user.id} name={nameOf(user)} size={44} />
            <span className={styles.name}>
              <span className="visually-hidden">{t('people.start')} </span>
              <bdi>{nameOf(user)}</bdi>
            </span>
            <span className={styles.username}>@{user.username}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
