// Watermarks: kept in Redis, where they only rise, and told to the others.
import { groupRoom, userRoom, watermarksOf } from "./names.js";
import { Refused } from "./problems.js";

/** Raises somebody's watermarks in a conversation. */
export async function receipt(app, who, { conversation_id, delivered_seq, read_seq }) {
  const conversation = await app.conversations.ofMember(conversation_id, who.user);
  const raised = Object.entries({ delivered: delivered_seq, read: read_seq }).filter(([, seq]) => seq !== undefined);
  if (!raised.every(([, seq]) => Number.isInteger(seq) && seq >= 0)) throw new Refused(422, "invalid", "a position is a number");
  // GT: lower than before has no effect.
  await Promise.all(raised.map(([kind, seq]) => app.redis.zadd(watermarksOf(kind, conversation_id), "GT", seq, who.user)));
  const rooms = conversation.kind === "direct" ? [...conversation.members].map(userRoom) : [groupRoom(conversation_id)];
  app.io.to(rooms).emit("receipt", { conversation_id, user_id: who.user, delivered_seq, read_seq });
}
