// Where in the app one is: the address bar is the only memory of it.
import { useSyncExternalStore } from 'react';
import type { ConversationId } from './gen/contract.ts';

export type Route =
  | { readonly at: 'chats' }
  | { readonly at: 'conversation'; readonly id: ConversationId }
  | { readonly at: 'new' }
  | { readonly at: 'new-group' }
  | { readonly at: 'settings' }
  | { readonly at: 'register' };

const listeners = new Set<() => void>();

function parse(path: string): Route {
  const [, first, second] = path.split('/');
  if (first === 'c' && second) return { at: 'conversation', id: second as ConversationId };
  if (first === 'new' || first === 'new-group' || first === 'settings' || first === 'register')
    return { at: first };
  return { at: 'chats' };
}

export function pathOf(route: Route): string {
  switch (route.at) {
    case 'conversation':
      return `/c/${route.id}`;
    case 'chats':
      return '/';
    default:
      return `/${route.at}`;
  }
}

export function go(route: Route, how: 'push' | 'replace' = 'push'): void {
  const path = pathOf(route);
  if (path === location.pathname) return;
  if (how === 'push') history.pushState({ inside: true }, '', path);
  else history.replaceState(history.state, '', path);
  for (const listener of listeners) listener();
}

/** Back to the chats: by history where one came from inside the app, so that the back button agrees. */
export function goBack(): void {
  const state: unknown = history.state;
  if (typeof state === 'object' && state !== null && 'inside' in state) history.back();
  else go({ at: 'chats' }, 'replace');
}

export function useRoute(): Route {
  const path = useSyncExternalStore(subscribe, () => location.pathname);
  return parse(path);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}
