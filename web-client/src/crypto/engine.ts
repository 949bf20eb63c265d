// The border between the sync engine and the wire: whatever leaves or enters a device passes through here, in batches.
import type { Content, ConversationId, Envelope, Message } from '../gen/contract.ts';

interface ToSeal {
  readonly conversation_id: ConversationId;
  readonly content: Content;
}

export interface CryptoEngine {
  /** What the people are told: with 'none' the client shows a warning that cannot be missed. */
  readonly protection: 'none' | 'end-to-end';
  /** One envelope per content, in the same order. */
  seal(batch: readonly ToSeal[]): Promise<Envelope[]>;
  /** One content per message, in the same order; null where it cannot be read, now or ever. */
  open(batch: readonly Message[]): Promise<(Content | null)[]>;
}
