// The whole client: a guest sees the welcome, a signed-in person their conversations.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ClientProvider } from './client.tsx';
import { Welcome } from './features/welcome/welcome.tsx';
import { recoveryKeyIs } from './first-run.ts';
import { Home } from './home.tsx';
import { t } from './i18n/text.ts';
import type { Platform } from './platform.ts';
import { go, useRoute } from './route.ts';
import { Account, type CryptoMaker } from './sync/account.ts';
import { applyTheme } from './theme.ts';

export function App({ platform, crypto }: { platform: Platform; crypto: CryptoMaker }) {
  const [account] = useState(
    () =>
      new Account({
        server: platform.server,
        secrets: platform.secrets,
        device: platform.device,
        crypto,
        registered: recoveryKeyIs.due,
      }),
  );
  const state = useSyncExternalStore(account.subscribe, account.getSnapshot);
  const route = useRoute();
  const client = useMemo(
    () => (state.kind === 'open' ? { engine: state.engine, api: state.api, account, platform } : null),
    [state, account, platform],
  );

  useEffect(() => {
    applyTheme();
    void account.open();
  }, [account]);

  useEffect(() => {
    if (state.kind === 'open' && route.at === 'register') go({ at: 'chats' }, 'replace');
  }, [state.kind, route.at]);

  if (client) {
    return (
      <ClientProvider client={client}>
        <Home key={client.engine.getSnapshot().me.id} />
      </ClientProvider>
    );
  }
  if (state.kind === 'guest') {
    return <Welcome account={account} guest={state.guest} ended={state.ended} />;
  }
  return (
    <div role="status" aria-label={t('app.opening')} className="splash">
      {t('app.name')}
    </div>
  );
}
