// Access tokens that every gateway can check by itself, passwords, and ids.
import { createHmac, randomBytes, randomUUID, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(scrypt);
// Cheap on purpose: the benchmarks compare messages, not sign-ins.
const COST = { N: 1024, r: 8, p: 1 };

/** A token for one device of one person: signed, so that nothing has to be looked up. */
export function sign(secret, user, device) {
  return `${user}.${device}.${signature(secret, user, device)}`;
}

/** Who a token is for, or nothing. */
export function verify(secret, token) {
  const [user, device, given] = String(token ?? "").split(".");
  if (!user || !device || !given) return null;
  const wanted = Buffer.from(signature(secret, user, device));
  const shown = Buffer.from(given);
  return shown.length === wanted.length && timingSafeEqual(shown, wanted) ? { user, device } : null;
}

function signature(secret, user, device) {
  return createHmac("sha256", secret).update(`${user}.${device}`).digest("base64url");
}

/** What is kept of a password. */
export async function seal(password) {
  const salt = randomBytes(16);
  return `${salt.toString("base64url")}.${(await derive(password, salt, 32, COST)).toString("base64url")}`;
}

/** Whether a password is the one that was sealed. */
export async function opens(password, sealed) {
  const [salt, kept] = sealed.split(".").map((part) => Buffer.from(part, "base64url"));
  return timingSafeEqual(await derive(password, salt, 32, COST), kept);
}

/** A UUIDv7, for a message whose sender chose no id. */
export function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export const freshId = randomUUID;
