// The server itself: health, description, metrics, limits, and a clean end.
import assert from "node:assert/strict";
import { test } from "node:test";

import { assertProblem, call, DEVICE, PASSWORD, Person, text, plain } from "../lib/person.js";
import { startServer, until } from "../lib/server.js";

test("health, readiness and description", async () => {
  const server = await startServer();
  assert.equal((await call(server, "GET", "/healthz")).status, 200);
  const ready = await call(server, "GET", "/readyz");
  assert.equal(ready.status, 200);
  assert.equal(ready.body.ready, true);
  const openapi = await call(server, "GET", "/api/openapi.json");
  assert.equal(openapi.status, 200);
  assert.match(openapi.body.openapi, /^3\./);
  const paths = Object.keys(openapi.body.paths).map((path) => path.replace("/api/v1", ""));
  for (const path of ["/auth/register", "/auth/login", "/auth/refresh", "/sync", "/conversations/{id}/messages"]) {
    assert.ok(paths.includes(path), `${path} is not described: ${paths}`);
  }
  const docs = await fetch(`${server.url}/api/docs`);
  assert.equal(docs.status, 200);
  assert.match(await docs.text(), /<html/i);
  await server.stop();
});

test("metrics stand on their own address only, under the contract's names", { skip: process.env.SOTTO_URL && "needs its own server" }, async () => {
  const server = await startServer();
  const [one, two] = [await Person.register(server), await Person.register(server)];
  await one.connect();
  await one.say(await one.with(two), "hello");
  const read = async () => (await fetch(`${server.metricsUrl}/metrics`)).text();
  let metrics = await read();
  // It is counted as delivered a moment after it stands in the log.
  for (let tries = 100; tries > 0 && !/^sotto_accept_to_deliver_seconds/m.test(metrics); tries -= 1) {
    await new Promise((wake) => setTimeout(wake, 50));
    metrics = await read();
  }
  for (const name of ["sotto_sockets", "sotto_messages_accepted_total", "sotto_messages_persisted_total", "sotto_deliveries_total",
    "sotto_accept_to_deliver_seconds", "sotto_http_request_duration_seconds", "sotto_queue_depth", "sotto_backend_up"]) {
    assert.match(metrics, new RegExp(`^${name}`, "m"), name);
  }
  assert.match(metrics, /^sotto_messages_accepted_total(\{[^}]*\})? 1$/m);
  assert.match(metrics, /^sotto_sockets(\{[^}]*\})? 1$/m);
  const publicly = await fetch(`${server.url}/metrics`);
  assert.doesNotMatch(await publicly.text(), /sotto_sockets/);
  one.hangUp();
  await server.stop();
});

test("with limits on, haste is answered 429 and a time to wait, never 5xx", { skip: process.env.SOTTO_URL && "needs its own server" }, async () => {
  const server = await startServer({ SOTTO_RATE_LIMITS: "on" });
  const answers = [];
  for (let n = 0; n < 60; n += 1) {
    answers.push(await call(server, "POST", "/api/v1/auth/login", { body: { username: "nobody-here", password: PASSWORD, device: DEVICE } }));
    if (answers.at(-1).status === 429) break;
  }
  const limited = answers.at(-1);
  assertProblem(limited, 429, "rate_limited");
  assert.ok(Number(limited.headers.get("retry-after")) >= 1, "Retry-After");
  assert.ok(limited.body.retry_after >= 1);
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([401, 429]));
  await server.stop();
});

test("plain words are refused in a private conversation, unless the server says that it takes them", { skip: process.env.SOTTO_URL && "needs its own server" }, async () => {
  const server = await startServer();
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const id = await one.with(two);
  assertProblem(await one.post(`/conversations/${id}/messages`, { envelope: plain("psst") }), 422, "plaintext_refused");
  await server.stop();
  const open = await startServer({ SOTTO_ALLOW_PLAINTEXT: "true" });
  const [three, four] = [await Person.register(open), await Person.register(open)];
  const said = await three.post(`/conversations/${await three.with(four)}/messages`, { envelope: plain("psst") });
  assert.equal(said.status, 202);
  await open.stop();
});

test("the log names nobody's words, tokens or passwords", { skip: process.env.SOTTO_URL && "needs its own server" }, async () => {
  const server = await startServer({ SOTTO_LOG: "debug" });
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const socket = await one.connect();
  const id = await one.with(two);
  await one.say(id, "canary-of-http");
  await socket.ask("message:send", { conversation_id: id, envelope: text("canary-of-socket") });
  await call(server, "POST", "/api/v1/auth/login", { body: { username: one.user.username, password: "canary-of-password", device: DEVICE } });
  await call(server, "POST", "/api/v1/auth/login", { raw: '{"password": "canary-of-broken', headers: { "content-type": "application/json" } });
  one.hangUp();
  const log = server.log();
  await server.stop();
  assert.doesNotMatch(log, /canary/);
  assert.ok(!log.includes(one.token) && !log.includes(one.refreshToken) && !log.includes(PASSWORD));
});

test("SIGTERM: sockets are told, accepted messages kept, and the process ends with 0", { skip: process.env.SOTTO_URL && "needs its own server" }, async () => {
  const server = await startServer();
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const id = await one.with(two);
  const socket = await one.connect();
  const ack = await socket.ask("message:send", { conversation_id: id, envelope: text("last words") });
  assert.equal(ack.ok, true);
  const stopped = server.stop();
  const event = await socket.heard("session");
  assert.equal(event.reason, "draining");
  assert.equal(typeof event.reconnect_in, "number");
  await until("the socket closes", () => !socket.connected, 30_000);
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

test("a wrong setting ends the start with one line that names it", { skip: process.env.SOTTO_URL && "needs its own server" }, async () => {
  const wrong = [
    ["SOTTO_LISTEN", "nonsense"],
    ["SOTTO_RATE_LIMITS", "perhaps"],
    ["SOTTO_PARTITIONS", "0"],
    ["SOTTO_ALLOW_PLAINTEXT", "maybe"],
    ["SOTTO_REGISTRATION", "sometimes"],
    ["SOTTO_STORE", "floppy://"],
  ];
  for (const [name, value] of wrong) {
    await assert.rejects(startServer({ [name]: value }), (error) => {
      const said = error.message.replace("the server ended at its start: ", "").trim();
      assert.ok(said.includes(name), `${name}=${value}: ${said}`);
      assert.equal(said.split("\n").length, 1, said);
      return true;
    });
  }
});
