// The platform that is a browser tab.
import { t } from './i18n/text.ts';
import type { NotificationState, Platform } from './platform.ts';

export function webPlatform(): Platform {
  const shown = new Map<string, Notification>();
  return {
    device: { name: browserName(navigator.userAgent), platform: 'web' },
    server: '',
    secrets: {
      get: async (key) => localStorage.getItem(key),
      set: async (key, value) => localStorage.setItem(key, value),
      delete: async (key) => localStorage.removeItem(key),
    },
    notifications: {
      state: notificationState,
      async ask() {
        if ('Notification' in window) await Notification.requestPermission();
        return notificationState();
      },
      show({ tag, title, body, open }) {
        if (notificationState() !== 'on') return;
        const notice = new Notification(title, { tag, body, icon: '/icon.svg' });
        notice.onclick = () => {
          window.focus();
          open();
          notice.close();
        };
        shown.set(tag, notice);
      },
      clear(tag) {
        shown.get(tag)?.close();
        shown.delete(tag);
      },
    },
    badge(unread) {
      document.title = unread > 0 ? `(${unread}) ${t('app.name')}` : t('app.name');
      if ('setAppBadge' in navigator) navigator.setAppBadge(unread).catch(() => undefined);
    },
    files: {
      async save(name, content) {
        const link = document.createElement('a');
        link.href = URL.createObjectURL(content);
        link.download = name;
        link.click();
        URL.revokeObjectURL(link.href);
      },
    },
    onDeepLink: () => () => undefined,
    copy: (text) => navigator.clipboard.writeText(text),
  };
}

function notificationState(): NotificationState {
  if (!('Notification' in window) || Notification.permission === 'denied') return 'denied';
  return Notification.permission === 'granted' ? 'on' : 'off';
}

function browserName(agent: string): string {
  const found =
    ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find((name) => agent.includes(`${name}/`)) ?? 'Browser';
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera' };
  const system = ['Windows', 'Android', 'iPhone', 'iPad', 'Mac', 'Linux'].find((name) =>
    agent.includes(name),
  );
  return system ? `${names[found] ?? found}, ${system}` : (names[found] ?? found);
}
