// Bad input over HTTP: each a clear error that names the field, never a 5xx.
import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";

import { assertProblem, call, DEVICE, freshName, PASSWORD, Person, plain, text, uuid7 } from "../lib/person.js";
import { startServer } from "../lib/server.js";

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
  // Whatever happened above, it is alive and well.
  assert.equal((await call(server, "GET", "/readyz")).status, 200);
  assert.doesNotMatch(server.log(), /panicked/);
  await server.stop();
});

const json = { "content-type": "application/json" };
const register = (body) => call(server, "POST", "/api/v1/auth/register", { body });
const send = (body) => ana.post(`/conversations/${id}/messages`, body);

test("a body that is no JSON", async () => {
  for (const raw of ["{", '{"a":', "", "nonsense", '{"heads": {}} trailing', "\u0000"]) {
    const answer = await call(server, "POST", "/api/v1/sync", { token: ana.token, raw, headers: json });
    assertProblem(answer, 400, "malformed_json");
  }
  const bytes = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
  assertProblem(await call(server, "POST", "/api/v1/sync", { token: ana.token, raw: bytes, headers: json }), 400, "malformed_json");
  const deep = "[".repeat(100_000);
  const answer = await call(server, "POST", "/api/v1/sync", { token: ana.token, raw: deep, headers: json });
  assert.ok([400, 422].includes(answer.status), `${answer.status} for deep nesting`);
});

test("a body that is not declared as JSON", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"]) {
    const answer = await call(server, "POST", "/api/v1/sync", { token: ana.token, raw: "{}", headers: { "content-type": type } });
    assertProblem(answer, 415, "unsupported_media_type");
  }
});

test("fields of a wrong type, or missing, are named", async () => {
  const good = { username: freshName(), password: PASSWORD, device: DEVICE };
  const bad = [
    [{ ...good, username: undefined }, "username"],
    [{ ...good, username: 7 }, "username"],
    [{ ...good, username: null }, "username"],
    [{ ...good, password: undefined }, "password"],
    [{ ...good, password: ["x"] }, "password"],
    [{ ...good, display_name: {} }, "display_name"],
    [{ ...good, device: undefined }, "device"],
    [{ ...good, device: "phone" }, "device"],
    [{ ...good, device: { name: "x" } }, "device.platform"],
    [{ ...good, device: { platform: "x" } }, "device.name"],
    [{ ...good, device: { name: 1, platform: "x" } }, "device.name"],
  ];
  for (const [body, field] of bad) {
    const answer = await register(body);
    assertProblem(answer, 422, "invalid", field);
  }
  const inOrder = [freshName(), PASSWORD, "Name", [DEVICE.name, DEVICE.platform]];
  for (const body of [[], inOrder, "x", 7, null, true]) assertProblem(await register(body), 422, "invalid");
});

test("names and passwords that break their rules are named", async () => {
  const good = { username: freshName(), password: PASSWORD, device: DEVICE };
  const bad = [
    ...["", "a", "x".repeat(33), "a b c", "a\u0000bc", "a\nbc", "пример", "_abc", "a/../b", "a@b.c", "😀😀😀"].map((username) => [{ username }, "username"]),
    ...["", "short", "x".repeat(257), "x".repeat(60_000)].map((password) => [{ password }, "password"]),
    ...["", "   ", "x".repeat(65), "a\u0007b", "a\nb", "a\u202Eb\u0000"].map((display_name) => [{ display_name }, "display_name"]),
    ...["", "x".repeat(65), "a\u0000b"].map((name) => [{ device: { ...DEVICE, name } }, "device.name"]),
    ...["", "x".repeat(33)].map((platform) => [{ device: { ...DEVICE, platform } }, "device.platform"]),
  ];
  for (const [change, field] of bad) {
    assertProblem(await register({ ...good, ...change }), 422, "invalid", field);
  }
  for (const display_name of ["", "a\u0000b", "x".repeat(65), 7]) {
    assertProblem(await ana.patch("/me", { display_name }), 422, "invalid", "display_name");
  }
});

test("unknown fields are ignored everywhere", async () => {
  const made = await register({ username: freshName(), password: PASSWORD, device: { ...DEVICE, colour: "red" }, role: "admin", is_admin: true });
  assert.equal(made.status, 201);
  const sent = await send({ id: uuid7(), envelope: { ...text("hi"), mood: "good" }, seq: 1, sender_id: bo.id, nonsense: [1] });
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
  const entry = await bo.logged(id, sent.body.id);
  assert.equal(entry.sender_id, ana.id);
  assert.equal((await ana.post("/sync", { heads: {}, more: 1 })).status, 200);
});

test("ids that are none", async () => {
  // A proxy in front answers a NUL itself, and in its own words.
  const nul = process.env.SOTTO_URL ? [] : ["%00"];
  for (const bad of ["nonsense", "1", ...nul, "%2e%2e", "00000000-0000-0000-0000-00000000000g", "x".repeat(4000)]) {
    for (const path of [`/conversations/${bad}`, `/conversations/${bad}/messages`, `/users/${bad}`, `/conversations/${id}/messages/${bad}/status`]) {
      const answer = await ana.get(path);
      assert.ok([404, 422, 414, 431].includes(answer.status), `${answer.status} for ${path.slice(0, 60)}`);
      if ([404, 422].includes(answer.status)) assertProblem(answer, answer.status, answer.status === 404 ? "not_found" : "invalid");
    }
    assertProblem(await send({ id: bad, envelope: text("x") }), 422, "invalid", "id");
    assertProblem(await send({ target: bad, kind: "edit", envelope: text("x") }), 422, "invalid", "target");
    assertProblem(await send({ reply_to: bad, envelope: text("x") }), 422, "invalid", "reply_to");
  }
});

test("messages with nothing in them, too much in them, or something strange", async () => {
  const open = (await ana.post("/conversations", { kind: "community", title: "Open", user_ids: [] })).body.id;
  const sayOpenly = (body) => ana.post(`/conversations/${open}/messages`, body);
  for (const words of ["", "   ", "\n\t"]) assertProblem(await sayOpenly({ envelope: plain(words) }), 422, "invalid", "envelope.content.text");
  const bad = [
    [{}, "envelope"],
    [{ envelope: null }, "envelope"],
    [{ envelope: "hello" }, "envelope"],
    [{ envelope: {} }, /^envelope/],
    [{ envelope: { kind: "open" } }, /^envelope/],
    [{ envelope: { kind: "plain" } }, /^envelope/],
    [{ envelope: { kind: "plain", content: {} } }, /^envelope/],
    [{ envelope: { kind: "plain", content: { type: "telepathy" } } }, /^envelope/],
    [{ envelope: { kind: "plain", content: { type: "text" } } }, /^envelope/],
    [{ envelope: { kind: "plain", content: { type: "text", text: 7 } } }, /^envelope/],
    [{ envelope: { kind: "sealed" } }, /^envelope/],
    [{ envelope: { kind: "sealed", scheme: "x", ciphertext: "not base64!" } }, /^envelope/],
    [{ kind: "system", envelope: text("x") }, "kind"],
    [{ kind: "nonsense", envelope: text("x") }, "kind"],
  ];
  for (const [body, field] of bad) {
    const answer = await send(body);
    assertProblem(answer, 422, "invalid");
    if (field instanceof RegExp) assert.match(answer.body.field, field);
    else assert.equal(answer.body.field, field, JSON.stringify(body));
  }
  const target = (await sayOpenly({ envelope: plain("to be reacted to") })).body.id;
  for (const sign of ["", "x".repeat(33)]) {
    const envelope = { kind: "plain", content: { type: "reaction", emoji: sign } };
    const answer = await sayOpenly({ kind: "reaction", target, envelope });
    assertProblem(answer, 422, "invalid");
    assert.match(answer.body.field, /^envelope/);
  }
});

test("an envelope over 64 KiB is refused, one just under it is not", async () => {
  assert.equal((await send({ envelope: text("x".repeat(48 * 1024 - 200)) })).status, 202);
  for (const size of [64 * 1024 + 1, 100 * 1024]) {
    const answer = await send({ envelope: text("x".repeat(size)) });
    assert.ok([413, 422].includes(answer.status), `${answer.status} for ${size}`);
    if (answer.status === 413) assertProblem(answer, 413, "too_large");
    else assertProblem(answer, 422, "invalid", "envelope");
  }
  // Much too large, and still read to its end: who is sending would take an answer for a broken connection.
  assertProblem(await send({ envelope: text("x".repeat(4 * 1024 * 1024)) }), 413, "too_large");
  // A proxy gives an answer of its own for what is cut off.
  if (process.env.SOTTO_URL) return;
  const endless = await send({ envelope: text("x".repeat(16 * 1024 * 1024)) }).catch((error) => error);
  // Either answered, or cut off in the middle of the upload.
  if (!(endless instanceof Error)) assertProblem(endless, 413, "too_large");
});

test("limits of pages", async () => {
  for (const limit of ["0", "201", "-1", "1e9", "99999999999999999999", "x", ""]) {
    assertProblem(await ana.get(`/conversations/${id}/messages?limit=${limit}`), 422, "invalid", "limit");
  }
  for (const limit of ["1", "200"]) assert.equal((await ana.get(`/conversations/${id}/messages?limit=${limit}`)).status, 200);
  for (const name of ["before_seq", "after_seq"]) {
    for (const value of ["-1", "x", "1.5", "99999999999999999999"]) {
      assertProblem(await ana.get(`/conversations/${id}/messages?${name}=${value}`), 422, "invalid", name);
    }
  }
});

test("searches that are none", async () => {
  for (const query of ["", "?query=", "?query=%00", `?query=${"x".repeat(3000)}`, "?query=%ff"]) {
    const answer = await ana.get(`/users${query}`);
    assert.ok(answer.status < 500, `${answer.status} for ${query.slice(0, 20)}`);
    if (answer.status >= 400) assertProblem(answer, 422, "invalid", "query");
  }
});

test("paths and methods that do not exist", async () => {
  assertProblem(await ana.get("/nonsense"), 404, "not_found");
  assertProblem(await ana.get(`/conversations/${id}/nonsense`), 404, "not_found");
  assertProblem(await call(server, "PUT", "/api/v1/me", { token: ana.token, body: {} }), 405, "method_not_allowed");
});

test("headers that are too large, and requests that are no HTTP", async () => {
  const status = await new Promise((resolve) => {
    const asked = request(`${server.url}/api/v1/me`, { headers: { "x-padding": "x".repeat(15_000), cookie: "y".repeat(900_000) } });
    asked.once("response", (answer) => resolve(answer.statusCode));
    asked.once("error", () => resolve("cut"));
    asked.end();
  });
  assert.ok(status === "cut" || (status >= 400 && status < 500), `${status}`);
  const { hostname, port } = new URL(server.url);
  const said = await new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write("HELO example.org\r\n\r\n"));
    let text = "";
    socket.on("data", (data) => { text += data; });
    socket.once("close", () => resolve(text));
    socket.once("error", () => resolve(text));
  });
  assert.ok(said === "" || said.startsWith("HTTP/1.1 400"), said);
});
