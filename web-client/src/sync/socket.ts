// The live line to the server, and the only file that knows socket.io.
import { io } from 'socket.io-client';
import type { Calls, Events, Problem } from '../gen/contract.ts';
import { asProblem, Refused, Unreachable } from './problem.ts';

export type ServerEvent = { [K in keyof Events]: { name: K; data: Events[K] } }[keyof Events];

/** The calls' names on the wire. */
export const CALL = {
  send: 'message:send',
  receipt: 'receipt',
  typing: 'typing',
  watch: 'presence:watch',
  link: 'link',
  renew: 'auth:renew',
} as const satisfies Record<string, keyof Calls>;

const EVENTS: Record<keyof Events, true> = {
  ready: true,
  message: true,
  receipt: true,
  typing: true,
  presence: true,
  conversation: true,
  mailbox: true,
  keys: true,
  devices: true,
  link: true,
  session: true,
};

/** Why a line could not be opened, or ended. */
export type LineEnd = { code: 'unauthorized' | 'session_revoked' | 'lost' };

/** One connection; a new one is made for every attempt. */
export interface Line {
  call<K extends keyof Calls>(name: K, payload: Calls[K]['payload']): Promise<Calls[K]['reply']>;
  close(): void;
}

export type OpenLine = (
  token: string,
  handlers: { event: (event: ServerEvent) => void; ended: (end: LineEnd) => void },
) => Line;

const CALL_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

export function socketLine(url: string): OpenLine {
  return (token, handlers) => {
    const options = {
      auth: (give: (auth: object) => void) => give({ token }),
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnection: false,
      forceNew: true,
      timeout: CONNECT_TIMEOUT_MS,
    };
    const socket = url ? io(url, options) : io(options);
    let over = false;
    const end = (code: LineEnd['code']) => {
      if (over) return;
      over = true;
      socket.disconnect();
      handlers.ended({ code });
    };
    for (const name of Object.keys(EVENTS)) {
      socket.on(name, (data: unknown) => handlers.event({ name, data } as ServerEvent));
    }
    socket.on('connect_error', (error: Error & { data?: { code?: string } }) =>
      end(endCode(error.data?.code)),
    );
    socket.on('disconnect', () => end('lost'));

    return {
      async call<K extends keyof Calls>(name: K, payload: Calls[K]['payload']) {
        if (!socket.connected) throw new Unreachable();
        let answer: unknown;
        try {
          answer = await socket.timeout(CALL_TIMEOUT_MS).emitWithAck(name, payload);
        } catch (cause) {
          throw new Unreachable(cause);
        }
        const { ok, error, ...reply } = answer as { ok: boolean; error?: Problem };
        if (!ok) throw new Refused(asProblem(error, error?.status ?? 500));
        return reply as Calls[K]['reply'];
      },
      close() {
        over = true;
        socket.disconnect();
      },
    };
  };
}

function endCode(code: string | undefined): LineEnd['code'] {
  return code === 'unauthorized' || code === 'session_revoked' ? code : 'lost';
}
