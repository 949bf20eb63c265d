// What is owed to other devices, and asked of them: keys once more, where a session failed or a box got lost.
import type { Address, DeviceId, KeyMail, MailboxItem, MessageId, UserId } from '../gen/contract.ts';
import { Refused } from '../sync/problem.ts';
import type { KeysApi } from './sealed.ts';
import { type Vault, VaultRefused } from './vault.ts';

interface RepairsDeps {
  readonly vault: Vault;
  readonly keys: Pick<KeysApi, 'claim' | 'sendMail'>;
  /** Begins with every device of these people. */
  readonly reach: (users: readonly UserId[]) => Promise<void>;
}

/** A first box for each of these is well below the largest body that the server takes. */
const MOST_MAIL = 50;

export class Repairs {
  /** Who asked for which keys, and was not answered yet. */
  private readonly owed: (readonly [Address, readonly MessageId[]])[] = [];
  /** A box of each device whose session failed. */
  private readonly broken = new Map<DeviceId, MailboxItem>();

  constructor(private readonly deps: RepairsDeps) {}

  owe(asked: readonly [Address, readonly MessageId[]]): void {
    this.owed.push(asked);
  }

  mend(item: MailboxItem): void {
    this.broken.set(item.from.device_id, item);
  }

  /** Answers who asked, and asks for what did not open; what fails for lack of a network is done when there is one. */
  async settle(): Promise<void> {
    const { vault, keys, reach } = this.deps;
    for (const [device, asked] of this.owed.splice(0)) {
      await this.eitherWay(
        async () => {
          await reach([device.user_id]);
          await vault.call('answer', { device, asked });
        },
        () => this.owed.push([device, asked]),
      );
    }
    for (const [id, item] of [...this.broken]) {
      this.broken.delete(id);
      await this.eitherWay(
        async () => {
          // Once an hour a device: whoever sends what does not open must not cost more.
          if (!(await vault.call('may_repair', { device: item.from })).asked) return;
          const [claimed] = await keys.claim([item.from]);
          const ask = { device: item.from, conversation: item.conversation_id, messages: [item.id] };
          if (claimed) await vault.call('ask_again', { ...ask, claimed });
        },
        () => this.broken.set(id, item),
      );
    }
    await this.post();
  }

  /** Somebody else's fault is theirs alone; without a network it is tried again. */
  private async eitherWay(work: () => Promise<void>, later: () => void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof VaultRefused || isFinal(error)) console.warn(String(error));
      else later();
    }
  }

  /** Posts the boxes that wait. */
  async post(): Promise<void> {
    const { mail } = await this.deps.vault.call('mail', {});
    for (let at = 0; at < mail.length; at += MOST_MAIL) await this.postSome(mail.slice(at, at + MOST_MAIL));
  }

  private async postSome(mail: readonly KeyMail[]): Promise<void> {
    try {
      await this.deps.keys.sendMail(mail);
    } catch (error) {
      if (!isFinal(error)) throw error;
      // Whoever blocked us, or left, gets nothing; the others do.
      if (mail.length > 1) {
        for (const one of mail) await this.postSome([one]);
        return;
      }
    }
    await this.deps.vault.call('posted', { ids: mail.map(({ id }) => id) });
  }
}

/** Whether the server refuses for good. */
function isFinal(error: unknown): boolean {
  return error instanceof Refused && !error.passing;
}
