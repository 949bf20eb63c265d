// Direct conversations: one for two people, whoever asks, and nothing for anybody else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertProblem, Person, uuid7, text } from "../lib/person.js";
import { startServer } from "../lib/server.js";

let server;
let ana;
let bo;
let cy;
before(async () => {
  server = await startServer();
  [ana, bo, cy] = [await Person.register(server), await Person.register(server), await Person.register(server)];
});
after(async () => { await server.stop(); });

test("the first asks and gets 201, both later get 200 and the same conversation", async () => {
  const made = await ana.post("/conversations", { kind: "direct", user_id: bo.id });
  assert.equal(made.status, 201);
  const again = await ana.post("/conversations", { kind: "direct", user_id: bo.id });
  assert.equal(again.status, 200);
  const theirs = await bo.post("/conversations", { kind: "direct", user_id: ana.id });
  assert.equal(theirs.status, 200);
  assert.equal(again.body.id, made.body.id);
  assert.equal(theirs.body.id, made.body.id);
});

test("both who ask in one moment get the same", async () => {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const answers = await Promise.all([
    one.post("/conversations", { kind: "direct", user_id: two.id }),
    two.post("/conversations", { kind: "direct", user_id: one.id }),
    one.post("/conversations", { kind: "direct", user_id: two.id }),
  ]);
  assert.equal(new Set(answers.map((answer) => answer.body.id)).size, 1);
  assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
});

test("it has the shape of the contract, empty and with a message", async () => {
  const id = await ana.with(bo);
  const fresh = (await ana.get(`/conversations/${id}`)).body;
  assert.equal(fresh.kind, "direct");
  assert.equal(fresh.title, null);
  assert.equal(fresh.head_seq, 0, "a direct conversation begins empty");
  assert.equal(fresh.last_message, null);
  assert.match(fresh.created_at, /Z$/);
  assert.deepEqual(fresh.my, { role: fresh.my.role, delivered_seq: 0, read_seq: 0, muted_until: null });
  assert.deepEqual(new Set(fresh.members.map((member) => member.user.id)), new Set([ana.id, bo.id]));
  const entry = await ana.say(id, "hello");
  assert.equal(entry.seq, 1, "the first message has seq 1");
  const used = (await bo.get(`/conversations/${id}`)).body;
  assert.equal(used.head_seq, 1);
  assert.equal(used.last_message.id, entry.id);
});

test("the list holds one's own, newest first", async () => {
  const one = await Person.register(server);
  const [first, second] = [await one.with(ana), await one.with(bo)];
  await one.say(first, "older");
  await one.say(second, "newer");
  const list = (await one.get("/conversations")).body.conversations;
  assert.deepEqual(list.map((conversation) => conversation.id), [second, first]);
  await one.say(first, "newest");
  const turned = (await one.get("/conversations")).body.conversations;
  assert.deepEqual(turned.map((conversation) => conversation.id), [first, second]);
});

test("a conversation appears on the other's open socket", async () => {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const socket = await two.connect();
  const id = await one.with(two);
  const event = await socket.heard("conversation", (data) => data.conversation.id === id);
  assert.equal(event.change, "created");
  two.hangUp();
});

test("it can be silenced for oneself alone", async () => {
  const id = await ana.with(bo);
  const until = "2099-01-31T12:00:00.000Z";
  const muted = await ana.patch(`/conversations/${id}`, { muted_until: until });
  assert.equal(muted.status, 200, JSON.stringify(muted.body));
  assert.equal((await ana.get(`/conversations/${id}`)).body.my.muted_until, until);
  assert.equal((await bo.get(`/conversations/${id}`)).body.my.muted_until, null);
  await ana.patch(`/conversations/${id}`, { muted_until: null });
  assert.equal((await ana.get(`/conversations/${id}`)).body.my.muted_until, null);
});

test("to a stranger it is not there", async () => {
  const id = await ana.with(bo);
  const message = { envelope: text("let me in") };
  const calls = [
    cy.get(`/conversations/${id}`),
    cy.get(`/conversations/${id}/messages`),
    cy.post(`/conversations/${id}/messages`, message),
    cy.post(`/conversations/${id}/receipts`, { delivered_seq: 0 }),
    cy.get(`/conversations/${id}/messages/${uuid7()}/status`),
    cy.delete(`/conversations/${id}/messages/${uuid7()}`),
    cy.patch(`/conversations/${id}`, { muted_until: null }),
  ];
  for (const answer of await Promise.all(calls)) assertProblem(answer, 404, "not_found");
});

test("no conversation with oneself, with nobody, or of no kind", async () => {
  const self = await ana.post("/conversations", { kind: "direct", user_id: ana.id });
  assertProblem(self, 422, "invalid", "user_id");
  assertProblem(await ana.post("/conversations", { kind: "direct", user_id: uuid7() }), 404, "not_found");
  assertProblem(await ana.post("/conversations", { kind: "direct", user_id: "me" }), 422, "invalid", "user_id");
  assertProblem(await ana.post("/conversations", { kind: "direct" }), 422, "invalid", "user_id");
  assertProblem(await ana.post("/conversations", { kind: "cabal", user_id: bo.id }), 422, "invalid", "kind");
  assertProblem(await ana.post("/conversations", { user_id: bo.id }), 422, "invalid", "kind");
});

test("whoever blocked cannot be written to anew", async () => {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  await two.post(`/users/${one.id}/block`);
  assertProblem(await one.post("/conversations", { kind: "direct", user_id: two.id }), 403, "blocked");
});
