// Catching up with the server after every absence: keys first, then whatever was missed.
import type { CryptoEngine } from '../crypto/engine.ts';
import type { SyncedConversation } from '../gen/contract.ts';
import type { Api } from './api.ts';
import type { Conversations } from './conversations.ts';
import type { Receipts } from './receipts.ts';
import type { Board } from './snapshot.ts';

interface CatchUpDeps {
  readonly api: Pick<Api, 'sync' | 'me'>;
  readonly crypto: Pick<CryptoEngine, 'online' | 'since' | 'groups'>;
  readonly conversations: Conversations;
  readonly receipts: Receipts;
  readonly board: Board;
}

const RETRY_MS = 2_000;

export class CatchUp {
  constructor(private readonly deps: CatchUpDeps) {}

  /** Until it is done, or the line is lost. */
  async run(): Promise<void> {
    const { api, crypto, conversations, board } = this.deps;
    try {
      await crypto.online();
      board.show({ since: await crypto.since() });
      const [answer, { blocked }] = await Promise.all([api.sync(conversations.heads()), api.me()]);
      board.show({ blocked: new Set(blocked) });
      for (const id of answer.left) {
        await conversations.remove(id);
        await crypto.groups?.forget(id);
      }
      await Promise.all(answer.conversations.map((part) => this.one(part)));
      if (board.read().reach === 'syncing') board.show({ reach: 'online' });
    } catch {
      if (board.read().reach !== 'syncing' && board.read().reach !== 'online') return;
      setTimeout(() => void this.run(), RETRY_MS);
    }
  }

  private async one(part: SyncedConversation): Promise<void> {
    const { receipts, conversations } = this.deps;
    receipts.known(part.conversation.id, part.conversation.my);
    await conversations.synced(part);
    receipts.moved(part.conversation.id);
  }
}
