// Refusals, as RFC 9457 problems like Sotto's: over HTTP and in acknowledgements alike.
import { randomUUID } from "node:crypto";

/** A refusal that its caller shall hear of. */
export class Refused extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** The problem that tells of an error; what was not meant for the caller stays here. */
export function problemOf(error) {
  const known = error instanceof Refused;
  if (!known) console.error("failed:", error);
  const { status, code } = known ? error : { status: 500, code: "internal" };
  const detail = known ? error.message : "something went wrong here";
  return { type: "about:blank", title: code, status, code, detail, request_id: randomUUID() };
}
