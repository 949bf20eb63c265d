// What this device keeps in IndexedDB, one database per person: logs, watermarks, drafts and the outbox.
import { Dexie, type EntityTable, type Table } from 'dexie';
import type { KeyChange, TrustStore } from '../crypto/trust.ts';
import type {
  Content,
  Conversation,
  ConversationId,
  MailboxItem,
  Message,
  MessageId,
  UserId,
} from '../gen/contract.ts';
import type { Watermark } from './derived.ts';
import type { Pending } from './fold.ts';
import type { Entry } from './log.ts';
import { wordsIn, wordsOf } from './words.ts';

export interface Draft {
  readonly text: string;
  readonly reply_to: MessageId | null;
  readonly editing: MessageId | null;
}

/** A message of this device's that the log does not hold yet. */
export interface OutboxItem extends Pending {
  /** Given by the database: the order of sending, whatever the clock says. */
  readonly place?: number;
  readonly conversation_id: ConversationId;
}

interface EntryRow {
  message: Message;
  content: Content | null;
  conversation_id: ConversationId;
  seq: number;
  id: MessageId;
  /** What the search finds it by. */
  words?: readonly string[];
}

/** Something that was said, as the search gives it. */
export interface Hit {
  readonly conversation_id: ConversationId;
  /** The message; of an edit, the one that it changed. */
  readonly id: MessageId;
  readonly text: string;
  readonly sent_at: string;
}

interface WatermarkRow extends Watermark {
  conversation_id: ConversationId;
  user_id: UserId;
}

interface DraftRow extends Draft {
  conversation_id: ConversationId;
}

/** A write that nobody waits for. Once the store is closed there is nothing to keep any more. */
export function written(write: Promise<unknown>): void {
  write.catch((error: unknown) => {
    if (!(error instanceof Dexie.DatabaseClosedError)) console.error(error);
  });
}

export class Store implements TrustStore {
  private readonly db: Dexie & {
    entries: Table<EntryRow, [ConversationId, number]>;
    conversations: EntityTable<Conversation, 'id'>;
    watermarks: Table<WatermarkRow, [ConversationId, UserId]>;
    drafts: Table<DraftRow, ConversationId>;
    outbox: Table<OutboxItem, number>;
    key_changes: Table<KeyChange, [UserId, string]>;
    held_mail: Table<MailboxItem, MessageId>;
  };

  constructor(user: UserId) {
    const db = new Dexie(`sotto-${user}`);
    db.version(1).stores({
      entries: '[conversation_id+seq], id, message.target',
      conversations: 'id',
      watermarks: '[conversation_id+user_id]',
      drafts: 'conversation_id',
      outbox: '++place, &id, conversation_id',
    });
    db.version(2).stores({ key_changes: '[user_id+at], at', held_mail: 'id' });
    db.version(3)
      .stores({ entries: '[conversation_id+seq], id, message.target, *words' })
      .upgrade((change) =>
        change
          .table<EntryRow>('entries')
          .toCollection()
          .modify((row) => {
            row.words = wordsOf(row.content);
          }),
      );
    this.db = db as typeof this.db;
  }

  close(): void {
    this.db.close();
  }

  /** Removes everything this device knows of the person. Only ever on their own request. */
  async destroy(): Promise<void> {
    await this.db.delete();
  }

  conversations(): Promise<Conversation[]> {
    return this.db.conversations.toArray();
  }

  watermarks(): Promise<WatermarkRow[]> {
    return this.db.watermarks.toArray();
  }

  drafts(): Promise<DraftRow[]> {
    return this.db.drafts.toArray();
  }

  /** The dense run that ends right before `before`, at most `limit` long. */
  async entriesBefore(id: ConversationId, before: number, limit: number): Promise<Entry[]> {
    const rows = await this.db.entries
      .where('[conversation_id+seq]')
      .between([id, Dexie.minKey], [id, before], true, false)
      .reverse()
      .limit(limit)
      .toArray();
    const run: Entry[] = [];
    let expected = before === Number.POSITIVE_INFINITY ? rows[0]?.seq : before - 1;
    for (const { seq, message, content } of rows) {
      if (seq !== expected) break;
      run.push({ message, content });
      expected -= 1;
    }
    return run.reverse();
  }

  async putEntries(entries: readonly Entry[]): Promise<void> {
    const rows = entries.map(({ message, content }) => ({
      conversation_id: message.conversation_id,
      seq: message.seq,
      id: message.id,
      message,
      content,
      words: wordsOf(content),
    }));
    await this.db.entries.bulkPut(rows);
  }

  /** What was said with all of these words, or words that begin so; the newest first. */
  async search(query: string, limit = 50): Promise<Hit[]> {
    const wanted = wordsIn(query);
    const [longest] = [...wanted].sort((a, b) => b.length - a.length);
    if (!longest) return [];
    const rows = await this.db.entries.where('words').startsWith(longest).distinct().toArray();
    const holds = ({ words = [] }: EntryRow) =>
      wanted.every((word) => words.some((one) => one.startsWith(word)));
    return rows
      .filter(holds)
      .sort((a, b) => (a.message.sent_at < b.message.sent_at ? 1 : -1))
      .slice(0, limit)
      .map(({ message, content, conversation_id, id }) => ({
        conversation_id,
        id: message.target ?? id,
        text: content?.type === 'text' ? content.text : '',
        sent_at: message.sent_at,
      }));
  }

  /** Takes the words out of every kept copy of messages that were taken back. */
  async purge(retracted: readonly MessageId[]): Promise<void> {
    const clear = (row: EntryRow) => {
      const { envelope: _words, ...rest } = row.message;
      row.message = rest;
      row.content = null;
      row.words = [];
    };
    await this.db.entries.where('id').anyOf(retracted).modify(clear);
    const edits = this.db.entries.where('message.target').anyOf(retracted);
    await edits.and((row) => row.message.kind === 'edit').modify(clear);
  }

  async putConversation(conversation: Conversation): Promise<void> {
    await this.db.conversations.put(conversation);
  }

  async removeConversation(id: ConversationId): Promise<void> {
    const { conversations, entries, watermarks, drafts, outbox } = this.db;
    await this.db.transaction('rw', [conversations, entries, watermarks, drafts, outbox], async () => {
      await conversations.delete(id);
      await entries.where('[conversation_id+seq]').between([id, Dexie.minKey], [id, Dexie.maxKey]).delete();
      await watermarks
        .where('[conversation_id+user_id]')
        .between([id, Dexie.minKey], [id, Dexie.maxKey])
        .delete();
      await drafts.delete(id);
      await outbox.where('conversation_id').equals(id).delete();
    });
  }

  async putWatermark(conversation_id: ConversationId, user_id: UserId, mark: Watermark): Promise<void> {
    await this.db.watermarks.put({ conversation_id, user_id, ...mark });
  }

  async putDraft(conversation_id: ConversationId, draft: Draft | null): Promise<void> {
    if (draft) await this.db.drafts.put({ conversation_id, ...draft });
    else await this.db.drafts.delete(conversation_id);
  }

  outbox(): Promise<OutboxItem[]> {
    return this.db.outbox.orderBy('place').toArray();
  }

  async addToOutbox(item: OutboxItem): Promise<OutboxItem> {
    const place = await this.db.outbox.add(item);
    return { ...item, place };
  }

  async changeOutbox(id: MessageId, change: Partial<OutboxItem>): Promise<void> {
    await this.db.outbox.where('id').equals(id).modify(change);
  }

  async removeFromOutbox(ids: readonly MessageId[]): Promise<void> {
    await this.db.outbox.where('id').anyOf(ids).delete();
  }

  keyChanges(): Promise<KeyChange[]> {
    return this.db.key_changes.orderBy('at').toArray();
  }

  async putKeyChange(change: KeyChange): Promise<void> {
    await this.db.key_changes.put(change);
  }

  heldMail(): Promise<MailboxItem[]> {
    return this.db.held_mail.toArray();
  }

  async putHeldMail(items: readonly MailboxItem[]): Promise<void> {
    await this.db.held_mail.bulkPut([...items]);
  }

  async dropHeldMail(ids: readonly MessageId[]): Promise<void> {
    await this.db.held_mail.bulkDelete([...ids]);
  }
}
