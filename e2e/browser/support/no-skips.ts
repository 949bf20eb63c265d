// Fails a run in which a test did not run.
import type { Reporter, Suite, TestCase } from '@playwright/test/reporter';

export default class NoSkips implements Reporter {
  private tests: TestCase[] = [];

  onBegin(_config: unknown, suite: Suite): void {
    this.tests = suite.allTests();
  }

  async onEnd(): Promise<{ status: 'failed' } | undefined> {
    const skipped = this.tests.filter((test) => test.outcome() === 'skipped');
    for (const test of skipped) console.error(`did not run: ${test.titlePath().join(' > ')}`);
    return skipped.length > 0 ? { status: 'failed' } : undefined;
  }

  printsToStdio(): boolean {
    return false;
  }
}
