// Messages: sent over HTTP and the socket, once whatever the retries, edited, reacted to, taken back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertProblem, assertProblemBody, emoji, Person, text, uuid7 } from "../lib/person.js";
import { startServer, until } from "../lib/server.js";

let server;
let ana;
let bo;
before(async () => {
  server = await startServer();
  [ana, bo] = [await Person.register(server), await Person.register(server)];
});
after(async () => {
  ana.hangUp();
  bo.hangUp();
  await server.stop();
});

/** A conversation of its own, for a test that counts. */
async function pair() {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  return { one, two, id: await one.with(two) };
}

test("over HTTP: 202, and the same id again is the same answer and one entry", async () => {
  const { one, two, id } = await pair();
  const message = { id: uuid7(), envelope: text("hello") };
  const first = await one.post(`/conversations/${id}/messages`, message);
  assert.equal(first.status, 202);
  assert.deepEqual(first.body, { id: message.id, status: "accepted" });
  const repeats = await Promise.all(Array.from({ length: 5 }, () => one.post(`/conversations/${id}/messages`, message)));
  for (const repeat of repeats) {
    assert.equal(repeat.status, 202);
    assert.deepEqual(repeat.body, first.body);
  }
  await two.logged(id, message.id);
  assert.equal((await two.history(id)).length, 1);
});

test("the same id with another body is a conflict", async () => {
  const { one, two, id } = await pair();
  const messageId = uuid7();
  await one.say(id, "this", { id: messageId });
  assertProblem(await one.post(`/conversations/${id}/messages`, { id: messageId, envelope: text("that") }), 409, "id_conflict");
  const socket = await one.connect();
  const ack = await socket.ask("message:send", { conversation_id: id, id: messageId, envelope: text("that") });
  assert.equal(ack.ok, false);
  assertProblemBody(ack.error, 409, "id_conflict");
  assertProblem(await two.post(`/conversations/${id}/messages`, { id: messageId, envelope: text("this") }), 409, "id_conflict");
  assert.equal((await one.history(id)).length, 1);
  one.hangUp();
});

test("with no id the server chooses one", async () => {
  const { one, id } = await pair();
  const answer = await one.post(`/conversations/${id}/messages`, { envelope: text("hello") });
  assert.equal(answer.status, 202);
  await one.logged(id, answer.body.id);
});

test("over the socket: acknowledged, heard by the other and by one's own other device", async () => {
  const { one, two, id } = await pair();
  const elsewhere = await one.another();
  const [mine, theirs, own] = [await one.connect(), await two.connect(), await elsewhere.connect()];
  const messageId = uuid7();
  const ack = await mine.ask("message:send", { conversation_id: id, id: messageId, envelope: text("hello") });
  assert.deepEqual(ack, { ok: true, id: messageId, status: "accepted" });
  const entry = await theirs.heard("message", (message) => message.id === messageId);
  assert.equal(entry.conversation_id, id);
  assert.equal(entry.seq, 1);
  assert.equal(entry.kind, "message");
  assert.equal(entry.sender_id, one.id);
  assert.equal(entry.sender_device_id, one.device.id);
  assert.match(entry.sent_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(entry.envelope, text("hello"));
  assert.deepEqual(await own.heard("message", (message) => message.id === messageId), entry);
  assert.deepEqual((await two.history(id))[0], entry, "events and pages hold the same");
  for (const person of [one, two, elsewhere]) person.hangUp();
});

test("messages sent one after the other stand in that order, without gaps", async () => {
  const { one, two, id } = await pair();
  const socket = await one.connect();
  const ids = [];
  for (let n = 0; n < 30; n += 1) {
    const messageId = uuid7();
    ids.push(messageId);
    const ack = await socket.ask("message:send", { conversation_id: id, id: messageId, envelope: text(`${n}`) });
    assert.equal(ack.ok, true);
  }
  await two.logged(id, ids.at(-1));
  const history = await two.history(id);
  assert.deepEqual(history.map((entry) => entry.id), ids);
  assert.deepEqual(history.map((entry) => entry.seq), ids.map((_, index) => index + 1));
  one.hangUp();
});

test("both talk at once, and both see the same order", async () => {
  const { one, two, id } = await pair();
  const [mine, theirs] = [await one.connect(), await two.connect()];
  await Promise.all(Array.from({ length: 40 }, (_, n) => {
    const socket = n % 2 ? mine : theirs;
    return socket.ask("message:send", { conversation_id: id, id: uuid7(), envelope: text(`${n}`) });
  }));
  await until("all 40 in the log", async () => (await one.history(id)).length === 40);
  const history = await one.history(id);
  assert.deepEqual(history.map((entry) => entry.seq), Array.from({ length: 40 }, (_, n) => n + 1));
  for (const socket of [mine, theirs]) {
    const heard = () => socket.events.filter((event) => event.name === "message").map((event) => event.data.id);
    await until("all 40 heard", () => heard().length === 40);
    assert.deepEqual(heard(), history.map((entry) => entry.id));
  }
  one.hangUp();
  two.hangUp();
});

test("history is paged in both directions, always ascending", async () => {
  const { one, id } = await pair();
  for (let n = 1; n <= 12; n += 1) await one.say(id, `${n}`);
  const page = async (query) => {
    const { status, body } = await one.get(`/conversations/${id}/messages?${query}`);
    assert.equal(status, 200);
    return [body.messages.map((entry) => entry.seq), body.has_more];
  };
  assert.deepEqual(await page("limit=5"), [[8, 9, 10, 11, 12], true]);
  assert.deepEqual(await page("before_seq=8&limit=5"), [[3, 4, 5, 6, 7], true]);
  assert.deepEqual(await page("before_seq=3&limit=5"), [[1, 2], false]);
  assert.deepEqual(await page("after_seq=0&limit=5"), [[1, 2, 3, 4, 5], true]);
  assert.deepEqual(await page("after_seq=10&limit=5"), [[11, 12], false]);
  assert.deepEqual(await page("after_seq=12&limit=5"), [[], false]);
  assert.deepEqual(await page("limit=200"), [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], false]);
});

test("an edit is an entry with its target, by its author only", async () => {
  const { one, two, id } = await pair();
  const entry = await one.say(id, "helo");
  const edit = await one.say(id, "hello", { kind: "edit", target: entry.id });
  assert.equal(edit.seq, 2);
  assert.equal(edit.kind, "edit");
  assert.equal(edit.target, entry.id);
  const foreign = await two.post(`/conversations/${id}/messages`, { kind: "edit", target: entry.id, envelope: text("hacked") });
  assertProblem(foreign, 403, "forbidden");
  const nowhere = await one.post(`/conversations/${id}/messages`, { kind: "edit", target: uuid7(), envelope: text("x") });
  assert.ok([404, 422].includes(nowhere.status), JSON.stringify(nowhere.body));
  const aimless = await one.post(`/conversations/${id}/messages`, { kind: "edit", envelope: text("x") });
  assertProblem(aimless, 422, "invalid", "target");
});

test("reactions come and go as entries", async () => {
  const { one, two, id } = await pair();
  const entry = await one.say(id, "hello");
  const send = async (envelope) => {
    const messageId = uuid7();
    const answer = await two.post(`/conversations/${id}/messages`, { id: messageId, kind: "reaction", target: entry.id, envelope });
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return one.logged(id, messageId);
  };
  assert.deepEqual((await send(emoji("👍"))).envelope, emoji("👍"));
  assert.deepEqual((await send(emoji("👍", false))).envelope, emoji("👍", false));
  const history = await one.history(id);
  assert.deepEqual(history.map((each) => each.kind), ["message", "reaction", "reaction"]);
});

test("what is taken back keeps its place and loses its words, and those of its edits", async () => {
  const { one, two, id } = await pair();
  const theirs = await two.connect();
  const entry = await one.say(id, "secret");
  const edit = await one.say(id, "more secret", { kind: "edit", target: entry.id });
  assertProblem(await two.delete(`/conversations/${id}/messages/${entry.id}`), 403, "forbidden");
  const answer = await one.delete(`/conversations/${id}/messages/${entry.id}`);
  assert.equal(answer.status, 202);
  await theirs.heard("message", (message) => message.kind === "retract" && message.target === entry.id);
  const history = await two.history(id);
  assert.deepEqual(history.map((each) => [each.seq, each.kind]), [[1, "message"], [2, "edit"], [3, "retract"]]);
  assert.deepEqual(history.map((each) => each.envelope), [undefined, undefined, undefined]);
  assert.equal(history[0].id, entry.id);
  assert.equal(history[1].id, edit.id);
  assert.ok(!JSON.stringify(await two.get("/conversations")).includes("secret"));
  const late = await one.post(`/conversations/${id}/messages`, { kind: "edit", target: entry.id, envelope: text("again") });
  assert.ok(late.status >= 400 && late.status < 500, "what is gone cannot be edited");
  two.hangUp();
});

test("a retraction can be sent as a message of that kind, and again", async () => {
  const { one, two, id } = await pair();
  const entry = await one.say(id, "secret");
  const retract = { id: uuid7(), kind: "retract", target: entry.id };
  for (const _ of [1, 2]) {
    const answer = await one.post(`/conversations/${id}/messages`, retract);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
  }
  await two.logged(id, retract.id);
  const history = await two.history(id);
  assert.equal(history.length, 2);
  assert.equal(history[0].envelope, undefined);
  const aimless = await one.post(`/conversations/${id}/messages`, { kind: "retract" });
  assertProblem(aimless, 422, "invalid", "target");
});

test("a reply names what it answers", async () => {
  const { one, two, id } = await pair();
  const entry = await one.say(id, "shall we?");
  const reply = await two.say(id, "yes", { reply_to: entry.id });
  assert.equal(reply.reply_to, entry.id);
});

test("a message that is to disappear says when", async () => {
  const { one, id } = await pair();
  const entry = await one.say(id, "soon gone", { expires_in: 3600 });
  const lives = (Date.parse(entry.expires_at) - Date.parse(entry.sent_at)) / 1000;
  assert.ok(Math.abs(lives - 3600) < 5, `${lives} s`);
  for (const expires of [0, -1, 1e12, "soon"]) {
    const answer = await one.post(`/conversations/${id}/messages`, { envelope: text("x"), expires_in: expires });
    assertProblem(answer, 422, "invalid", "expires_in");
  }
});

test("a sealed envelope passes through as it is", async () => {
  const { one, two, id } = await pair();
  const envelope = { kind: "sealed", scheme: "test", ciphertext: Buffer.from("opaque").toString("base64") };
  const messageId = uuid7();
  const answer = await one.post(`/conversations/${id}/messages`, { id: messageId, envelope });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.deepEqual((await two.logged(id, messageId)).envelope, envelope);
});

test("the status goes from sent to delivered to read", async () => {
  const { one, two, id } = await pair();
  const entry = await one.say(id, "hello");
  const status = async () => (await one.get(`/conversations/${id}/messages/${entry.id}/status`)).body;
  assert.deepEqual(await status(), { status: "sent", delivered_to: [], read_by: [] });
  await two.post(`/conversations/${id}/receipts`, { delivered_seq: 1 });
  assert.deepEqual(await status(), { status: "delivered", delivered_to: [two.id], read_by: [] });
  await two.post(`/conversations/${id}/receipts`, { read_seq: 1 });
  assert.deepEqual(await status(), { status: "read", delivered_to: [two.id], read_by: [two.id] });
  assertProblem(await one.get(`/conversations/${id}/messages/${uuid7()}/status`), 404, "not_found");
});
