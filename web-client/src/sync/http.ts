// One HTTP request to the server: JSON in, JSON out, refusals as problems.
import { asProblem, Refused, Unreachable } from './problem.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
}

export type Http = <T>(request: Request) => Promise<T>;

const TIMEOUT_MS = 20_000;

export function http(base: string, fetcher: typeof fetch = (...args) => fetch(...args)): Http {
  return async <T>({ method, path, body, token }: Request): Promise<T> => {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store' };
    if (body !== undefined) init.body = JSON.stringify(body);

    let response: Response;
    let text: string;
    try {
      response = await fetcher(`${base}/api/v1${path}`, init);
      text = await response.text();
    } catch (cause) {
      throw new Unreachable(cause);
    }
    const value = parse(text);
    if (!response.ok) throw new Refused(asProblem(value, response.status));
    return value as T;
  };
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
