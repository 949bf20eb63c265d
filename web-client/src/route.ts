// Where in the app one is: the address bar is the only memory of it.
import { useSyncExternalStore } from 'react';
import type { ConversationId, MessageId } from './gen/contract.ts';

export type Route =
  | { readonly at: 'chats' }
  | {
      readonly at: 'conversation';
      readonly id: ConversationId;
      readonly details?: boolean;
      readonly message?: MessageId;
    }
  | { readonly at: 'new' }
  | { readonly at: 'new-group' }
  | { readonly at: 'settings' }
  | { readonly at: 'register' };

const listeners = new Set<() => void>();

function parse(path: string): Route {
  const [, first, second, third, fourth] = path.split('/');
  if (first === 'c' && second)
    return {
      at: 'conversation',
      id: second as ConversationId,
      details: third === 'details',
      ...(third === 'm' && fourth ? { message: fourth as MessageId } : {}),
    };
  if (first === 'new' || first === 'new-group' || first === 'settings' || first === 'register')
    return { at: first };
  return { at: 'chats' };
}

export function pathOf(route: Route): string {
  switch (route.at) {
    case 'conversation':
      return `/c/${route.id}${route.details ? '/details' : ''}${route.message ? `/m/${route.message}` : ''}`;
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
  goBackTo({ at: 'chats' });
}

/** Back to where one came from, or to this place where one came from outside. */
export function goBackTo(place: Route): void {
  const state: unknown = history.state;
  if (typeof state === 'object' && state !== null && 'inside' in state) history.back();
  else go(place, 'replace');
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
