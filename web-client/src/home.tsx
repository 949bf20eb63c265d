// The signed-in screen: the list on the left, what was chosen on the right, one of them at phone width.
import { useEffect } from 'react';
import { useClient, useEngine } from './client.tsx';
import { FirstRun } from './features/backup/first-run.tsx';
import { ConversationPane } from './features/conversation/conversation-pane.tsx';
import { NoConversation } from './features/conversation/no-conversation.tsx';
import { ChatList } from './features/conversations/chat-list.tsx';
import { Details } from './features/details/details.tsx';
import { NewGroup } from './features/groups/new-group.tsx';
import { FindPeople } from './features/people/find-people.tsx';
import { Settings } from './features/settings/settings.tsx';
import styles from './home.module.css';
import { t } from './i18n/text.ts';
import { Announcer } from './notices.tsx';
import { type Route, useRoute } from './route.ts';
import { useWide } from './ui/wide.ts';

export function Home() {
  const route = useRoute();
  const { engine, platform } = useClient();
  const unread = useEngine((snapshot) => {
    let chats = 0;
    for (const state of snapshot.states.values()) if (state.unread.count > 0) chats += 1;
    return chats;
  });

  useEffect(() => platform.badge(unread), [platform, unread]);
  useEffect(() => {
    const online = () => engine.setNetwork(true);
    const offline = () => engine.setNetwork(false);
    if (!navigator.onLine) offline();
    window.addEventListener('online', online);
    window.addEventListener('offline', offline);
    // After a sleep, whoever looks again should not have to wait for the next try.
    const awake = () => {
      if (document.visibilityState === 'visible' && navigator.onLine) online();
    };
    document.addEventListener('visibilitychange', awake);
    return () => {
      window.removeEventListener('online', online);
      window.removeEventListener('offline', offline);
      document.removeEventListener('visibilitychange', awake);
    };
  }, [engine]);

  const wide = useWide();
  const detailsOf = route.at === 'conversation' && route.details ? route.id : null;
  const right = route.at === 'conversation' || route.at === 'settings';
  return (
    <main className={styles.home} data-pane={right ? 'right' : 'left'}>
      <section className={styles.left} aria-label={t('list.title')}>
        <Left route={route} />
      </section>
      <div className={styles.right}>
        {/* What details lie over is not to be reached. */}
        <div className={styles.pane} inert={detailsOf !== null && !wide}>
          <Pane route={route} />
        </div>
        {detailsOf && <Details key={detailsOf} id={detailsOf} />}
      </div>
      <FirstRun />
      <Announcer open={route.at === 'conversation' ? route.id : null} />
    </main>
  );
}

function Left({ route }: { route: Route }) {
  switch (route.at) {
    case 'new':
      return <FindPeople />;
    case 'new-group':
      return <NewGroup />;
    default:
      return <ChatList selected={route.at === 'conversation' ? route.id : null} />;
  }
}

function Pane({ route }: { route: Route }) {
  switch (route.at) {
    case 'conversation':
      return <ConversationPane key={route.id} id={route.id} target={route.message ?? null} />;
    case 'settings':
      return <Settings />;
    default:
      return <NoConversation />;
  }
}
