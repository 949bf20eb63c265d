// Accepting a message, over HTTP and over the socket alike: checked, published, confirmed.
import { Refused } from "./problems.js";
import { uuid7 } from "./tokens.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LONGEST = 65_536;

/** Accepts a message; the answer is given when the quorum has it. */
export async function send(app, who, { conversation_id, id = uuid7(), envelope }) {
  if (typeof id !== "string" || !UUID.test(id)) throw new Refused(422, "invalid", "id is a UUID");
  if (typeof envelope !== "object" || envelope === null) throw new Refused(422, "invalid", "an envelope is needed");
  const text = envelope.content?.text;
  if (typeof text === "string" && text.length > LONGEST) throw new Refused(413, "too_large", "the message is too long");
  const conversation = await app.conversations.ofMember(conversation_id, who.user);
  const isDirect = conversation.kind === "direct";
  await app.publisher.publish(isDirect ? "direct" : "group", {
    id,
    conversation_id,
    kind: "message",
    sender_id: who.user,
    sender_device_id: who.device,
    sent_at: new Date().toISOString(),
    envelope,
    // So that the worker need not ask who is in it.
    members: isDirect ? [...conversation.members] : undefined,
  });
  return { id, status: "accepted" };
}
