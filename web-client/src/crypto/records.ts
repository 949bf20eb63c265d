// What a device's vault keeps in IndexedDB: sealed records by name, and the key that seals them, itself wrapped.
//
// The wrapping key is made here and can't be taken out of the browser: a copy of the database alone opens nothing.

interface Wrapped {
  readonly key: CryptoKey;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly sealed: ArrayBuffer;
}

/** How far the backup has got. */
export interface BackupMark {
  /** How many parts were taken in, or written. */
  readonly seen: number;
  /** The last part that this device wrote. */
  readonly last: { readonly number: number; readonly names: readonly string[] } | null;
  /** The version of the backup then. */
  readonly version: number;
}

const KNOWN = 'known/';
/** The last name that begins with `known/`, and whatever comes after. */
const AFTER_KNOWN = 'known0';

export class Records {
  private constructor(private readonly db: IDBDatabase) {}

  static open(name: string): Promise<Records> {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 2);
      request.onupgradeneeded = ({ oldVersion }) => {
        if (oldVersion < 1) for (const store of ['records', 'meta']) request.result.createObjectStore(store);
        // Names of keys that the backup does not hold yet.
        request.result.createObjectStore('pending');
      };
      request.onsuccess = () => resolve(new Records(request.result));
      request.onerror = () => reject(request.error);
    });
  }

  /** Removes every store whose name begins so. */
  static async removeAll(start: string): Promise<void> {
    const stores = await indexedDB.databases();
    await Promise.all(
      stores.map(async ({ name }) => {
        if (name?.startsWith(start)) await done(indexedDB.deleteDatabase(name));
      }),
    );
  }

  /** The key that seals the records; made at the first visit. */
  async storageKey(): Promise<Uint8Array<ArrayBuffer>> {
    const wrapped = await this.one<Wrapped>('meta', 'key');
    if (wrapped) {
      const { key, iv, sealed } = wrapped;
      return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed));
    }
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]);
    const [iv, raw] = [
      crypto.getRandomValues(new Uint8Array(12)),
      crypto.getRandomValues(new Uint8Array(32)),
    ];
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, raw);
    await this.write(({ meta }) => {
      meta.put({ key, iv, sealed } satisfies Wrapped, 'key');
      meta.put(Date.now(), 'since');
    });
    return raw;
  }

  /** When the key was made. */
  async since(): Promise<number> {
    return (await this.one<number>('meta', 'since')) ?? 0;
  }

  async generation(): Promise<number> {
    return (await this.one<number>('meta', 'generation')) ?? 0;
  }

  /** Everything that a device is loaded from. */
  async all(): Promise<Record<string, string>> {
    const ranges = [IDBKeyRange.upperBound(KNOWN, true), IDBKeyRange.lowerBound(AFTER_KNOWN)];
    const records: Record<string, string> = {};
    for (const range of ranges) {
      const store = this.db.transaction('records').objectStore('records');
      const [names, values] = await Promise.all([
        done(store.getAllKeys(range)),
        done(store.getAll(range) as IDBRequest<string[]>),
      ]);
      names.forEach((name, at) => {
        records[String(name)] = values[at] ?? '';
      });
    }
    return records;
  }

  find(names: readonly string[]): Promise<(string | null)[]> {
    const store = this.db.transaction('records').objectStore('records');
    return Promise.all(names.map(async (name) => (await done<string | undefined>(store.get(name))) ?? null));
  }

  /** All of it, or nothing. Keys that did not come out of the backup wait to go into it. */
  async commit(
    records: readonly (readonly [string, string | null])[],
    generation: number,
    keys: 'fresh' | 'from backup' = 'fresh',
  ): Promise<void> {
    if (records.length === 0) return;
    await this.write(({ records: store, meta, pending }) => {
      for (const [name, bytes] of records) {
        if (bytes === null) store.delete(name);
        else store.put(bytes, name);
        if (!name.startsWith(KNOWN)) continue;
        if (keys === 'fresh') pending.put(true, name);
        else pending.delete(name);
      }
      meta.put(generation, 'generation');
    });
  }

  /** Names of keys that are not in the backup yet. */
  async pending(limit: number): Promise<readonly string[]> {
    if (limit === 0) return [];
    const keys = this.db.transaction('pending').objectStore('pending').getAllKeys(null, limit);
    return (await done(keys)).map(String);
  }

  async backedUp(names: readonly string[]): Promise<void> {
    await this.write(({ pending }) => {
      for (const name of names) pending.delete(name);
    });
  }

  async backupMark(): Promise<BackupMark> {
    return (await this.one<BackupMark>('meta', 'backup')) ?? { seen: 0, last: null, version: 0 };
  }

  async setBackupMark(mark: BackupMark): Promise<void> {
    await this.write(({ meta }) => meta.put(mark, 'backup'));
  }

  private one<T>(store: 'meta' | 'records', name: string): Promise<T | undefined> {
    return done(this.db.transaction(store).objectStore(store).get(name) as IDBRequest<T | undefined>);
  }

  private write(
    change: (stores: Record<'records' | 'meta' | 'pending', IDBObjectStore>) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      // Strict: on disk before anything is sent or acknowledged.
      const names = ['records', 'meta', 'pending'];
      const txn = this.db.transaction(names, 'readwrite', { durability: 'strict' });
      txn.oncomplete = () => resolve();
      txn.onabort = () => reject(txn.error);
      const [records, meta, pending] = names.map((name) => txn.objectStore(name));
      if (records && meta && pending) change({ records, meta, pending });
    });
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
