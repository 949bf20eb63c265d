// Between the socket and the crypto engine: keys go in before what they open, and what opens later is shown then.
import type { CryptoEngine } from '../crypto/engine.ts';
import type { LiveMessage, UserId } from '../gen/contract.ts';
import type { Conversations } from './conversations.ts';
import type { ServerEvent } from './socket.ts';

type KeyEvent = Extract<ServerEvent, { name: 'mailbox' | 'keys' | 'devices' }>;

export class Mailroom {
  constructor(
    private readonly me: UserId,
    private readonly crypto: CryptoEngine,
    private readonly conversations: Pick<Conversations, 'hear' | 'reopen'>,
    linked: (linked: boolean) => void,
  ) {
    crypto.listen({
      linked,
      readable: (ids) => {
        for (const id of ids) conversations.reopen(id);
      },
    });
  }

  /** First the key, then what it opens. One that can't be taken now is fetched from the mailbox later. */
  async hear({ box, ...message }: LiveMessage): Promise<void> {
    if (box) await this.crypto.receive([box]).catch(() => undefined);
    await this.conversations.hear(message);
  }

  heard(event: KeyEvent): void {
    this.take(event).catch(() => undefined);
  }

  private take(event: KeyEvent): Promise<void> {
    switch (event.name) {
      case 'mailbox':
        return this.crypto.receive(event.data.items ?? []);
      case 'keys':
        return this.crypto.wanted(event.data);
      case 'devices':
        return this.crypto.refresh([this.me]);
    }
  }
}
