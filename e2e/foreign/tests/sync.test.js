// Catching up: everything missed, by the positions that one has.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertProblem, call, Person, uuid7, text } from "../lib/person.js";
import { startServer, until } from "../lib/server.js";

let server;
before(async () => { server = await startServer(); });
after(async () => { await server.stop(); });

async function pairWith(messages) {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const id = await one.with(two);
  for (let n = 1; n <= messages; n += 1) await one.say(id, `${n}`);
  return { one, two, id };
}

const seqs = (synced) => synced.messages.map((entry) => entry.seq);

test("with a head: what follows it", async () => {
  const { two, id } = await pairWith(5);
  const { status, body } = await two.post("/sync", { heads: { [id]: 2 } });
  assert.equal(status, 200);
  assert.deepEqual(body.left, []);
  assert.deepEqual(body.mailbox, []);
  assert.equal(body.conversations.length, 1);
  const [synced] = body.conversations;
  assert.equal(synced.conversation.id, id);
  assert.equal(synced.conversation.head_seq, 5);
  assert.deepEqual(seqs(synced), [3, 4, 5]);
  assert.equal(synced.has_more, false);
});

test("with no head: the newest page", async () => {
  const { two, id } = await pairWith(4);
  for (const body of [{ heads: {} }, {}]) {
    const [synced] = (await two.post("/sync", body)).body.conversations;
    assert.equal(synced.conversation.id, id);
    assert.deepEqual(seqs(synced), [1, 2, 3, 4]);
  }
});

test("with nothing new: no messages, but the watermarks as they are", async () => {
  const { one, two, id } = await pairWith(3);
  await two.post(`/conversations/${id}/receipts`, { delivered_seq: 3, read_seq: 2 });
  const [synced] = (await one.post("/sync", { heads: { [id]: 3 } })).body.conversations;
  assert.deepEqual(seqs(synced), []);
  const theirs = synced.receipts.find((receipt) => receipt.user_id === two.id);
  assert.deepEqual(theirs, { user_id: two.id, delivered_seq: 3, read_seq: 2 });
});

test("what was taken back while one was away comes without its words", async () => {
  const { one, two, id } = await pairWith(2);
  const [first] = await one.history(id);
  await one.delete(`/conversations/${id}/messages/${first.id}`);
  await one.say(id, "later");
  const [synced] = (await two.post("/sync", { heads: { [id]: 0 } })).body.conversations;
  assert.deepEqual(synced.messages.map((entry) => entry.kind), ["message", "message", "retract", "message"]);
  assert.equal(synced.messages[0].envelope, undefined);
});

test("a long absence comes in pages", async () => {
  const { one, two, id } = await pairWith(0);
  const socket = await one.connect();
  const envelope = text(".");
  for (let batch = 0; batch < 9; batch += 1) {
    const acks = await Promise.all(Array.from({ length: 50 }, () => socket.ask("message:send", { conversation_id: id, id: uuid7(), envelope })));
    assert.ok(acks.every((ack) => ack.ok));
  }
  await until("all of them in the log", async () => (await one.get(`/conversations/${id}`)).body.head_seq === 450);
  let head = 0;
  for (let round = 0; round < 50; round += 1) {
    const [synced] = (await two.post("/sync", { heads: { [id]: head } })).body.conversations;
    assert.deepEqual(seqs(synced), synced.messages.map((_, n) => head + n + 1));
    head += synced.messages.length;
    if (!synced.has_more && head === 450) break;
  }
  assert.equal(head, 450);
  one.hangUp();
});

test("heads of conversations that are not one's own are said to be left, and tell nothing", async () => {
  const { id } = await pairWith(1);
  const stranger = await Person.register(server);
  const strange = uuid7();
  const { status, body } = await stranger.post("/sync", { heads: { [id]: 0, [strange]: 7 } });
  assert.equal(status, 200);
  assert.deepEqual(body.conversations, []);
  assert.deepEqual(body.left.sort(), [id, strange].sort());
});

test("a head past the end is no error and loses nothing later", async () => {
  const { one, two, id } = await pairWith(2);
  const { status, body } = await two.post("/sync", { heads: { [id]: 99 } });
  assert.equal(status, 200);
  assert.equal(body.conversations[0].conversation.head_seq, 2);
  await one.say(id, "more");
  const [synced] = (await two.post("/sync", { heads: { [id]: 2 } })).body.conversations;
  assert.deepEqual(seqs(synced), [3]);
});

test("heads that are none are refused by name", async () => {
  const { two, id } = await pairWith(1);
  for (const heads of [{ [id]: -1 }, { [id]: "1" }, { [id]: 1.5 }, { nonsense: 1 }, [], "all", null]) {
    const answer = await two.post("/sync", { heads });
    assertProblem(answer, 422, "invalid");
    assert.match(answer.body.field, /^heads/);
  }
  assertProblem(await call(server, "POST", "/api/v1/sync", { token: two.token, body: [] }), 422, "invalid");
});
