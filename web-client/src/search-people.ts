// Finding people by the beginning of their username.
import { useEffect, useState } from 'react';
import { useClient } from './client.tsx';
import type { User } from './gen/contract.ts';
import { wordsForError } from './problems.ts';

const PAUSE_MS = 200;

export type Search =
  | { readonly is: 'idle' }
  | { readonly is: 'searching' }
  | { readonly is: 'found'; readonly people: readonly User[]; readonly query: string }
  | { readonly is: 'failed'; readonly words: string };

/** Asks when typing pauses; an answer that is no longer wanted is dropped. */
export function useSearch(query: string): Search {
  const { api } = useClient();
  const [search, setSearch] = useState<Search>({ is: 'idle' });
  useEffect(() => {
    if (query === '') {
      setSearch({ is: 'idle' });
      return;
    }
    setSearch((before) => (before.is === 'found' ? before : { is: 'searching' }));
    let wanted = true;
    const timer = setTimeout(() => {
      api.people(query).then(
        ({ users }) => wanted && setSearch({ is: 'found', people: users, query }),
        (error: unknown) => wanted && setSearch({ is: 'failed', words: wordsForError(error) }),
      );
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [api, query]);
  return search;
}
