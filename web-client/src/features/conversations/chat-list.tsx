// The list of conversations, with its search, its way to a new one, and the connection's state.
import { MessageSquarePlus, Settings } from 'lucide-react';
import { useRef, useState } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import type { ConversationId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { go } from '../../route.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Mark } from '../../ui/mark.tsx';
import { ReachLine } from '../../ui/reach-line.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { Unencrypted } from '../../ui/unencrypted.tsx';
import styles from './chat-list.module.css';
import { ChatRows } from './chat-rows.tsx';
import { Hits } from './hits.tsx';
import { LinkThis } from './link-this.tsx';
import { listed } from './order.ts';

export function ChatList({ selected }: { selected: ConversationId | null }) {
  const { engine } = useClient();
  const { me } = engine.getSnapshot();
  const { linking } = engine;
  const states = useEngine((snapshot) => snapshot.states);
  const protection = useEngine((snapshot) => snapshot.protection);
  const linked = useEngine((snapshot) => snapshot.linked);
  const reach = useEngine((snapshot) => snapshot.reach);
  const waiting = useEngine((snapshot) => snapshot.waiting);
  const [query, setQuery] = useState('');
  const rows = useRef<HTMLElement>(null);
  const chats = listed(states, me.id, query, selected);

  return (
    <>
      <header className={styles.header}>
        <div className={styles.top}>
          <Mark />
          <h1>{t('app.name')}</h1>
          <IconButton icon={MessageSquarePlus} label={t('list.new')} onClick={() => go({ at: 'new' })} />
          <IconButton icon={Settings} label={t('list.settings')} onClick={() => go({ at: 'settings' })} />
        </div>
        <SearchBox
          label={t('list.search')}
          value={query}
          onChange={setQuery}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setQuery('');
            if (event.key !== 'ArrowDown') return;
            event.preventDefault();
            rows.current?.querySelector('a')?.focus();
          }}
        />
      </header>
      {!linked && linking && <LinkThis linking={linking} backup={engine.backup} />}
      {chats.length > 0 ? (
        <ChatRows ref={rows} chats={chats} selected={selected} />
      ) : (
        <Nothing query={query} />
      )}
      <Hits query={query} />
      <footer className={styles.footer}>
        <ReachLine reach={reach} waiting={waiting} />
        {protection === 'none' && <Unencrypted />}
      </footer>
    </>
  );
}

function Nothing({ query }: { query: string }) {
  const ready = useEngine(
    (snapshot) => snapshot.loaded && (snapshot.reach === 'online' || snapshot.reach === 'offline'),
  );
  if (query !== '') return <p className={styles.nothing}>{t('list.nothing', { query })}</p>;
  if (!ready) return <Skeleton />;
  return (
    <Empty icon={<Mark size={56} />} title={t('list.empty.title')}>
      <p>{t('list.empty.text')}</p>
      <Button look="primary" onClick={() => go({ at: 'new' })}>
        {t('list.new')}
      </Button>
    </Empty>
  );
}

function Skeleton() {
  return (
    <div className={styles.skeleton} role="status" aria-label={t('list.loading')}>
      {['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
        <span key={key} />
      ))}
    </div>
  );
}
