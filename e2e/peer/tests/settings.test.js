// The settings' forms.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheOptions, queueHosts, settings } from "../src/settings.js";

test("a queue has as many addresses as hosts", () => {
  assert.deepEqual(queueHosts("amqp://guest:guest@h1:1,h2:2/%2f"), ["amqp://guest:guest@h1:1/%2f", "amqp://guest:guest@h2:2/%2f"]);
  assert.deepEqual(queueHosts("amqp://h1:1"), ["amqp://h1:1"]);
  assert.throws(() => queueHosts("http://h1"), /SOTTO_QUEUE/);
});

test("a cache is one server, or found by sentinels", () => {
  assert.deepEqual(cacheOptions("redis://127.0.0.1:6379"), { host: "127.0.0.1", port: 6379 });
  assert.deepEqual(cacheOptions("redis://:secret@h:1/2"), { host: "h", port: 1, password: "secret", db: 2 });
  assert.deepEqual(cacheOptions("redis+sentinel://h1:1,h2:2/?master=sotto"), {
    sentinels: [{ host: "h1", port: 1 }, { host: "h2", port: 2 }],
    name: "sotto",
  });
  assert.throws(() => cacheOptions("embedded"), /SOTTO_CACHE/);
});

test("what is missing is named", () => {
  assert.throws(() => settings({}), /SOTTO_STORE/);
});
