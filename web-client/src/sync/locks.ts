// Mutual exclusion between tabs of one browser; falls back to this tab alone where the browser has no Web Locks.
export interface Locks {
  /** Runs `work` while nobody else, in any tab, runs under the same name. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Waits for the name, then keeps it until `signal` aborts. */
  hold(name: string, signal: AbortSignal, held: () => void): void;
}

export function webLocks(): Locks {
  return typeof navigator !== 'undefined' && navigator.locks ? browserLocks(navigator.locks) : localLocks();
}

function browserLocks(locks: LockManager): Locks {
  return {
    run: (name, work) => locks.request(name, work) as ReturnType<typeof work>,
    hold(name, signal, held) {
      const keep = () => {
        held();
        return until(signal);
      };
      // An abort while waiting rejects: then there is nothing to hold any more.
      locks.request(name, { signal }, keep).catch(() => undefined);
    },
  };
}

/** Locks for one process: tests, and pages without a secure context. */
export function localLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  const run = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const mine = (tails.get(name) ?? Promise.resolve()).then(work, work);
    tails.set(
      name,
      mine.catch(() => undefined),
    );
    return mine;
  };
  return {
    run,
    hold(name, signal, held) {
      void run(name, async () => {
        if (signal.aborted) return;
        held();
        await until(signal);
      });
    },
  };
}

function until(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
