// Gives screens their engine: a context, and a hook that reads one part of its snapshot.
import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react';
import type { Platform } from './platform.ts';
import type { Account } from './sync/account.ts';
import type { Api } from './sync/api.ts';
import type { Engine } from './sync/engine.ts';
import type { Snapshot } from './sync/snapshot.ts';

export interface Client {
  readonly engine: Engine;
  readonly api: Api;
  readonly account: Account;
  readonly platform: Platform;
}

const ClientContext = createContext<Client | null>(null);

export function ClientProvider({ client, children }: { client: Client; children: ReactNode }) {
  return <ClientContext value={client}>{children}</ClientContext>;
}

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error('nobody is signed in here');
  return client;
}

/** Renders again only when the selected part is another object. */
export function useEngine<T>(select: (snapshot: Snapshot) => T): T {
  const { engine } = useClient();
  return useSyncExternalStore(engine.subscribe, () => select(engine.getSnapshot()));
}
