// One device that is a plain socket.io-client, from whichever package `e2e/foreign` has installed. It reads its orders from
// standard input, one a line, the first being what it is; and writes its history to standard output, one record a line.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { uuid7 } from "../../foreign/lib/person.js";

const { io } = createRequire(new URL("../../foreign/package.json", import.meta.url))("socket.io-client");

/** How long an answer may take. */
const PATIENCE_MS = 12_000;

let orders = resolvers();
const heard = [];
createInterface({ input: process.stdin })
  .on("line", (line) => {
    heard.push(line);
    orders.resolve();
    orders = resolvers();
  })
  // Whoever started this is gone, and with them the reason for it.
  .on("close", () => process.exit(1));

function resolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}

async function order() {
  while (heard.length === 0) await orders.promise;
  return heard.shift();
}

const me = JSON.parse(await order());
const views = new Map();
const outbox = [];
let phase = "storm";
let said = 0;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The same numbers again from the same seed. */
let dice = BigInt.asUintN(64, BigInt(me.seed));
function below(limit) {
  dice = BigInt.asUintN(64, dice + 0x9e3779b97f4a7c15n);
  let z = dice;
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return limit === 0 ? 0 : Number((z ^ (z >> 31n)) % BigInt(limit));
}
const percent = (share) => below(100) < share;
const pick = (from) => from[below(from.length)];

/** A line for whoever started this. Its clock is the system's monotonic one, in microseconds. */
function note(what) {
  process.stdout.write(`${JSON.stringify({ t: Number(process.hrtime.bigint() / 1000n), ...what })}\n`);
}

function view(conversation) {
  if (!views.has(conversation)) views.set(conversation, { cursor: 0, marked: 0, own: [], messages: [] });
  return views.get(conversation);
}

/** Takes what a server says into the view. Whether something before it is missing. */
function hear(message, via) {
  const { id, seq, kind, target = null, sender_id: sender, conversation_id: conversation } = message;
  const ciphertext = message.envelope?.ciphertext;
  const content = ciphertext ? JSON.parse(Buffer.from(ciphertext, "base64").toString()) : null;
  const words = content?.text ?? content?.emoji ?? null;
  note({ op: "heard", conversation, entry: { id, seq, kind, target, sender, words }, via });
  const shown = view(conversation);
  if (seq <= shown.cursor) return false;
  if (seq > shown.cursor + 1) return true;
  shown.cursor = seq;
  note({ op: "shown", conversation, message_id: id, seq });
  if (kind === "message") {
    shown.messages.push(id);
    if (sender === me.user) shown.own.push(id);
  } else if (kind === "retract") {
    shown.own = shown.own.filter((other) => other !== target);
    shown.messages = shown.messages.filter((other) => other !== target);
  }
  return false;
}

function hearMarks(conversation, receipt, via) {
  const marks = { delivered: receipt.delivered_seq, read: receipt.read_seq };
  note({ op: "marks_heard", conversation, of: receipt.user_id, marks, via });
}

async function call(method, path, body) {
  const answer = await fetch(pick(me.servers) + path, {
    method,
    headers: { authorization: `Bearer ${me.token}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

async function good(method, path, body) {
  const answer = await call(method, path, body);
  if (answer.status >= 300) throw new Error(`${path} was answered ${answer.status}`);
  return answer.body;
}

async function catchUp() {
  const heads = Object.fromEntries([...views].map(([id, { cursor }]) => [id, cursor]));
  const { conversations } = await good("POST", "/api/v1/sync", { heads });
  for (const { conversation, messages = [], receipts = [] } of conversations) {
    view(conversation.id);
    for (const message of messages) hear(message, "page");
    if (view(conversation.id).cursor < conversation.head_seq) await closeGap(conversation.id);
    for (const receipt of receipts) hearMarks(conversation.id, receipt, "page");
  }
}

async function closeGap(conversation) {
  for (;;) {
    const after = view(conversation).cursor;
    const page = await good("GET", `/api/v1/conversations/${conversation}/messages?after_seq=${after}&limit=200`);
    for (const message of page.messages) hear(message, "page");
    if (!page.has_more) return;
  }
}

/** Thinks of something to say. */
function act() {
  const conversation = pick([...views.keys()]);
  if (!conversation) return;
  said += 1;
  const words = `canary-${me.username}-n${said}`;
  const shown = view(conversation);
  const throw_ = below(100);
  let draft = { kind: "message", words };
  if (throw_ < 10) draft = { kind: "edit", target: pick(shown.own), words };
  else if (throw_ < 20) draft = { kind: "reaction", target: pick(shown.messages), words: "👍" };
  else if (throw_ < 26) draft = { kind: "retract", target: pick(shown.own) };
  if (draft.kind !== "message" && !draft.target) return;
  outbox.push({ conversation, id: uuid7(), ...draft });
}

/** Sealed by a scheme of our own, as far as the server can tell; as the Rust devices do it. */
function sealed(content) {
  return { kind: "sealed", scheme: "chaos", ciphertext: Buffer.from(JSON.stringify(content)).toString("base64") };
}

function body({ id, kind, target, words }) {
  const content = kind === "reaction" ? { type: "reaction", emoji: words, active: true } : { type: "text", text: words };
  return { id, kind, ...(target ? { target } : {}), ...(words ? { envelope: sealed(content) } : {}) };
}

const outcome = (ok, code) => (ok ? "accepted" : { refused: code ?? "nothing" });

/** Sends what waits, in order, each until it is answered; a lost connection is for the caller. */
async function flush(socket) {
  while (outbox.length > 0 && socket.connected) {
    const draft = outbox[0];
    let result = "unknown";
    try {
      if (percent(20)) {
        const answer = await call("POST", `/api/v1/conversations/${draft.conversation}/messages`, body(draft));
        result = outcome(answer.status === 202, answer.body?.code);
      } else {
        const payload = { conversation_id: draft.conversation, ...body(draft) };
        const ack = await socket.timeout(PATIENCE_MS).emitWithAck("message:send", payload);
        result = outcome(ack.ok, ack.error?.code);
      }
    } finally {
      const { conversation, id, kind, target = null, words = null } = draft;
      note({ op: "sent", conversation, message_id: id, kind, target, words, result });
    }
    if (result.refused === "unavailable") await sleep(20);
    else outbox.shift();
  }
}

async function mark(socket) {
  const behind = [...views].find(([, shown]) => shown.cursor > shown.marked);
  if (!behind || !percent(30) || !socket.connected) return;
  const [conversation, shown] = behind;
  const marks = { delivered: shown.cursor, read: below(shown.cursor + 1) };
  let result = "unknown";
  try {
    const payload = { conversation_id: conversation, delivered_seq: marks.delivered, read_seq: marks.read };
    const ack = await socket.timeout(PATIENCE_MS).emitWithAck("receipt", payload);
    result = outcome(ack.ok, ack.error?.code);
  } finally {
    note({ op: "marks_set", conversation, marks, result });
  }
  shown.marked = marks.delivered;
}

function stand() {
  const cursors = Object.fromEntries([...views].map(([id, { cursor }]) => [id, cursor]));
  note({ op: "stand", standing: { cursors, waiting: outbox.length } });
}

/** A time at one server. Where the connection is lost, the library makes it again; after some failures another is tried. */
async function session() {
  const transports = percent(30) ? ["polling", "websocket"] : ["websocket"];
  const options = { reconnectionDelay: 50, reconnectionDelayMax: 500, timeout: PATIENCE_MS, forceNew: true };
  const socket = io(pick(me.servers), { auth: { token: me.token }, transports, ...options });
  let failures = 0;
  let events = Promise.resolve();
  // One after the other, as they come.
  const after = (what) => {
    events = events.then(what).catch(() => (failures += 3));
  };
  socket.on("connect", () => after(catchUp));
  socket.on("connect_error", (error) => {
    failures += 1;
    // The library tries no more where a server has said no.
    if (error.data) failures += 3;
  });
  socket.on("disconnect", (reason) => (failures += reason === "io server disconnect" ? 3 : 1));
  socket.on("message", (message) => after(() => hear(message, "event") && closeGap(message.conversation_id)));
  socket.on("receipt", (receipt) => after(() => hearMarks(receipt.conversation_id, receipt, "event")));
  socket.on("ready", ({ heads }) =>
    after(async () => {
      for (const [id, head] of Object.entries(heads)) if (view(id).cursor < head) await closeGap(id);
    }),
  );
  const began = Date.now();
  try {
    const stays = () => phase === "calm" || (phase === "storm" && Date.now() - began < me.stay_ms);
    while ((stays() || (phase === "over" && outbox.length > 0)) && failures < 3) {
      await sleep(1 + below(me.pause_ms));
      if (!socket.connected) continue;
      if (phase === "storm") act();
      await flush(socket);
      await mark(socket);
      stand();
    }
  } catch {
    // A lost connection; the history has what was uncertain.
  } finally {
    socket.disconnect();
    await events;
  }
}

async function live() {
  while (phase !== "over" || outbox.length > 0) {
    await session();
    await sleep(5 + below(80));
  }
  note({ op: "rested" });
}

const life = live();
for (;;) {
  const word = await order();
  if (word === "look") break;
  phase = word;
}
await life;
for (let tries = 0; ; tries += 1) {
  try {
    await catchUp();
    break;
  } catch (error) {
    if (tries > 20) throw error;
    await sleep(250);
  }
}
process.stdout.write(`${JSON.stringify({ t: 0, op: "looked" })}\n`, () => process.exit(0));
