// Who uses this client now: nobody yet, or somebody with an engine of their own.
//
//   opening ──▶ guest ──sign in──▶ open ──signs out, or is signed out──▶ guest
import type { CryptoEngine } from '../crypto/engine.ts';
import type { TrustStore } from '../crypto/trust.ts';
import type { Address, ConversationId, Device, DeviceId, SignedIn, UserId } from '../gen/contract.ts';
import { type Api, api, type GuestApi, guestApi } from './api.ts';
import { Engine } from './engine.ts';
import { type Http, http } from './http.ts';
import { type Locks, webLocks } from './locks.ts';
import type { Entry } from './log.ts';
import { type SecretStore, Session } from './session.ts';
import { socketLine } from './socket.ts';
import { Store } from './store.ts';

export type AccountState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'guest'; readonly ended: boolean; readonly guest: GuestApi }
  | { readonly kind: 'open'; readonly engine: Engine; readonly api: Api };

export interface AccountDeps {
  readonly server: string;
  readonly secrets: SecretStore;
  readonly crypto: CryptoMaker;
  readonly device: { readonly name: string; readonly platform: string };
  /** An account was made here just now. */
  readonly registered: (user: UserId) => void;
}

/** What a platform seals with. */
export interface CryptoMaker {
  plain(): CryptoEngine;
  sealed(me: Address, keys: Api['keys'], kept: TrustStore): CryptoEngine;
  /** Removes a person's keys from this device. */
  forget(user: UserId): Promise<void>;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly display_name?: string;
}

const PLAIN = 'sotto.plain';

export class Account {
  private state: AccountState = { kind: 'opening' };
  private readonly listeners = new Set<() => void>();
  private readonly ears = new Set<(id: ConversationId, entry: Entry) => void>();
  private readonly http: Http;
  private readonly guest: GuestApi;
  private readonly locks: Locks = webLocks();
  private readonly session: Session;

  constructor(private readonly deps: AccountDeps) {
    this.http = http(deps.server);
    this.guest = guestApi(this.http);
    this.session = new Session(this.http, deps.secrets, this.locks);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): AccountState => this.state;

  /** Calls back with every new message of somebody else's. */
  onHeard(ear: (id: ConversationId, entry: Entry) => void): () => void {
    this.ears.add(ear);
    return () => this.ears.delete(ear);
  }

  /** Continues where an earlier visit stopped. */
  async open(): Promise<void> {
    const kept = await this.session.restore().catch(() => null);
    if (kept) await this.enter(kept);
    else this.leave(false);
  }

  async register(who: Credentials): Promise<void> {
    const signedIn = await this.guest.register({ ...who, device: this.deps.device });
    this.deps.registered(signedIn.user.id);
    await this.begin(signedIn);
  }

  async login({ username, password }: Credentials): Promise<void> {
    const id = await this.deps.secrets.get(deviceKey(username));
    const device = id ? { ...this.deps.device, id: id as DeviceId } : this.deps.device;
    await this.begin(await this.guest.login({ username, password, device }));
  }

  /** Ends the session. What this device keeps stays, unless the person asks otherwise. */
  async logout(data: 'keep' | 'remove'): Promise<void> {
    if (this.state.kind !== 'open') return;
    const { engine } = this.state;
    const { me } = engine.getSnapshot();
    await this.state.api.logout().catch(() => undefined);
    await this.session.end();
    this.leave(false);
    if (data === 'remove') await Promise.all([new Store(me.id).destroy(), this.deps.crypto.forget(me.id)]);
  }

  private async begin(signedIn: SignedIn): Promise<void> {
    await this.session.begin(signedIn);
    await this.rememberDevice(signedIn.user.username, signedIn.device);
    await this.enter(signedIn);
  }

  /** Signing in again on this browser is the same device again. */
  private rememberDevice(username: string, device: Device): Promise<void> {
    return this.deps.secrets.set(deviceKey(username), device.id);
  }

  /** Whether this server takes plain text, for development. Once it did not, it never does: nobody can talk a client out of
   * sealing. */
  private async takesPlain(): Promise<boolean> {
    const kept = await this.deps.secrets.get(PLAIN).catch(() => null);
    if (kept === 'no') return false;
    const asked = this.guest.server().then(async ({ plaintext_allowed }) => {
      await this.deps.secrets.set(PLAIN, plaintext_allowed ? 'yes' : 'no');
      return plaintext_allowed;
    });
    const known = asked.catch(() => kept === 'yes');
    return kept === 'yes' ? true : known;
  }

  private async enter({ user, device }: SignedIn): Promise<void> {
    const calls = api(this.http, this.session);
    const me = { user_id: user.id, device_id: device.id };
    const store = new Store(user.id);
    const crypto = (await this.takesPlain())
      ? this.deps.crypto.plain()
      : this.deps.crypto.sealed(me, calls.keys, store);
    const engine = new Engine({
      me: user,
      session: this.session,
      api: calls,
      store,
      crypto,
      openLine: socketLine(this.deps.server),
      locks: this.locks,
      signedOut: () => this.leave(true),
      heard: (entry) => {
        for (const ear of this.ears) ear(entry.message.conversation_id, entry);
      },
    });
    this.turn({ kind: 'open', engine, api: calls });
    void engine.start();
  }

  private leave(ended: boolean): void {
    if (this.state.kind === 'open') this.state.engine.stop();
    this.turn({ kind: 'guest', ended, guest: this.guest });
  }

  private turn(state: AccountState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function deviceKey(username: string): string {
  return `sotto.device.${username.trim().toLowerCase()}`;
}
