// The development engine: passes plain envelopes through, where a server allows them.
import type { CryptoEngine } from './engine.ts';

const nothing = async () => undefined;

export const plainEngine: CryptoEngine = {
  protection: 'none',
  linking: null,
  groups: null,
  backup: null,
  since: async () => 0,
  beginAnew: nothing,
  trust: null,
  online: nothing,
  seal: async ({ content }) => ({ envelope: { kind: 'plain', content }, boxes: [] }),
  refused: nothing,
  refresh: nothing,
  accepted: nothing,
  open: async (batch) => batch.map(({ envelope }) => (envelope?.kind === 'plain' ? envelope.content : null)),
  receive: nothing,
  wanted: nothing,
  listen: () => undefined,
  stop: () => undefined,
};
