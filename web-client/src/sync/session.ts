// Who is signed in on this device, and a token that is fresh: one refresh at a time, across all tabs.
//
// A session that ends takes its tokens with it and nothing else: messages, drafts and keys stay on the device.
import type { Code, SignedIn } from '../gen/contract.ts';
import type { Http } from './http.ts';
import type { Locks } from './locks.ts';
import { Refused, SignedOut } from './problem.ts';

/** Where a platform keeps small secrets. */
export interface SecretStore {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface Credentials extends SignedIn {
  /** When this device got the token, by its own clock. */
  readonly obtained_at: number;
}

const KEY = 'sotto.session';
const FRESH_MARGIN_MS = 30_000;
/** A clock that runs ahead must not make every request a refresh. */
const SETTLED_MS = 60_000;
const ENDED: ReadonlySet<Code> = new Set(['token_reused', 'session_revoked', 'unauthorized', 'not_found']);

export class Session {
  private held: Credentials | null = null;

  constructor(
    private readonly http: Http,
    private readonly secrets: SecretStore,
    private readonly locks: Locks,
    private readonly now: () => number = Date.now,
  ) {}

  /** Reads what an earlier visit left. */
  async restore(): Promise<Credentials | null> {
    const text = await this.secrets.get(KEY);
    this.held = text ? (JSON.parse(text) as Credentials) : null;
    return this.held;
  }

  async begin(signedIn: SignedIn): Promise<Credentials> {
    this.held = { ...signedIn, obtained_at: this.now() };
    await this.secrets.set(KEY, JSON.stringify(this.held));
    return this.held;
  }

  /** Forgets the tokens; local data stays. */
  async end(): Promise<void> {
    this.held = null;
    await this.secrets.delete(KEY);
  }

  /** A token to speak with. `stale` is one that the server no longer takes. */
  async token(stale?: string): Promise<string> {
    const held = this.held ?? (await this.restore());
    if (!held) throw new SignedOut();
    if (this.usable(held, stale)) return held.access_token;
    return this.locks.run('sotto.refresh', async () => {
      // Another tab may have been faster.
      const latest = await this.restore();
      if (!latest) throw new SignedOut();
      if (this.usable(latest, stale)) return latest.access_token;
      return (await this.refresh(latest)).access_token;
    });
  }

  private usable(held: Credentials, stale: string | undefined): boolean {
    if (stale !== undefined) return held.access_token !== stale;
    const now = this.now();
    return now - held.obtained_at < SETTLED_MS || Date.parse(held.access_expires_at) - now > FRESH_MARGIN_MS;
  }

  private async refresh(held: Credentials): Promise<Credentials> {
    try {
      const pair = await this.http<Partial<SignedIn>>({
        method: 'POST',
        path: '/auth/refresh',
        body: { refresh_token: held.refresh_token },
      });
      return await this.begin({ ...held, ...pair });
    } catch (error) {
      if (error instanceof Refused && error.problem.status < 500 && ENDED.has(error.problem.code)) {
        await this.end();
        throw new SignedOut();
      }
      throw error;
    }
  }
}
