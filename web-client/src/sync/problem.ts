// The two ways a request fails: the server says no (with a reason), or nobody answers.
import type { Problem } from '../gen/contract.ts';

/** The server's refusal, with its stable code and, for bad input, the field's name. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'Refused';
    this.problem = problem;
  }

  /** Whether asking again, unchanged, may help. */
  get passing(): boolean {
    const { status } = this.problem;
    return status === 401 || status === 408 || status === 425 || status === 429 || status >= 500;
  }

  get retryAfterMs(): number | null {
    return this.problem.retry_after ? this.problem.retry_after * 1000 : null;
  }
}

/** No answer: offline, timed out, or cut off in the middle. */
export class Unreachable extends Error {
  constructor(cause?: unknown) {
    super('the server cannot be reached', { cause });
    this.name = 'Unreachable';
  }
}

/** There is no session to speak for. */
export class SignedOut extends Error {
  constructor() {
    super('signed out');
    this.name = 'SignedOut';
  }
}

/** Reads a problem out of anything, also of a proxy's page of HTML. */
export function asProblem(value: unknown, status: number): Problem {
  const given: Partial<Problem> = typeof value === 'object' && value !== null ? value : {};
  return {
    type: given.type ?? 'about:blank',
    title: given.title ?? `HTTP ${status}`,
    status: given.status ?? status,
    code: given.code ?? (status >= 500 ? 'unavailable' : 'invalid'),
    detail: given.detail ?? '',
    request_id: given.request_id ?? '',
    ...(given.field ? { field: given.field } : {}),
    ...(given.refresh ? { refresh: given.refresh } : {}),
    ...(given.retry_after ? { retry_after: given.retry_after } : {}),
  };
}
