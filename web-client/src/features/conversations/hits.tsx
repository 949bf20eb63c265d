// What the search finds in what was said, below the conversations whose names it finds.
import { useEffect, useState } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import { t } from '../../i18n/text.ts';
import { short } from '../../i18n/time.ts';
import { titleOf } from '../../names.ts';
import { go, pathOf } from '../../route.ts';
import type { Hit } from '../../sync/store.ts';
import { Avatar } from '../../ui/avatar.tsx';
import styles from './hits.module.css';

const PAUSE_MS = 150;
/** One letter finds everything. */
const LEAST = 2;

export function Hits({ query }: { query: string }) {
  const { me } = useClient().engine.getSnapshot();
  const states = useEngine((snapshot) => snapshot.states);
  const hits = useHits(query.trim());
  if (hits.length === 0) return null;
  return (
    <section className={styles.hits} aria-label={t('list.messages')}>
      <h2>{t('list.messages')}</h2>
      <ul>
        {hits.map((hit) => {
          const conversation = states.get(hit.conversation_id)?.conversation;
          if (!conversation) return null;
          const name = titleOf(conversation, me.id);
          const route = { at: 'conversation', id: hit.conversation_id, message: hit.id } as const;
          return (
            <li key={`${hit.conversation_id} ${hit.id} ${hit.sent_at}`}>
              <a
                href={pathOf(route)}
                onClick={(event) => {
                  event.preventDefault();
                  go(route);
                }}
              >
                <Avatar id={hit.conversation_id} name={name} size={36} />
                <span className={styles.what}>
                  <span className={styles.top}>
                    <bdi>{name}</bdi>
                    <time dateTime={hit.sent_at}>{short(hit.sent_at)}</time>
                  </span>
                  <span className={styles.text} dir="auto">
                    {hit.text.slice(0, 160).replace(/\s+/g, ' ')}
                  </span>
                </span>
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Looks when typing pauses; an answer that is no longer wanted is dropped. */
function useHits(query: string): readonly Hit[] {
  const { engine } = useClient();
  const [hits, setHits] = useState<readonly Hit[]>([]);
  useEffect(() => {
    if (query.length < LEAST) return setHits([]);
    let wanted = true;
    const timer = setTimeout(() => {
      engine.search(query).then(
        (found) => wanted && setHits(found),
        () => wanted && setHits([]),
      );
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [engine, query]);
  return hits;
}
