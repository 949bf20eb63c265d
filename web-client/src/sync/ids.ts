// Makes UUIDv7 ids: an id is the retry key, so it is made once, when the person presses Enter.
import type { ConversationId, MessageId } from '../gen/contract.ts';

let lastTime = 0;
let counter = 0;

/** A new id, later than every id made before in this process even where the clock steps back. */
export function newMessageId(now?: number): MessageId {
  return next(now) as MessageId;
}

export function newConversationId(): ConversationId {
  return next() as ConversationId;
}

function next(now: number = Date.now()): string {
  if (now > lastTime) {
    lastTime = now;
    counter = randomBytes(1)[0] ?? 0;
  } else {
    counter += 1;
    if (counter > 0xfff) {
      lastTime += 1;
      counter = 0;
    }
  }
  return format(lastTime, counter, randomBytes(8));
}

function format(time: number, count: number, random: Uint8Array): string {
  const hex =
    time.toString(16).padStart(12, '0') +
    (0x7000 | count).toString(16) +
    [...random]
      .map((byte, at) => (at === 0 ? (byte & 0x3f) | 0x80 : byte).toString(16).padStart(2, '0'))
      .join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
