// Sessions: listed, ended here and elsewhere, and what then happens to their sockets.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertProblem, Person, uuid7 } from "../lib/person.js";
import { startServer, until } from "../lib/server.js";

let server;
before(async () => { server = await startServer(); });
after(async () => { await server.stop(); });

/** What `connect_error` said. */
function refusal(person, options) {
  return new Promise((resolve, reject) => {
    const socket = person.dial(options);
    socket.once("connect", () => { socket.disconnect(); reject(new Error("the socket was let in")); });
    socket.once("connect_error", (error) => { socket.disconnect(); resolve(error); });
  });
}

test("every sign-in is a session, and the own one is marked", async () => {
  const laptop = await Person.register(server);
  const phone = await laptop.another();
  const { status, body } = await phone.get("/sessions");
  assert.equal(status, 200);
  assert.equal(body.sessions.length, 2);
  const current = body.sessions.filter((session) => session.current);
  assert.deepEqual(current.map((session) => session.device.id), [phone.device.id]);
});

test("a session that another device ends can do nothing more, and its socket closes within 5 s", async () => {
  const laptop = await Person.register(server);
  const phone = await laptop.another();
  const socket = await phone.connect();
  const { body } = await laptop.get("/sessions");
  const theirs = body.sessions.find((session) => session.device.id === phone.device.id);
  assert.equal((await laptop.delete(`/sessions/${theirs.id}`)).status, 204);
  await until("the socket closes", () => !socket.connected, 5_000);
  assert.equal((await socket.heard("session")).reason, "revoked");
  const answer = await phone.get("/me");
  assertProblem(answer, 401, "session_revoked");
  assert.equal((await refusal(phone)).data.code, "session_revoked");
  assert.equal((await laptop.get("/sessions")).body.sessions.length, 1);
});

test("logging out ends one's own session", async () => {
  const person = await Person.register(server);
  const socket = await person.connect();
  assert.equal((await person.post("/auth/logout")).status, 204);
  await until("the socket closes", () => !socket.connected, 5_000);
  assertProblem(await person.get("/me"), 401, "session_revoked");
  const again = await person.post("/auth/refresh", { refresh_token: person.refreshToken });
  assert.equal(again.status, 401);
});

test("nobody ends the session of another", async () => {
  const [one, two] = [await Person.register(server), await Person.register(server)];
  const theirs = (await two.get("/sessions")).body.sessions[0];
  assertProblem(await one.delete(`/sessions/${theirs.id}`), 404, "not_found");
  assertProblem(await one.delete(`/sessions/${uuid7()}`), 404, "not_found");
  assert.equal((await two.get("/me")).status, 200);
});

test("a socket without a good token is refused with a code", async () => {
  const person = await Person.register(server);
  for (const auth of [{}, { token: "" }, { token: "nonsense" }, { token: 7 }, { token: null }, { token: "x".repeat(20_000) }]) {
    assert.equal((await refusal(person, { auth })).data?.code, "unauthorized", JSON.stringify(auth).slice(0, 50));
  }
});

test("auth:renew takes a token of the same session, and no other", async () => {
  const [person, other] = [await Person.register(server), await Person.register(server)];
  const socket = await person.connect();
  const fresh = await person.post("/auth/refresh", { refresh_token: person.refreshToken });
  const renewed = await socket.ask("auth:renew", { token: fresh.body.access_token });
  assert.equal(renewed.ok, true, JSON.stringify(renewed));
  const strange = await socket.ask("auth:renew", { token: other.token });
  assert.equal(strange.ok, false, "a token of somebody else");
  const broken = await socket.ask("auth:renew", { token: "nonsense" });
  assert.equal(broken.ok, false);
  assert.equal(broken.error.code, "unauthorized");
  person.hangUp();
});
