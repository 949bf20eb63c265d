// How the journeys run: Debian's Chromium, one real server, one line per test, nothing skipped.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'journeys',
  outputDir: '../../build/browser-results',
  globalSetup: './support/global-setup.ts',
  reporter: [['list'], ['./support/no-skips.ts']],
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  // Measured when nothing else runs.
  projects: [
    { name: 'journeys', testIgnore: 'measure.spec.ts' },
    { name: 'measure', testMatch: 'measure.spec.ts', dependencies: ['journeys'] },
  ],
  use: {
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
