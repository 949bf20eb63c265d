// A person with one device: HTTP by fetch, the socket by the plain socket.io-client.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { io } from "socket.io-client";

import { until } from "./server.js";

export const PASSWORD = "correct horse battery staple";
export const DEVICE = { name: "test bench", platform: "node" };

/** A UUIDv7, as a client makes it. */
export function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Sealed by a scheme of the tests' own: what is inside is nobody's business but theirs. */
const sealed = (content) => ({ kind: "sealed", scheme: "foreign", ciphertext: Buffer.from(JSON.stringify(content)).toString("base64") });
export const text = (words) => sealed({ type: "text", text: words });
export const emoji = (sign, active = true) => sealed({ type: "reaction", emoji: sign, active });
/** What communities take, which the server reads. */
export const plain = (words) => ({ kind: "plain", content: { type: "text", text: words } });

let counter = 0;
/** A name nobody has. */
export const freshName = (prefix = "p") => `${prefix}${Date.now().toString(36)}${(counter++).toString(36)}${randomBytes(2).toString("hex")}`;

/** One HTTP call: `{status, body, headers}`. `raw` replaces the JSON body. */
export async function call(server, method, path, { token, body, raw, headers = {} } = {}) {
  const answer = await fetch(server.url + path, {
    method,
    redirect: "manual",
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  const bytes = await answer.text();
  const isJson = (answer.headers.get("content-type") ?? "").includes("json");
  return { status: answer.status, headers: answer.headers, body: isJson && bytes ? JSON.parse(bytes) : bytes };
}

/** An RFC 9457 problem in an HTTP answer. */
export function assertProblem(answer, status, code, field) {
  assert.equal(answer.status, status, `expected ${status} ${code}, got ${answer.status} ${JSON.stringify(answer.body)}`);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assertProblemBody(answer.body, status, code, field);
}

/** The problem itself, over HTTP or in an acknowledgement. */
export function assertProblemBody(problem, status, code, field) {
  assert.equal(problem.code, code, JSON.stringify(problem));
  assert.equal(problem.status, status);
  for (const key of ["type", "title", "detail", "request_id"]) assert.equal(typeof problem[key], "string", `${key} in ${JSON.stringify(problem)}`);
  if (field !== undefined) assert.equal(problem.field, field, JSON.stringify(problem));
}

export class Person {
  constructor(server, signedIn) {
    this.server = server;
    this.take(signedIn);
    this.sockets = [];
  }

  take(signedIn) {
    this.user = signedIn.user;
    this.id = signedIn.user.id;
    this.device = signedIn.device;
    this.token = signedIn.access_token;
    this.refreshToken = signedIn.refresh_token;
    this.signedIn = signedIn;
  }

  static async register(server, username = freshName()) {
    const answer = await call(server, "POST", "/api/v1/auth/register", { body: { username, password: PASSWORD, device: DEVICE } });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return new Person(server, answer.body);
  }

  /** The same person on one more device. */
  async another() {
    const answer = await call(this.server, "POST", "/api/v1/auth/login", { body: { username: this.user.username, password: PASSWORD, device: DEVICE } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return new Person(this.server, answer.body);
  }

  get(path) {
    return call(this.server, "GET", `/api/v1${path}`, { token: this.token });
  }
  post(path, body = {}) {
    return call(this.server, "POST", `/api/v1${path}`, { token: this.token, body });
  }
  patch(path, body) {
    return call(this.server, "PATCH", `/api/v1${path}`, { token: this.token, body });
  }
  delete(path) {
    return call(this.server, "DELETE", `/api/v1${path}`, { token: this.token });
  }

  /** The conversation with someone. */
  async with(other) {
    const answer = await this.post("/conversations", { kind: "direct", user_id: other.id });
    assert.ok([200, 201].includes(answer.status), JSON.stringify(answer.body));
    return answer.body.id;
  }

  /** Says something over HTTP and waits until it is in the log. */
  async say(conversation, words, more = {}) {
    const id = more.id ?? uuid7();
    const answer = await this.post(`/conversations/${conversation}/messages`, { id, envelope: text(words), ...more });
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return this.logged(conversation, id);
  }

  /** The entry with this id, once it is in the log. */
  logged(conversation, id) {
    return until(`${id} in the log`, async () => (await this.history(conversation)).find((entry) => entry.id === id));
  }

  async history(conversation, query = "limit=200") {
    const answer = await this.get(`/conversations/${conversation}/messages?${query}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.messages;
  }

  /** A connected socket that keeps everything it hears in `events`. */
  async connect(options = {}) {
    const socket = this.dial(options);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    });
    return socket;
  }

  dial(options = {}) {
    const socket = io(this.server.url, { auth: { token: this.token }, transports: ["websocket"], reconnection: false, forceNew: true, ...options });
    socket.events = [];
    socket.onAny((name, data) => socket.events.push({ name, data }));
    /** The first event that fits, heard already or yet to come. */
    socket.heard = (name, fits = () => true, limitMs = 10_000) =>
      until(`event ${name}`, () => socket.events.find((event) => event.name === name && fits(event.data))?.data, limitMs);
    socket.ask = (name, ...payload) => socket.timeout(10_000).emitWithAck(name, ...payload);
    this.sockets.push(socket);
    return socket;
  }

  hangUp() {
    for (const socket of this.sockets) socket.disconnect();
  }
}
