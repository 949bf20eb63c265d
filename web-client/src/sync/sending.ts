// Turns what a person does into outbox items, and outbox items into calls.
import type { CryptoEngine } from '../crypto/engine.ts';
import type { Content, ConversationId, Envelope, MessageId, SendMessage } from '../gen/contract.ts';
import type { Connection } from './connection.ts';
import { newMessageId } from './ids.ts';
import { CALL } from './socket.ts';
import type { OutboxItem } from './store.ts';

export type ToSay = Pick<OutboxItem, 'kind'> & Partial<Pick<OutboxItem, 'target' | 'reply_to' | 'content'>>;

export function newItem(conversation_id: ConversationId, what: ToSay): OutboxItem {
  return {
    id: newMessageId(),
    conversation_id,
    target: null,
    reply_to: null,
    content: null,
    envelope: null,
    created_at: new Date().toISOString(),
    state: 'waiting',
    problem: null,
    ...what,
  };
}

export interface SendingDeps {
  readonly connection: Pick<Connection, 'call'>;
  readonly crypto: CryptoEngine;
  /** Keeps the sealed envelope with its item, in memory and on disk. */
  readonly keep: (id: MessageId, envelope: Envelope) => Promise<void>;
}

export async function sendItem(deps: SendingDeps, item: OutboxItem): Promise<void> {
  const { id, conversation_id, kind, target, reply_to } = item;
  const envelope = item.envelope ?? (item.content ? await seal(deps, item, item.content) : null);
  const message: SendMessage = { id, conversation_id, kind };
  if (target) message.target = target;
  if (reply_to) message.reply_to = reply_to;
  if (envelope) message.envelope = envelope;
  await deps.connection.call(CALL.send, message);
}

/** Seals once and keeps the envelope before it leaves: a retry carries the same bytes. */
async function seal({ crypto, keep }: SendingDeps, item: OutboxItem, content: Content): Promise<Envelope> {
  const [envelope] = await crypto.seal([{ conversation_id: item.conversation_id, content }]);
  if (!envelope) throw new Error('the crypto engine sealed nothing');
  await keep(item.id, envelope);
  return envelope;
}
