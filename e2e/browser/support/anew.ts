// Somebody begins anew: the device they are signed in on gets keys of its own, under an account key that nobody knows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { Engine, initSync } from '../../../web-client/src/gen/wasm/crypto_core.js';
import { root } from './server.ts';

interface Answer {
  ok?: Record<string, unknown>;
  error?: { detail: string };
  records: [string, string | null][];
  generation: number;
}

interface Kept {
  records: [string, string][];
  generation: number;
  store: string;
  raw: number[];
}

const gen = join(root, 'web-client', 'src', 'gen', 'wasm');

export async function beginAnew(page: Page): Promise<void> {
  initSync({ module: readFileSync(join(gen, 'crypto_core_bg.wasm')) });
  const { user, device, access_token } = await page.evaluate(() =>
    JSON.parse(localStorage.getItem('sotto.session') ?? '{}'),
  );
  const origin = new URL(page.url()).origin;
  const call = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };

  const raw = crypto.getRandomValues(new Uint8Array(32));
  const engine = Engine.create(JSON.stringify({ user_id: user.id, device_id: device.id }), raw);
  const records = new Map<string, string>();
  let generation = 0;
  const ask = (request: object) => {
    const answer = JSON.parse(engine.call(JSON.stringify(request), Date.now())) as Answer;
    if (answer.error) throw new Error(answer.error.detail);
    for (const [name, bytes] of answer.records)
      if (bytes === null) records.delete(name);
      else records.set(name, bytes);
    generation = answer.generation;
    return answer.ok ?? {};
  };

  ask({ op: 'begin_account' });
  const { keys } = ask({ op: 'self' });
  const { version } = await call('GET', `/users/${user.id}/devices`);
  let list: { version: number } | null = null;
  while ((list?.version ?? 0) <= version)
    list = ask({ op: 'sign_devices', before: list, add: [keys], remove: [] }).list as { version: number };
  await call('PUT', '/keys/device', ask({ op: 'new_prekeys', left: 0 }).prekeys);
  ask({ op: 'prekeys_taken' });
  const { user_id: _mine, ...signed } = list as { version: number; user_id?: string };
  await call('PUT', '/keys/account', signed);

  // Where no client runs, so that nothing else writes there.
  const back = page.url();
  await page.goto(`${origin}/manifest.webmanifest`);
  const store = `sotto-keys-${user.id}-${device.id}`;
  await page.evaluate(keep, { records: [...records], generation, store, raw: [...raw] });
  await page.goto(back);
}

/** In the page: puts the device where the client looks for it. */
async function keep({ records, generation, store, raw }: Kept): Promise<void> {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array(raw));
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.open(store, 1);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const txn = request.result.transaction(['records', 'meta'], 'readwrite');
      txn.objectStore('records').clear();
      for (const [name, bytes] of records) txn.objectStore('records').put(bytes, name);
      txn.objectStore('meta').put({ key, iv, sealed }, 'key');
      txn.objectStore('meta').put(generation, 'generation');
      txn.oncomplete = () => {
        request.result.close();
        resolve();
      };
      txn.onabort = () => reject(txn.error);
    };
  });
}
