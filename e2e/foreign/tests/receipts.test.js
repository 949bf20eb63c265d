// Watermarks: they rise, they never fall, and the other side hears of it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertProblem, assertProblemBody, Person } from "../lib/person.js";
import { startServer } from "../lib/server.js";

let server;
before(async () => { server = await startServer(); });
after(async () => { await server.stop(); });

async function pairWith(messages) {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const id = await one.with(two);
  for (let n = 1; n <= messages; n += 1) await one.say(id, `${n}`);
  const marks = async () => {
    const { my } = (await two.get(`/conversations/${id}`)).body;
    return [my.delivered_seq, my.read_seq];
  };
  return { one, two, id, marks };
}

test("lower than before has no effect", async () => {
  const { two, id, marks } = await pairWith(4);
  const receipts = (body) => two.post(`/conversations/${id}/receipts`, body);
  assert.equal((await receipts({ delivered_seq: 3, read_seq: 2 })).status, 204);
  assert.deepEqual(await marks(), [3, 2]);
  assert.equal((await receipts({ delivered_seq: 1, read_seq: 1 })).status, 204);
  assert.deepEqual(await marks(), [3, 2]);
  assert.equal((await receipts({})).status === 204 || (await receipts({})).status === 422, true);
});

test("read raises delivered too", async () => {
  const { two, id, marks } = await pairWith(3);
  await two.post(`/conversations/${id}/receipts`, { read_seq: 3 });
  assert.deepEqual(await marks(), [3, 3]);
});

test("past the head is refused and changes nothing", async () => {
  const { two, id, marks } = await pairWith(2);
  for (const body of [{ delivered_seq: 3 }, { read_seq: 3 }, { delivered_seq: Number.MAX_SAFE_INTEGER }]) {
    assertProblem(await two.post(`/conversations/${id}/receipts`, body), 422, "seq_out_of_range");
  }
  assert.deepEqual(await marks(), [0, 0]);
});

test("positions that are none are refused by name", async () => {
  const { two, id } = await pairWith(1);
  for (const value of [-1, 1.5, "1", {}, 1e30]) {
    assertProblem(await two.post(`/conversations/${id}/receipts`, { delivered_seq: value }), 422, "invalid", "delivered_seq");
    assertProblem(await two.post(`/conversations/${id}/receipts`, { read_seq: value }), 422, "invalid", "read_seq");
  }
});

test("the sender's devices, and one's own others, hear of it; over the socket it is acknowledged", async () => {
  const { one, two, id } = await pairWith(2);
  const elsewhere = await two.another();
  const [theirs, mine, own] = [await one.connect(), await two.connect(), await elsewhere.connect()];
  assert.deepEqual(await mine.ask("receipt", { conversation_id: id, delivered_seq: 2, read_seq: 1 }), { ok: true });
  const event = { conversation_id: id, user_id: two.id, delivered_seq: 2, read_seq: 1 };
  assert.deepEqual(await theirs.heard("receipt", (data) => data.user_id === two.id), event);
  assert.deepEqual(await own.heard("receipt", (data) => data.user_id === two.id), event);
  const past = await mine.ask("receipt", { conversation_id: id, delivered_seq: 99 });
  assert.equal(past.ok, false);
  assertProblemBody(past.error, 422, "seq_out_of_range");
  for (const person of [one, two, elsewhere]) person.hangUp();
});
