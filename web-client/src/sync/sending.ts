// Turns what a person does into outbox items, and outbox items into calls.
import type { CryptoEngine } from '../crypto/engine.ts';
import type { Conversation, ConversationId, SendMessage } from '../gen/contract.ts';
import type { Connection } from './connection.ts';
import { newMessageId } from './ids.ts';
import { Refused } from './problem.ts';
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
    created_at: new Date().toISOString(),
    state: 'waiting',
    problem: null,
    ...what,
  };
}

export interface SendingDeps {
  readonly connection: Pick<Connection, 'call'>;
  readonly crypto: CryptoEngine;
  readonly conversation: (id: ConversationId) => Conversation | undefined;
}

/** How often the devices of people may change while one message is sent. */
const TRIES = 4;

export async function sendItem(deps: SendingDeps, item: OutboxItem): Promise<void> {
  for (let left = TRIES; ; left -= 1) {
    try {
      await deps.connection.call(CALL.send, await asCall(deps, item));
      break;
    } catch (error) {
      if (!(error instanceof Refused) || left === 1) throw error;
      const { code, refresh } = error.problem;
      const isStale = refresh !== undefined || code === 'stale_epoch';
      if (isStale && deps.conversation(item.conversation_id)?.kind !== 'direct')
        await deps.crypto.refused(item.id);
      if (refresh) await deps.crypto.refresh(refresh);
      else if (code === 'stale_epoch') await deps.crypto.groups?.follow(item.conversation_id);
      else throw error;
    }
  }
}

/** The engine gives the same envelope for the same id: a retry carries the same bytes. */
async function asCall({ crypto, conversation }: SendingDeps, item: OutboxItem): Promise<SendMessage> {
  const { id, conversation_id, kind, target, reply_to, content } = item;
  const message: SendMessage = { id, conversation_id, kind };
  if (target) message.target = target;
  if (reply_to) message.reply_to = reply_to;
  if (!content) return message;
  const place = conversation(conversation_id);
  if (!place) throw new Error('the conversation is not known yet');
  const sealed = await crypto.seal({ id, conversation: place, kind, target, reply_to, content });
  const { envelope, boxes, roster } = sealed;
  message.envelope = envelope;
  if (typeof roster === 'number') message.roster = roster;
  if (boxes.length > 0) message.boxes = [...boxes];
  return message;
}
