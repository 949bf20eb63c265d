// Accounts: register, login, refresh, me, people, block.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertProblem, call, DEVICE, freshName, PASSWORD, Person, text } from "../lib/person.js";
import { startServer } from "../lib/server.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

let server;
before(async () => { server = await startServer(); });
after(async () => { await server.stop(); });

const register = (body) => call(server, "POST", "/api/v1/auth/register", { body });
const login = (body) => call(server, "POST", "/api/v1/auth/login", { body });
const refresh = (token) => call(server, "POST", "/api/v1/auth/refresh", { body: { refresh_token: token } });

test("registering answers 201 with user, device and tokens", async () => {
  const username = freshName("ana");
  const { status, body } = await register({ username, password: PASSWORD, display_name: "Ana Ă.", device: DEVICE });
  assert.equal(status, 201);
  assert.match(body.user.id, UUID);
  assert.equal(body.user.username, username);
  assert.equal(body.user.display_name, "Ana Ă.");
  assert.match(body.device.id, UUID);
  assert.equal(body.device.name, DEVICE.name);
  assert.equal(body.device.platform, DEVICE.platform);
  assert.match(body.access_expires_at, TIME);
  const minutes = (Date.parse(body.access_expires_at) - Date.now()) / 60_000;
  assert.ok(minutes > 13 && minutes < 16, `an access token lives ${minutes} minutes`);
  assert.equal(typeof body.access_token, "string");
  assert.equal(typeof body.refresh_token, "string");
});

test("a name can be taken once, whatever its capitals", async () => {
  const username = freshName("bo");
  assert.equal((await register({ username, password: PASSWORD, device: DEVICE })).status, 201);
  assertProblem(await register({ username, password: PASSWORD, device: DEVICE }), 409, "username_taken");
  assertProblem(await register({ username: username.toUpperCase(), password: PASSWORD, device: DEVICE }), 409, "username_taken");
});

test("without a display name the username is shown", async () => {
  const person = await Person.register(server);
  assert.equal(person.user.display_name, person.user.username);
});

test("two who register one name in the same moment do not both get it", async () => {
  const username = freshName("race");
  const answers = await Promise.all(Array.from({ length: 6 }, () => register({ username, password: PASSWORD, device: DEVICE })));
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409, 409, 409, 409, 409]);
});

test("login answers 200 with the same shape, and 401 for whoever does not fit", async () => {
  const person = await Person.register(server);
  const good = await login({ username: person.user.username, password: PASSWORD, device: DEVICE });
  assert.equal(good.status, 200);
  assert.equal(good.body.user.id, person.id);
  assert.notEqual(good.body.device.id, person.device.id);
  assertProblem(await login({ username: person.user.username, password: "wrong password", device: DEVICE }), 401, "bad_credentials");
  assertProblem(await login({ username: freshName("nobody"), password: PASSWORD, device: DEVICE }), 401, "bad_credentials");
});

test("a refresh gives a new pair, and its repeat within 10 s the same successor", async () => {
  const person = await Person.register(server);
  const first = await refresh(person.refreshToken);
  assert.equal(first.status, 200);
  assert.notEqual(first.body.refresh_token, person.refreshToken);
  const again = await refresh(person.refreshToken);
  assert.equal(again.status, 200);
  assert.equal(again.body.refresh_token, first.body.refresh_token);
  const me = await call(server, "GET", "/api/v1/me", { token: again.body.access_token });
  assert.equal(me.body.id, person.id);
});

test("refreshing in parallel leaves one family with one successor", async () => {
  const person = await Person.register(server);
  const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(person.refreshToken)));
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
  assert.equal(new Set(answers.map((answer) => answer.body.refresh_token)).size, 1);
});

test("an old refresh token after more than 10 s ends the family", async () => {
  const person = await Person.register(server);
  const next = await refresh(person.refreshToken);
  // The one rule of the contract that is about time itself.
  await new Promise((resolve) => setTimeout(resolve, 10_500));
  assertProblem(await refresh(person.refreshToken), 401, "token_reused");
  const successor = await refresh(next.body.refresh_token);
  assert.equal(successor.status, 401, "the whole family has ended");
  const access = await call(server, "GET", "/api/v1/me", { token: next.body.access_token });
  assert.equal(access.status, 401, "and its access tokens with it");
});

test("a made-up refresh token is refused", async () => {
  for (const token of ["", "nonsense", "a.b.c", "x".repeat(5000)]) {
    const answer = await refresh(token);
    assert.ok([401, 422].includes(answer.status), `${answer.status} for ${token.slice(0, 20)}`);
  }
});

test("me can be read and renamed", async () => {
  const person = await Person.register(server);
  const me = await person.get("/me");
  assert.equal(me.status, 200);
  assert.equal(me.body.id, person.id);
  assert.deepEqual(me.body.blocked, []);
  assert.match(me.body.created_at, TIME);
  const renamed = await person.patch("/me", { display_name: "Another Name" });
  assert.equal(renamed.status, 200);
  assert.equal((await person.get("/me")).body.display_name, "Another Name");
  assert.equal((await person.get(`/users/${person.id}`)).body.display_name, "Another Name");
});

test("people are found by the beginning of their name", async () => {
  const prefix = freshName("find");
  const [one, two] = [await Person.register(server, `${prefix}a`), await Person.register(server, `${prefix}b`)];
  const { status, body } = await one.get(`/users?query=${prefix}`);
  assert.equal(status, 200);
  assert.ok(body.users.some((user) => user.id === two.id));
  assert.deepEqual(Object.keys(body.users[0]).sort(), ["display_name", "id", "username"], "others see no more than this");
  assert.equal((await one.get(`/users?query=${freshName("zz")}`)).body.users.length, 0);
});

test("a person is found by id, and nobody by another", async () => {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  assert.equal((await one.get(`/users/${two.id}`)).body.username, two.user.username);
  assertProblem(await one.get("/users/01890000-0000-7000-8000-000000000000"), 404, "not_found");
});

test("blocking keeps both from writing, until it is undone", async () => {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const conversation = await one.with(two);
  await one.say(conversation, "before");
  assert.equal((await two.post(`/users/${one.id}/block`)).status, 204);
  assert.deepEqual((await two.get("/me")).body.blocked, [one.id]);
  const message = { envelope: text("hello?") };
  assertProblem(await one.post(`/conversations/${conversation}/messages`, message), 403, "blocked");
  assertProblem(await two.post(`/conversations/${conversation}/messages`, message), 403, "blocked");
  assert.equal((await two.delete(`/users/${one.id}/block`)).status, 204);
  await one.say(conversation, "after");
});

test("nothing is told to whoever is not signed in", async () => {
  const paths = ["/me", "/sessions", "/users?query=a", "/conversations", "/conversations/01890000-0000-7000-8000-000000000000/messages"];
  for (const path of paths) {
    assertProblem(await call(server, "GET", `/api/v1${path}`), 401, "unauthorized");
    assertProblem(await call(server, "GET", `/api/v1${path}`, { token: "eyJhbGciOiJub25lIn0.e30." }), 401, "unauthorized");
  }
  assertProblem(await call(server, "POST", "/api/v1/sync", { body: { heads: {} } }), 401, "unauthorized");
});

test("a token with another algorithm or a changed claim is refused", async () => {
  const person = await Person.register(server);
  const [head, body, signature] = person.token.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const forged = [
    `${encode({ alg: "none", typ: "JWT" })}.${body}.`,
    `${head}.${encode({ ...claims, exp: claims.exp + 100_000 })}.${signature}`,
    `${encode({ alg: "RS256", typ: "JWT" })}.${body}.${signature}`,
    `${head}.${body}.${Buffer.from("nonsense").toString("base64url")}`,
  ];
  for (const token of forged) {
    assertProblem(await call(server, "GET", "/api/v1/me", { token }), 401, "unauthorized");
  }
});
