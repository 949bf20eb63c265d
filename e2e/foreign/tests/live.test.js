// What passes and is not kept: ready, typing, presence.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertProblemBody, Person, uuid7, text } from "../lib/person.js";
import { startServer } from "../lib/server.js";

let server;
before(async () => { server = await startServer(); });
after(async () => { await server.stop(); });

async function pair() {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  return { one, two, id: await one.with(two) };
}

test("ready comes once, with the heads of one's conversations", async () => {
  const { one, two, id } = await pair();
  await one.say(id, "hello");
  const socket = await two.connect();
  const ready = await socket.heard("ready");
  assert.deepEqual(ready.heads, { [id]: 1 });
  assert.equal(typeof ready.pod, "string");
  assert.ok(Math.abs(Date.parse(ready.server_time) - Date.now()) < 60_000);
  await socket.ask("typing", { conversation_id: id, active: false });
  assert.equal(socket.events.filter((event) => event.name === "ready").length, 1);
  two.hangUp();
});

test("polling works as well, and can be upgraded", async () => {
  const { one, two, id } = await pair();
  for (const transports of [["polling"], ["polling", "websocket"]]) {
    const socket = await two.connect({ transports });
    await socket.heard("ready");
    const entry = await one.say(id, transports.join("+"));
    await socket.heard("message", (message) => message.id === entry.id);
    two.hangUp();
  }
});

test("typing reaches the other, and not oneself", async () => {
  const { one, two, id } = await pair();
  const [mine, theirs] = [await one.connect(), await two.connect()];
  assert.deepEqual(await mine.ask("typing", { conversation_id: id, active: true }), { ok: true });
  assert.deepEqual(await theirs.heard("typing"), { conversation_id: id, user_id: one.id, active: true });
  await mine.ask("typing", { conversation_id: id, active: false });
  await theirs.heard("typing", (data) => data.active === false);
  assert.ok(mine.events.every((event) => event.name !== "typing"));
  one.hangUp();
  two.hangUp();
});

test("a stranger can neither type nor raise watermarks in a conversation", async () => {
  const { two, id } = await pair();
  const stranger = await Person.register(server);
  const [theirs, socket] = [await two.connect(), await stranger.connect()];
  for (const [name, payload] of [["typing", { active: true }], ["receipt", { delivered_seq: 0 }], ["message:send", { envelope: text("hi") }]]) {
    const ack = await socket.ask(name, { conversation_id: id, ...payload });
    assert.equal(ack.ok, false, name);
    assertProblemBody(ack.error, 404, "not_found");
  }
  assert.ok(theirs.events.every((event) => event.name === "ready" || event.name === "conversation"));
  stranger.hangUp();
  two.hangUp();
});

test("presence: states at once, then changes as they happen", async () => {
  const { one, two } = await pair();
  const watcher = await one.connect();
  const before = await watcher.ask("presence:watch", { user_ids: [two.id] });
  assert.equal(before.ok, true, JSON.stringify(before));
  assert.deepEqual(before.states.map((state) => [state.user_id, state.online]), [[two.id, false]]);
  await two.connect();
  await watcher.heard("presence", (data) => data.user_id === two.id && data.online);
  two.hangUp();
  const gone = await watcher.heard("presence", (data) => data.user_id === two.id && !data.online, 70_000);
  assert.ok(Math.abs(Date.parse(gone.last_seen) - Date.now()) < 90_000);
  one.hangUp();
});

test("presence tells nothing to those who share no conversation", async () => {
  const [one, stranger] = [await Person.register(server), await Person.register(server)];
  await one.connect();
  const socket = await stranger.connect();
  const { ok, states } = await socket.ask("presence:watch", { user_ids: [one.id, uuid7()] });
  assert.equal(ok, true);
  assert.deepEqual(states.map((state) => [state.online, state.last_seen]), [[false, null], [false, null]]);
  one.hangUp();
  stranger.hangUp();
});
