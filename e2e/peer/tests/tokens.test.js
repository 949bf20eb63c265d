// Tokens and passwords.
import assert from "node:assert/strict";
import { test } from "node:test";
import { opens, seal, sign, uuid7, verify } from "../src/tokens.js";

test("a token names its device, and no other secret makes it", () => {
  assert.deepEqual(verify("s", sign("s", "u", "d")), { user: "u", device: "d" });
  assert.equal(verify("s", sign("t", "u", "d")), null);
  assert.equal(verify("s", "u.d"), null);
  assert.equal(verify("s", undefined), null);
});

test("a password opens what it sealed, and nothing else", async () => {
  const sealed = await seal("horse");
  assert.equal(await opens("horse", sealed), true);
  assert.equal(await opens("staple", sealed), false);
});

test("ids are version 7", () => {
  assert.match(uuid7(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
