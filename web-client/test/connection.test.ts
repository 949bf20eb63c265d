// The connection: renewal, drain hints, revocation, refused tokens, and no knocking without a network.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection, type Reach } from '../src/sync/connection.ts';
import { SignedOut, Unreachable } from '../src/sync/problem.ts';
import type { LineEnd, ServerEvent } from '../src/sync/socket.ts';

interface Opened {
  token: string;
  closed: boolean;
  calls: [string, unknown][];
  event: (event: ServerEvent) => void;
  ended: (end: LineEnd) => void;
}

const READY: ServerEvent = {
  name: 'ready',
  data: { pod: 'p', server_time: '2026-01-01T00:00:00.000Z', heads: {} },
};

function setUp(tokens: (stale?: string) => Promise<string> = async () => 'token') {
  const lines: Opened[] = [];
  const reached: Reach[] = [];
  const seen = { signedOut: 0, ended: 0 };
  const connection = new Connection({
    session: {
      token: tokens,
      end: async () => {
        seen.ended += 1;
      },
    },
    openLine: (token, handlers) => {
      const line: Opened = { token, closed: false, calls: [], ...handlers };
      lines.push(line);
      return {
        call: async (name, payload) => {
          line.calls.push([name, payload]);
          return {} as never;
        },
        close: () => {
          line.closed = true;
        },
      };
    },
    event: () => undefined,
    reach: (reach) => reached.push(reach),
    signedOut: () => {
      seen.signedOut += 1;
    },
  });
  const last = () => {
    const line = lines.at(-1);
    if (!line) throw new Error('no line was opened');
    return line;
  };
  return { connection, lines, reached, seen, last };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the connection', () => {
  test('opens, is online when the server is ready, and comes back after a loss', async () => {
    const { connection, lines, reached, last } = setUp();
    connection.start();
    await settle();
    last().event(READY);
    last().ended({ code: 'lost' });
    await vi.advanceTimersByTimeAsync(1_000);
    last().event(READY);
    expect(lines.length).toBe(2);
    expect(reached).toEqual(['connecting', 'online', 'connecting', 'online']);
  });

  test('tries ever more rarely, and says that it is offline', async () => {
    const { connection, lines, reached, last } = setUp();
    connection.start();
    await settle();
    for (let failure = 0; failure < 20; failure += 1) {
      last().ended({ code: 'lost' });
      await vi.advanceTimersByTimeAsync(15_000);
    }
    expect(lines.length).toBe(21);
    expect(reached).toEqual(['connecting', 'offline']);
  });

  test('renews the token on the open line', async () => {
    const { connection, last } = setUp(async (stale) => (stale ? 'fresh' : 'old'));
    connection.start();
    await settle();
    last().event(READY);
    last().event({ name: 'session', data: { reason: 'expiring' } });
    await settle();
    expect(last().calls).toEqual([['auth:renew', { token: 'fresh' }]]);
  });

  test('a refused token is replaced at once', async () => {
    const { connection, lines, reached, last } = setUp(async (stale) => (stale === 'old' ? 'fresh' : 'old'));
    connection.start();
    await settle();
    last().ended({ code: 'unauthorized' });
    await settle();
    expect(lines.map(({ token }) => token)).toEqual(['old', 'fresh']);
    expect(reached).toEqual(['connecting']);
  });

  test('leaves a draining server, and comes back when it was told to', async () => {
    const { connection, lines, last } = setUp();
    connection.start();
    await settle();
    last().event(READY);
    last().event({ name: 'session', data: { reason: 'draining', reconnect_in: 4_000 } });
    expect(last().closed).toBe(true);
    await vi.advanceTimersByTimeAsync(3_900);
    expect(lines.length).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(lines.length).toBe(2);
  });

  test.each([
    ['said on the line', (line: Opened) => line.event({ name: 'session', data: { reason: 'revoked' } })],
    ['said at the door', (line: Opened) => line.ended({ code: 'session_revoked' })],
  ])('a revoked session ends, %s', async (_how, revoke) => {
    const { connection, lines, seen, last } = setUp();
    connection.start();
    await settle();
    last().event(READY);
    revoke(last());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seen).toEqual({ signedOut: 1, ended: 1 });
    expect(lines.length).toBe(1);
  });

  test('without a session nobody knocks', async () => {
    const { connection, lines, seen } = setUp(async () => Promise.reject(new SignedOut()));
    connection.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seen.signedOut).toBe(1);
    expect(lines.length).toBe(0);
  });

  test('a server that cannot be reached for a token is tried again', async () => {
    let down = true;
    const { connection, lines, reached, seen } = setUp(async () =>
      down ? Promise.reject(new Unreachable()) : 'token',
    );
    connection.start();
    await settle();
    expect(reached).toEqual(['connecting', 'offline']);
    down = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(lines.length).toBe(1);
    expect(seen.signedOut).toBe(0);
  });

  test('while the browser says there is no network, it waits; then it goes at once', async () => {
    const { connection, lines, reached, last } = setUp();
    connection.start();
    await settle();
    last().event(READY);
    connection.setNetwork(false);
    expect(last().closed).toBe(true);
    await vi.advanceTimersByTimeAsync(50_000);
    expect(lines.length).toBe(1);
    connection.setNetwork(true);
    await settle();
    expect(lines.length).toBe(2);
    expect(reached).toEqual(['connecting', 'online', 'offline', 'connecting']);
  });

  test('what an old line still says is not heard', async () => {
    const { connection, lines, reached } = setUp();
    connection.start();
    await settle();
    connection.setNetwork(false);
    connection.setNetwork(true);
    await settle();
    lines[0]?.event(READY);
    lines[0]?.ended({ code: 'session_revoked' });
    expect(reached).toEqual(['connecting', 'offline', 'connecting']);
  });
});
