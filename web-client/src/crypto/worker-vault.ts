// The vault of a browser: a worker, asked by messages.
import type { Address } from '../gen/contract.ts';
import { type Vault, type VaultCalls, VaultRefused } from './vault.ts';
import type { FromWorker, ToWorker } from './worker.ts';

export function workerVault(me: Address): Vault {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, { resolve: (answer: object) => void; reject: (error: Error) => void }>();
  let last = 0;
  const say = (message: ToWorker) => worker.postMessage(message);

  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.answer) asked?.resolve(data.answer);
    else if (data.failure) asked?.reject(new VaultRefused(data.failure));
    else asked?.reject(new Error(data.broken));
  };
  say({ kind: 'open', me });

  return {
    call: (op, ask) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, {
          resolve: (answer) => resolve(answer as VaultCalls[typeof op]['answer']),
          reject,
        });
        say({ kind: 'call', id: last, op, ask });
      }),
    close: () => worker.terminate(),
  };
}
