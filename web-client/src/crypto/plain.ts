// The development engine: passes plain envelopes through, until the end-to-end engine takes its place.
import type { CryptoEngine } from './engine.ts';

export const plainEngine: CryptoEngine = {
  protection: 'none',
  seal: async (batch) => batch.map(({ content }) => ({ kind: 'plain', content })),
  open: async (batch) => batch.map(({ envelope }) => (envelope?.kind === 'plain' ? envelope.content : null)),
};
