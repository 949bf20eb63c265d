// The log over a collection that refuses what MongoDB's two unique indexes would refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Log } from "../src/append.js";

/** As much of a collection as the log uses. */
class Collection {
  documents = [];
  failNext = false;

  async insertMany(documents) {
    if (this.failNext) {
      this.failNext = false;
      throw new Error("away");
    }
    const writeErrors = [];
    for (const [index, document] of documents.entries()) {
      const { _id, conversation_id, seq } = document;
      if (this.documents.some((kept) => kept._id === _id)) {
        writeErrors.push({ index, code: 11000, errmsg: "E11000 dup key, index: _id_ dup" });
      } else if (this.documents.some((kept) => kept.conversation_id === conversation_id && kept.seq === seq)) {
        writeErrors.push({ index, code: 11000, errmsg: "E11000 dup key, index: conversation_id_1_seq_1 dup" });
      } else {
        this.documents.push(document);
      }
    }
    if (writeErrors.length) throw Object.assign(new Error("duplicates"), { code: 11000, writeErrors });
  }

  async findOne({ conversation_id }) {
    const own = this.documents.filter((document) => document.conversation_id === conversation_id);
    return own.sort((a, b) => b.seq - a.seq)[0] ?? null;
  }

  find({ _id: { $in: ids } }) {
    return { toArray: async () => this.documents.filter(({ _id }) => ids.includes(_id)) };
  }
}

const entry = (id, conversation_id = "c", again = false) => ({ message: { id, conversation_id, members: [] }, again });
const places = (stored) => stored.map(({ _id, seq }) => `${_id}${seq}`);

test("each conversation is numbered from one, in order", async () => {
  const log = new Log(new Collection());
  assert.deepEqual(places(await log.append([entry("a"), entry("b"), entry("x", "d")])), ["a1", "b2", "x1"]);
  assert.deepEqual(places(await log.append([entry("c")])), ["c3"]);
});

test("what comes again keeps its place", async () => {
  const messages = new Collection();
  await new Log(messages).append([entry("a"), entry("b")]);
  const log = new Log(messages);
  assert.deepEqual(places(await log.append([entry("a", "c", true), entry("n")])), ["a1", "n3"]);
  assert.deepEqual(places(await log.append([entry("b"), entry("b")])), ["b2"]);
  assert.equal(messages.documents.length, 3);
});

test("who was overtaken by another worker takes a free place", async () => {
  const messages = new Collection();
  const [slow, fast] = [new Log(messages), new Log(messages)];
  await slow.append([entry("a")]);
  await fast.append([entry("b")]);
  assert.deepEqual(places(await slow.append([entry("c"), entry("d")])), ["c4", "d3"]);
});

test("a failure leaves nothing half numbered", async () => {
  const messages = new Collection();
  const log = new Log(messages);
  messages.failNext = true;
  await assert.rejects(log.append([entry("a")]), /away/);
  assert.deepEqual(places(await log.append([entry("a", "c", true)])), ["a1"]);
});
