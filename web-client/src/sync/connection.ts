// Keeps one line to the server open: fresh token, ready, reconnect with growing pauses, drain hints, the session's end.
//
//   stopped ──start──▶ connecting ──ready──▶ online
//                        ▲   │                 │ lost, draining
//                        │   └─fails─▶ offline │
//                        └──────pause──────────┘        revoked anywhere ──▶ stopped (signed out)

import type { Calls, SessionEvent } from '../gen/contract.ts';
import { SignedOut, Unreachable } from './problem.ts';
import type { Session } from './session.ts';
import { CALL, type Line, type LineEnd, type OpenLine, type ServerEvent } from './socket.ts';

export type Reach = 'stopped' | 'connecting' | 'online' | 'offline';

export interface ConnectionDeps {
  readonly session: Pick<Session, 'token' | 'end'>;
  readonly openLine: OpenLine;
  readonly event: (event: ServerEvent) => void;
  readonly reach: (reach: Reach) => void;
  readonly signedOut: () => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const PAUSE_WITHOUT_NETWORK_MS = 60_000;

export class Connection {
  private line: Line | null = null;
  private reach: Reach = 'stopped';
  private failures = 0;
  private stale: string | undefined;
  private token = '';
  private timer: ReturnType<typeof setTimeout> | null = null;
  private attempt = 0;
  private network = true;

  constructor(private readonly deps: ConnectionDeps) {}

  start(): void {
    if (this.reach !== 'stopped') return;
    this.turn('connecting');
    void this.connect();
  }

  stop(): void {
    this.drop();
    this.turn('stopped');
  }

  /** What the browser says about the network; also a hint that now is a good moment to try. */
  setNetwork(up: boolean): void {
    this.network = up;
    if (this.reach === 'stopped' || (up && this.reach === 'online')) return;
    this.drop();
    this.failures = 0;
    if (up) {
      this.turn('connecting');
      void this.connect();
    } else {
      this.turn('offline');
      this.later(PAUSE_WITHOUT_NETWORK_MS);
    }
  }

  call<K extends keyof Calls>(name: K, payload: Calls[K]['payload']): Promise<Calls[K]['reply']> {
    if (!this.line || this.reach !== 'online') return Promise.reject(new Unreachable());
    return this.line.call(name, payload);
  }

  private async connect(): Promise<void> {
    this.attempt += 1;
    const mine = this.attempt;
    try {
      const token = await this.deps.session.token(this.stale);
      if (mine !== this.attempt || this.reach === 'stopped') return;
      this.token = token;
      this.stale = undefined;
      this.line = this.deps.openLine(token, {
        event: (event) => mine === this.attempt && this.heard(event),
        ended: (end) => mine === this.attempt && this.ended(end),
      });
    } catch (error) {
      if (mine !== this.attempt || this.reach === 'stopped') return;
      if (error instanceof SignedOut) this.signOut();
      else this.failed();
    }
  }

  private heard(event: ServerEvent): void {
    if (event.name === 'ready') {
      this.failures = 0;
      this.deps.event(event);
      this.turn('online');
      return;
    }
    if (event.name === 'session') this.sessionSays(event.data);
    else this.deps.event(event);
  }

  private sessionSays({ reason, reconnect_in }: SessionEvent): void {
    switch (reason) {
      case 'expiring':
        void this.renew();
        break;
      case 'revoked':
        void this.revoked();
        break;
      case 'draining':
        this.drop();
        this.turn('connecting');
        this.later((reconnect_in ?? 1_000) * (0.5 + Math.random()));
        break;
    }
  }

  private async renew(): Promise<void> {
    try {
      this.token = await this.deps.session.token(this.token);
      await this.line?.call(CALL.renew, { token: this.token });
    } catch (error) {
      // Otherwise the server closes the line, and the next attempt brings a fresh token.
      if (error instanceof SignedOut) this.signOut();
    }
  }

  private ended({ code }: LineEnd): void {
    this.line = null;
    if (code === 'session_revoked') {
      void this.revoked();
    } else if (code === 'unauthorized') {
      this.stale = this.token;
      this.failed();
    } else if (this.reach === 'online') {
      this.turn('connecting');
      this.later(FIRST_PAUSE_MS * Math.random());
    } else {
      this.failed();
    }
  }

  private async revoked(): Promise<void> {
    this.drop();
    await this.deps.session.end();
    this.signOut();
  }

  private signOut(): void {
    this.stop();
    this.deps.signedOut();
  }

  private failed(): void {
    // A token that was refused is replaced at once; only a second failure looks like being offline.
    const quick = this.stale !== undefined && this.failures === 0;
    if (!quick) this.turn('offline');
    const grown = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures) * (0.5 + Math.random());
    this.failures += 1;
    this.later(quick ? 0 : this.network ? grown : PAUSE_WITHOUT_NETWORK_MS);
  }

  private later(pause: number): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), pause);
  }

  private drop(): void {
    this.attempt += 1;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.line?.close();
    this.line = null;
  }

  private turn(reach: Reach): void {
    if (this.reach === reach) return;
    this.reach = reach;
    this.deps.reach(reach);
  }
}
