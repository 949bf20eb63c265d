// MongoDB: its collections, their indexes, and the durability that every write asks for.
import { MongoClient } from "mongodb";
import { DATABASE } from "./names.js";

/** A write counts when a majority has it in its journal: the same that Sotto asks for. */
const DURABLE = { w: "majority", j: true };

/** Connects, and makes what is missing. */
export async function openStore(url) {
  const client = new MongoClient(url, {
    writeConcern: DURABLE,
    retryWrites: true,
    maxPoolSize: 100,
    // Every command of the worker waits for a disk: more connections than the default may be opened at once.
    maxConnecting: 8,
  });
  await client.connect();
  const db = client.db(DATABASE);
  const store = {
    client,
    users: db.collection("users"),
    conversations: db.collection("conversations"),
    messages: db.collection("messages"),
  };
  await store.users.createIndex({ username: 1 }, { unique: true });
  await store.conversations.createIndex({ members: 1 });
  await store.conversations.createIndex({ pair: 1 }, { unique: true, partialFilterExpression: { pair: { $exists: true } } });
  // A message's id is `_id`: the second unique index keeps two workers from giving out one position twice.
  await store.messages.createIndex({ conversation_id: 1, seq: 1 }, { unique: true });
  return store;
}

/** Whether an error says that a unique index holds such a value already. */
export const isDuplicate = (error) => error?.code === 11000;
