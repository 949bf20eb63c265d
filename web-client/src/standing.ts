// How it stands with somebody's keys, for whoever shows it; read again whenever that may have changed.
import { useEffect, useState } from 'react';
import { useClient } from './client.tsx';
import type { Standing } from './crypto/trust.ts';
import type { UserId } from './gen/contract.ts';

/** Null while it is not known, and where nothing is sealed. */
export function useStanding(user: UserId | undefined): Standing | null {
  const { trust } = useClient().engine;
  const [standing, setStanding] = useState<Standing | null>(null);
  useEffect(() => {
    if (!trust || !user) return;
    let wanted = true;
    const look = () =>
      trust.of(user).then(
        (now) => wanted && setStanding(now),
        (error: unknown) => console.warn(String(error)),
      );
    look();
    const end = trust.subscribe(look);
    return () => {
      wanted = false;
      end();
    };
  }, [trust, user]);
  return standing;
}
