// The dedicated worker that a browser's keys live in: they are in no page's memory.
import type { Address } from '../gen/contract.ts';
import init, { Engine } from '../gen/wasm/crypto_core.js';
import module from '../gen/wasm/crypto_core_bg.wasm?url';
import { Keeper } from './keeper.ts';
import { Records } from './records.ts';
import { type Failure, type VaultCalls, VaultRefused } from './vault.ts';

export type ToWorker =
  | { readonly kind: 'open'; readonly me: Address }
  | { readonly kind: 'call'; readonly id: number; readonly op: keyof VaultCalls; readonly ask: object };

export interface FromWorker {
  readonly id: number;
  readonly answer?: object;
  readonly failure?: Failure;
  readonly broken?: string;
}

let keeper: Promise<Keeper> | null = null;

async function open(me: Address): Promise<Keeper> {
  const name = `sotto-keys-${me.user_id}-${me.device_id}`;
  const [records] = await Promise.all([Records.open(name), init({ module_or_path: module })]);
  return new Keeper(
    me,
    records,
    Engine,
    (work) => navigator.locks.request(name, work) as ReturnType<typeof work>,
  );
}

async function answer(id: number, op: keyof VaultCalls, ask: object): Promise<FromWorker> {
  try {
    if (!keeper) throw new Error('nobody opened the vault');
    return { id, answer: await (await keeper).call(op, ask as never) };
  } catch (error) {
    if (error instanceof VaultRefused) return { id, failure: error.failure };
    return { id, broken: String(error) };
  }
}

self.onmessage = async ({ data }: { data: ToWorker }) => {
  if (data.kind === 'open') {
    keeper = open(data.me);
    keeper.catch(() => undefined);
    return;
  }
  self.postMessage(await answer(data.id, data.op, data.ask));
};
