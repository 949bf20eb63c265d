// Choosing several people: a search, what it finds, and whom one has chosen so far.
import { Check, X } from 'lucide-react';
import { useRef, useState } from 'react';
import { useClient } from './client.tsx';
import type { User, UserId } from './gen/contract.ts';
import { t } from './i18n/text.ts';
import { nameOf } from './names.ts';
import styles from './pick-people.module.css';
import { useSearch } from './search-people.ts';
import { Avatar } from './ui/avatar.tsx';
import { moveFocus } from './ui/menu.tsx';
import { SearchBox } from './ui/search-box.tsx';

interface PickPeopleProps {
  chosen: readonly User[];
  onChange: (chosen: readonly User[]) => void;
  /** Who is in already. */
  without?: ReadonlySet<UserId>;
}

export function PickPeople({ chosen, onChange, without }: PickPeopleProps) {
  const { me } = useClient().engine.getSnapshot();
  const [query, setQuery] = useState('');
  const search = useSearch(query.trim());
  const list = useRef<HTMLUListElement>(null);
  const isChosen = (user: User) => chosen.some(({ id }) => id === user.id);
  const toggle = (user: User) =>
    onChange(isChosen(user) ? chosen.filter(({ id }) => id !== user.id) : [...chosen, user]);
  const people =
    search.is === 'found' ? search.people.filter(({ id }) => id !== me.id && !without?.has(id)) : [];

  return (
    <div className={styles.pick}>
      {chosen.length > 0 && (
        <ul className={styles.chosen} aria-label={t('group.chosen', { count: chosen.length })}>
          {chosen.map((user) => (
            <li key={user.id}>
              <button type="button" onClick={() => toggle(user)}>
                <Avatar id={user.id} name={nameOf(user)} size={24} />
                <span className="visually-hidden">{t('group.unchoose')} </span>
                <bdi>{nameOf(user)}</bdi>
                <X size={14} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <SearchBox
        label={t('people.search.hint')}
        value={query}
        onChange={setQuery}
        onKeyDown={(event) => {
          if (event.key === 'Enter') list.current?.querySelector('button')?.click();
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          list.current?.querySelector('button')?.focus();
        }}
      />
      <p role="status" className={styles.note}>
        {search.is === 'searching' && t('people.searching')}
        {search.is === 'failed' && search.words}
        {search.is === 'found' && people.length === 0 && t('people.none', { query: search.query })}
      </p>
      <ul ref={list} className={styles.people} onKeyDown={moveFocus}>
        {people.map((user) => (
          <li key={user.id}>
            <button type="button" aria-pressed={isChosen(user)} onClick={() => toggle(user)}>
              <Avatar id={user.id} name={nameOf(user)} size={40} />
              <span className={styles.name}>
                <bdi>{nameOf(user)}</bdi>
                <span className={styles.username}>@{user.username}</span>
              </span>
              <Check size={18} aria-hidden="true" className={styles.check} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
