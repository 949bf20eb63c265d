// Between the socket and the crypto engine: keys go in before what they open, and what opens later is shown then.
import type { CryptoEngine } from '../crypto/engine.ts';
import type { DeviceId, LiveMessage, UserId } from '../gen/contract.ts';
import type { Conversations } from './conversations.ts';
import type { Entry } from './log.ts';
import type { ServerEvent } from './socket.ts';

type KeyEvent = Extract<ServerEvent, { name: 'mailbox' | 'keys' | 'devices' | 'link' }>;

export interface MailroomDeps {
  /** Whether this device has a part in what is sealed. */
  readonly linked: (linked: boolean) => void;
  /** Says something to one's other devices. */
  readonly link: (body: string, to?: DeviceId) => Promise<unknown>;
}

export class Mailroom {
  constructor(
    private readonly me: UserId,
    private readonly crypto: CryptoEngine,
    private readonly conversations: Pick<Conversations, 'hear' | 'ids' | 'reopen'>,
    deps: MailroomDeps,
  ) {
    crypto.linking?.attach(async (body, to) => void (await deps.link(body, to)));
    crypto.listen({
      linked: deps.linked,
      readable: (ids) => {
        for (const id of ids === 'all' ? conversations.ids() : ids) conversations.reopen(id);
      },
    });
  }

  /** First the key, then what it opens. One that can't be taken now is fetched from the mailbox later. */
  async hear({ box, ...message }: LiveMessage): Promise<void> {
    if (box) await this.crypto.receive([box]).catch(() => undefined);
    await this.conversations.hear(message);
  }

  /** What stands in the log need not be sent again. */
  logged(entries: readonly Entry[]): void {
    for (const { message } of entries)
      if (message.sender_id === this.me) this.crypto.accepted(message.id).catch(() => undefined);
  }

  heard(event: KeyEvent): void {
    this.take(event).catch(() => undefined);
  }

  private async take(event: KeyEvent): Promise<void> {
    switch (event.name) {
      case 'mailbox':
        return this.crypto.receive(event.data.items ?? []);
      case 'keys':
        return this.crypto.wanted(event.data);
      case 'devices':
        return this.crypto.refresh([this.me]);
      case 'link':
        return this.crypto.linking?.heard(event.data);
    }
  }
}
