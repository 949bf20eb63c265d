// The session: one refresh at a time, and a refusal ends the session but nothing else.
import { describe, expect, test } from 'vitest';
import type { SignedIn } from '../src/gen/contract.ts';
import type { Http } from '../src/sync/http.ts';
import { localLocks } from '../src/sync/locks.ts';
import { Refused, SignedOut, Unreachable } from '../src/sync/problem.ts';
import { type SecretStore, Session } from '../src/sync/session.ts';
import { problem } from './world.ts';

const HOUR = 3_600_000;

function secrets(): SecretStore & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get: async (key) => kept.get(key) ?? null,
    set: async (key, value) => void kept.set(key, value),
    delete: async (key) => void kept.delete(key),
  };
}

function pair(number: number, expires: number): SignedIn {
  return {
    access_token: `access ${number}`,
    refresh_token: `refresh ${number}`,
    access_expires_at: new Date(expires).toISOString(),
  } as SignedIn;
}

function refreshing(): { http: Http; asked: unknown[] } {
  const asked: unknown[] = [];
  const http = async (request: { body?: unknown }) => {
    asked.push(request.body);
    await Promise.resolve();
    return pair(asked.length, HOUR * 2);
  };
  return { http: http as Http, asked };
}

describe('the session', () => {
  test('many callers, in two tabs, share one refresh', async () => {
    const [kept, locks, { http, asked }] = [secrets(), localLocks(), refreshing()];
    const now = () => HOUR;
    const tabs = [new Session(http, kept, locks, now), new Session(http, kept, locks, now)];
    await new Session(http, kept, locks, () => 0).begin(pair(0, HOUR));
    const tokens = await Promise.all(tabs.flatMap((tab) => [tab.token(), tab.token(), tab.token()]));
    expect(asked).toEqual([{ refresh_token: 'refresh 0' }]);
    expect(new Set(tokens)).toEqual(new Set(['access 1']));
  });

  test('a token that the server refuses is renewed, also where the clock says it is fresh', async () => {
    const { http, asked } = refreshing();
    const session = new Session(http, secrets(), localLocks(), () => 0);
    await session.begin(pair(0, HOUR));
    expect(await session.token()).toBe('access 0');
    expect(await session.token('access 0')).toBe('access 1');
    expect(await session.token('access 0')).toBe('access 1');
    expect(asked.length).toBe(1);
  });

  test('a clock that runs ahead does not refresh at every request', async () => {
    const { http, asked } = refreshing();
    const session = new Session(http, secrets(), localLocks(), () => HOUR * 10);
    await session.begin(pair(0, HOUR));
    await session.token();
    expect(asked).toEqual([]);
  });

  test('a refusal signs out; an unreachable server does not', async () => {
    const kept = secrets();
    let answer: Error = new Unreachable();
    const http = (async () => Promise.reject(answer)) as Http;
    const session = new Session(http, kept, localLocks(), () => HOUR);
    await new Session(http, kept, localLocks(), () => 0).begin(pair(0, HOUR));
    await expect(session.token()).rejects.toBe(answer);
    expect(kept.kept.size).toBe(1);
    answer = new Refused(problem(401, 'token_reused'));
    await expect(session.token()).rejects.toBeInstanceOf(SignedOut);
    expect(kept.kept.size).toBe(0);
  });
});
