// How the engine's tests run: in Node, without a browser.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { environment: 'node', include: ['test/**/*.test.ts'], restoreMocks: true },
});
