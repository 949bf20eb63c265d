// Bad input over the socket: each an error in the acknowledgement or a clean disconnect, and the server stays well.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";

import { assertProblemBody, call, Person, text, uuid7 } from "../lib/person.js";
import { startServer, until } from "../lib/server.js";

let server;
let ana;
let bo;
let id;
before(async () => {
  server = await startServer();
  [ana, bo] = [await Person.register(server), await Person.register(server)];
  id = await ana.with(bo);
});
after(async () => {
  ana.hangUp();
  bo.hangUp();
  assert.equal((await call(server, "GET", "/readyz")).status, 200);
  assert.doesNotMatch(server.log(), /panicked/);
  await server.stop();
});

/** A bare WebSocket that has signed in, with all frames kept. */
async function bare(person, options = {}) {
  const ws = new WebSocket(`${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, options);
  ws.frames = [];
  ws.ended = new Promise((resolve) => ws.once("close", (code) => resolve(code)));
  ws.on("error", () => {});
  ws.on("message", (data, isBinary) => {
    const frame = isBinary ? data : data.toString();
    if (frame === "2") ws.send("3");
    ws.frames.push(frame);
  });
  await new Promise((resolve, reject) => { ws.once("open", resolve); ws.once("error", reject); });
  if (person) {
    ws.send(`40${JSON.stringify({ token: person.token })}`);
    await until("signed in", () => ws.frames.some((frame) => String(frame).startsWith("40")));
  }
  return ws;
}

const said = (ws, start) => until(`a frame ${start}`, () => ws.frames.find((frame) => String(frame).startsWith(start)));

/** That someone else can still work. */
async function wellOtherwise() {
  const socket = await bo.connect();
  const entry = await ana.say(id, `still here ${uuid7()}`);
  await socket.heard("message", (message) => message.id === entry.id);
  bo.hangUp();
}

test("payloads that are none are answered with the field", async () => {
  const socket = await ana.connect();
  const bad = [
    ["message:send", {}, "conversation_id"],
    ["message:send", { conversation_id: 7, envelope: text("x") }, "conversation_id"],
    ["message:send", { conversation_id: "x", envelope: text("x") }, "conversation_id"],
    ["message:send", { conversation_id: id }, "envelope"],
    ["message:send", { conversation_id: id, id: "x", envelope: text("x") }, "id"],
    ["message:send", { conversation_id: id, envelope: { kind: "sealed", scheme: "", ciphertext: "eA==" } }, "envelope.scheme"],
    ["receipt", { conversation_id: id, delivered_seq: -1 }, "delivered_seq"],
    ["receipt", { delivered_seq: 1 }, "conversation_id"],
    ["typing", { conversation_id: id }, "active"],
    ["typing", { conversation_id: id, active: "yes" }, "active"],
    ["presence:watch", {}, "user_ids"],
    ["presence:watch", { user_ids: "all" }, "user_ids"],
    ["presence:watch", { user_ids: Array.from({ length: 501 }, () => uuid7()) }, "user_ids"],
    ["auth:renew", {}, "token"],
  ];
  for (const [name, payload, field] of bad) {
    const ack = await socket.ask(name, payload);
    assert.equal(ack.ok, false, `${name} ${JSON.stringify(payload).slice(0, 80)}`);
    assertProblemBody(ack.error, 422, "invalid");
    assert.ok(ack.error.field === field || ack.error.field.startsWith(`${field}[`), `${name}: ${ack.error.field}, not ${field}`);
  }
  for (const payload of [undefined, null, 7, "text", [], true]) {
    const ack = await socket.ask("message:send", payload);
    assert.equal(ack.ok, false, JSON.stringify(payload));
    assert.equal(ack.error.code, "invalid");
  }
  const extra = await socket.ask("typing", { conversation_id: id, active: true, more: 1 }, "second", 3);
  assert.ok(extra.ok === true || extra.error.code === "invalid");
  ana.hangUp();
});

test("an event nobody knows neither hangs the socket nor ends the server", async () => {
  const socket = await ana.connect();
  socket.emit("nonsense", { a: 1 });
  socket.emit("message", { seq: 1 });
  socket.emit("ready", {});
  assert.deepEqual(await socket.ask("typing", { conversation_id: id, active: true }), { ok: true });
  ana.hangUp();
});

test("an event without an acknowledgement is done all the same", async () => {
  const socket = await ana.connect();
  const messageId = uuid7();
  socket.emit("message:send", { conversation_id: id, id: messageId, envelope: text("no answer wanted") });
  await ana.logged(id, messageId);
  ana.hangUp();
});

test("binary attachments and binary frames", async () => {
  const socket = await ana.connect();
  const ack = await socket.ask("message:send", { conversation_id: id, envelope: Buffer.from("binary") }).catch((error) => error);
  assert.ok(ack instanceof Error || ack.ok === false);
  ana.hangUp();
  const ws = await bare(ana);
  ws.send(Buffer.from([0, 1, 2, 3, 255]));
  ws.send(Buffer.alloc(50_000));
  await new Promise((resolve) => setImmediate(resolve));
  ws.close();
  await ws.ended;
  await wellOtherwise();
});

test("frames that are no packets end that socket at most", async () => {
  const junk = ["", "9", "4", "42", "42[", "42{}", "42[]", "42[7]", '42["message:send"', "451-", "43", "439[1]", "40", "41", "6", "\u0000", "4".repeat(5000), "42999999999999999999999[\"typing\",{}]", "[".repeat(20_000), "42" + "[".repeat(20_000)];
  for (const frame of junk) {
    const ws = await bare(ana);
    ws.send(frame);
    ws.send("2probe");
    ws.close();
    await ws.ended;
  }
  await wellOtherwise();
});

test("a frame larger than any message is refused and the socket ended", async () => {
  const ws = await bare(ana);
  ws.send(`42["message:send",${JSON.stringify({ conversation_id: id, envelope: text("x".repeat(2 * 1024 * 1024)) })}]`);
  await Promise.race([ws.ended, new Promise((_, reject) => setTimeout(() => reject(new Error("the socket lives on")), 10_000))]);
  await wellOtherwise();
});

test("a flood of calls is bounded: all are answered, or the socket is ended", async () => {
  const socket = await ana.connect();
  let answered = 0;
  for (let n = 0; n < 5000; n += 1) socket.emit("typing", { conversation_id: id, active: true }, () => { answered += 1; });
  await until("an end of it", () => answered === 5000 || !socket.connected, 30_000);
  ana.hangUp();
  await wellOtherwise();
});

test("an envelope over 64 KiB is refused in the acknowledgement", async () => {
  const socket = await ana.connect();
  const ack = await socket.ask("message:send", { conversation_id: id, envelope: text("x".repeat(66 * 1024)) });
  assert.equal(ack.ok, false);
  assert.ok(["too_large", "invalid"].includes(ack.error.code), ack.error.code);
  assert.equal((await socket.ask("typing", { conversation_id: id, active: true })).ok, true);
  ana.hangUp();
});

test("a socket that never signs in is ended, and hears nothing", async () => {
  const ws = await bare(null);
  ws.send('42["message:send",{}]');
  await Promise.race([ws.ended, new Promise((_, reject) => setTimeout(() => reject(new Error("it may stay for ever")), 60_000))]);
  assert.ok(ws.frames.every((frame) => !String(frame).startsWith("42")));
});

test("a namespace that does not exist is refused", async () => {
  const ws = await bare(null);
  ws.send(`40/admin,${JSON.stringify({ token: ana.token })}`);
  await said(ws, "44/admin");
  ws.close();
});

test("a half-open connection, and one that stops in mid-handshake, take nothing from others", async () => {
  const { hostname, port } = new URL(server.url);
  const halves = Array.from({ length: 50 }, () => connect(Number(port), hostname));
  await Promise.all(halves.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  for (const socket of halves) {
    socket.on("error", () => {});
    socket.write("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: webso");
  }
  await wellOtherwise();
  for (const socket of halves) socket.destroy();
});

test("whoever does not answer pings is gone after a while", async () => {
  const ws = new WebSocket(`${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  const opened = await new Promise((resolve) => ws.once("message", (data) => resolve(JSON.parse(data.toString().slice(1)))));
  ws.send(`40${JSON.stringify({ token: ana.token })}`);
  const limit = opened.pingInterval + opened.pingTimeout + 5_000;
  await Promise.race([
    new Promise((resolve) => ws.once("close", resolve)),
    new Promise((_, reject) => setTimeout(() => reject(new Error(`still there after ${limit} ms`)), limit)),
  ]);
});

test("a reader that does not read is cut before much waits for it, and finds everything by sync", async () => {
  const [fast, slow] = [await Person.register(server), await Person.register(server)];
  const conversation = await fast.with(slow);
  const ws = await bare(slow);
  ws.pause();
  const socket = await fast.connect();
  // 32 MB: more than the kernel holds between the two, so that what waits would have to wait in the server.
  const rounds = 1000;
  const words = "x".repeat(32 * 1024);
  for (let n = 0; n < rounds; n += 1) {
    const ack = await socket.ask("message:send", { conversation_id: conversation, envelope: text(words) });
    assert.equal(ack.ok, true, JSON.stringify(ack).slice(0, 200));
  }
  await until("all in the log", async () => (await fast.get(`/conversations/${conversation}`)).body.head_seq === rounds);
  ws.resume();
  const heard = () => ws.frames.filter((frame) => String(frame).startsWith('42["message"')).map((frame) => JSON.parse(String(frame).slice(2))[1].seq);
  await until("it is cut", () => ws.readyState === WebSocket.CLOSED, 30_000);
  const seqs = heard();
  assert.ok(seqs.length < rounds);
  assert.deepEqual(seqs, seqs.map((_, n) => n + 1), "what was heard has no gap");
  let head = seqs.length;
  while (head < rounds) {
    const [synced] = (await slow.post("/sync", { heads: { [conversation]: head } })).body.conversations;
    assert.ok(synced.messages.length > 0);
    assert.equal(synced.messages[0].seq, head + 1);
    head += synced.messages.length;
  }
  assert.equal(head, rounds);
  fast.hangUp();
  ws.terminate();
});
