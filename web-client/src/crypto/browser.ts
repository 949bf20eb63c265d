// What a browser seals with: a vault in a worker, or nothing where a development server allows that.
import type { CryptoMaker } from '../sync/account.ts';
import { plainEngine } from './plain.ts';
import { Records } from './records.ts';
import { SealedEngine } from './sealed.ts';
import { workerVault } from './worker-vault.ts';

export const browserCrypto: CryptoMaker = {
  plain: () => plainEngine,
  sealed: (me, keys, kept) => new SealedEngine({ me, keys, kept, vault: workerVault(me) }),
  forget: (user) => Records.removeAll(`sotto-keys-${user}`),
};
