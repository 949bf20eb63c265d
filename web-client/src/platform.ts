// What the client needs from where it runs: a browser here, the desktop client elsewhere.
import type { SecretStore } from './sync/session.ts';

export type NotificationState = 'on' | 'off' | 'denied';

export interface Platform {
  /** The device as the person's list of devices shows it. */
  readonly device: { readonly name: string; readonly platform: string };
  /** Where the server is; empty for the page's own origin. */
  readonly server: string;
  readonly secrets: SecretStore;
  readonly notifications: {
    state(): NotificationState;
    ask(): Promise<NotificationState>;
    show(notice: { tag: string; title: string; body: string; open: () => void }): void;
    /** Takes notices away that were read elsewhere. */
    clear(tag: string): void;
  };
  /** The number on the app's icon or in the title. */
  badge(unread: number): void;
  files: {
    save(name: string, content: Blob): Promise<void>;
  };
  /** Calls back with a path of the app whenever the system asks to open one. */
  onDeepLink(open: (path: string) => void): () => void;
  copy(text: string): Promise<void>;
}
