// What stands in the place of words that this device can't read yet: why, and what becomes of it.
import { useEffect, useState } from 'react';
import { useEngine } from './client.tsx';
import { t } from './i18n/text.ts';

/** After this long, people want to know what they can do. */
const LONG_MS = 60_000;

export function UnreadWords({ sentAt, name }: { sentAt: string; name: string }): string {
  const since = useEngine((snapshot) => snapshot.since);
  const sent = Date.parse(sentAt);
  const [long, setLong] = useState(() => Date.now() - sent > LONG_MS);
  useEffect(() => {
    if (long) return;
    const timer = setTimeout(() => setLong(true), Math.max(0, sent + LONG_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [long, sent]);
  if (sent < since) return t('message.unreadable.before');
  return long ? t('message.unreadable.long', { name }) : t('message.unreadable');
}
