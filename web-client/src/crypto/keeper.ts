// Runs one device in WebAssembly over its records: loads it, asks it, commits what it changed, and only then answers.
//
// Tabs share the records. Whoever asks holds the lock meanwhile, and loads the device anew if another tab has changed it.
import type { Address, DeviceId, MessageId } from '../gen/contract.ts';
import type { Engine } from '../gen/wasm/crypto_core.js';
import type { Records } from './records.ts';
import { type Failure, type VaultCalls, VaultRefused } from './vault.ts';

interface Answer {
  readonly ok?: object;
  readonly error?: Failure;
  readonly records: readonly (readonly [string, string | null])[];
  readonly generation: number;
}

/** How a device comes to be, from WebAssembly. */
export interface Maker {
  create(me: string, key: Uint8Array): Engine;
  load(me: string, key: Uint8Array, records: string, atLeast: number): Engine;
}

const NEW_BACKUP_KEY: ReadonlySet<string> = new Set(['begin_anew', 'link_take_over', 'unlock']);

export class Keeper {
  private engine: Engine | null = null;
  private generation = -1;

  constructor(
    private readonly me: Address,
    private readonly records: Records,
    private readonly maker: Maker,
    private readonly alone: <T>(work: () => Promise<T>) => Promise<T>,
    private readonly now: () => number = Date.now,
  ) {}

  call<Op extends keyof VaultCalls>(op: Op, ask: VaultCalls[Op]['ask']): Promise<VaultCalls[Op]['answer']> {
    return this.alone(async () => {
      const kept = await this.ofRecords(op, ask);
      if (kept) return kept as VaultCalls[Op]['answer'];
      const engine = await this.fresh();
      if (op === 'number_with') return this.tryOut(engine, ask as VaultCalls['number_with']['ask']);
      const request = JSON.stringify({ op, ...(await this.withRecords(op, ask)) });
      try {
        const answer = JSON.parse(engine.call(request, this.now())) as Answer;
        const keys = op === 'restore' ? 'from backup' : 'fresh';
        const records = op === 'restore' ? await this.unknown(answer.records) : answer.records;
        await this.records.commit(records, answer.generation, keys);
        // Under another backup key one begins at the first part.
        if (!answer.error && NEW_BACKUP_KEY.has(op))
          await this.records.setBackupMark({ seen: 0, last: null, version: 0 });
        this.generation = answer.generation;
        if (answer.error) throw new VaultRefused(answer.error);
        return answer.ok as VaultCalls[Op]['answer'];
      } catch (error) {
        // What memory holds may be ahead of the disk: it is read again.
        if (!(error instanceof VaultRefused)) this.drop();
        throw error;
      }
    });
  }

  /** What this device knows better itself: whom it sealed its own messages for. */
  private async unknown(records: Answer['records']): Promise<Answer['records']> {
    const kept = await this.records.find(records.map(([name]) => name));
    return records.filter(([name], at) => !name.startsWith('known/') || kept[at] === null);
  }

  /** What the records answer for themselves. */
  private async ofRecords(op: keyof VaultCalls, ask: object): Promise<object | null> {
    if (op === 'pending') {
      const names = await this.records.pending((ask as VaultCalls['pending']['ask']).limit);
      return { names, ...(await this.records.backupMark()) };
    }
    if (op === 'since') return { at: await this.records.since() };
    if (op === 'backed_up') await this.records.backedUp((ask as VaultCalls['backed_up']['ask']).names);
    else if (op === 'backup_at') await this.records.setBackupMark(ask as VaultCalls['backup_at']['ask']);
    else return null;
    return {};
  }

  /** What would be, without committing it: afterwards the device is read from its records again. */
  private tryOut(engine: Engine, { list }: VaultCalls['number_with']['ask']): VaultCalls['peer']['answer'] {
    const ask = (request: object) => {
      const { ok, error } = JSON.parse(engine.call(JSON.stringify(request), this.now())) as Answer;
      if (error) throw new VaultRefused(error);
      return ok;
    };
    try {
      ask({ op: 'accept_account_key', list });
      return ask({ op: 'peer', user: list.user_id }) as VaultCalls['peer']['answer'];
    } finally {
      this.drop();
    }
  }

  private async fresh(): Promise<Engine> {
    const generation = await this.records.generation();
    if (this.engine && generation === this.generation) return this.engine;
    this.drop();
    const [key, me] = [await this.records.storageKey(), JSON.stringify(this.me)];
    const records = await this.records.all();
    const engine =
      'identity' in records
        ? this.maker.load(me, key, JSON.stringify(records), generation)
        : this.maker.create(me, key);
    this.generation = generation;
    this.engine = engine;
    return engine;
  }

  private drop(): void {
    this.engine?.free();
    this.engine = null;
  }

  /** Some requests need records that stay on disk until they are wanted. */
  private async withRecords(op: keyof VaultCalls, ask: object): Promise<object> {
    if (op === 'open') {
      const { messages } = ask as VaultCalls['open']['ask'];
      const names = messages.map(({ message }) => nameOf(message.id, message.sender_device_id));
      const kept = await this.records.find(names);
      return { messages: messages.map(({ message }, at) => ({ message, record: kept[at] ?? null })) };
    }
    if (op === 'answer') {
      const { device, asked } = ask as VaultCalls['answer']['ask'];
      const kept = await this.records.find(asked.map((id) => nameOf(id, this.me.device_id)));
      return { device, kept: asked.map((id, at) => [id, kept[at]]).filter(([, record]) => record) };
    }
    if (op === 'back_up') {
      const { number, names } = ask as VaultCalls['back_up']['ask'];
      const kept = await this.records.find(names);
      return { number, kept: names.map((name, at) => [name, kept[at]]).filter(([, record]) => record) };
    }
    return ask;
  }
}

function nameOf(message: MessageId, device: DeviceId): string {
  return `known/${message}/${device}`;
}
