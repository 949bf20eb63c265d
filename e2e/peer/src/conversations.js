// Conversations: opened, and found again. Who is in one never changes here, so that each gateway remembers it.
import { freshId } from "./tokens.js";
import { Refused } from "./problems.js";
import { groupRoom, userRoom } from "./names.js";

const REMEMBERED = 50_000;

/** Opens a conversation, or finds the one that two people have; `fresh` says which. */
export async function open(app, me, { kind, user_id, title, user_ids }) {
  if (kind === "direct") return openDirect(app, me, user_id);
  if (kind !== "group" && kind !== "community") throw new Refused(422, "invalid", "kind is direct, group or community");
  const members = [...new Set([me, ...(user_ids ?? [])])];
  const conversation = { _id: freshId(), kind, title: title ?? "", members };
  await app.store.conversations.insertOne(conversation);
  app.io.in(members.map(userRoom)).socketsJoin(groupRoom(conversation._id));
  app.io.to(groupRoom(conversation._id)).emit("conversation", { change: "created", conversation: view(conversation) });
  return { conversation, fresh: true };
}

async function openDirect(app, me, other) {
  if (typeof other !== "string" || other === me) throw new Refused(422, "invalid", "user_id names somebody else");
  if (!(await app.store.users.countDocuments({ _id: other }, { limit: 1 }))) throw new Refused(404, "not_found", "there is no such person");
  const pair = [me, other].sort().join(":");
  const fresh = { _id: freshId(), kind: "direct", title: "", members: [me, other] };
  const result = await app.store.conversations.findOneAndUpdate(
    { pair },
    { $setOnInsert: fresh },
    { upsert: true, returnDocument: "after", includeResultMetadata: true },
  );
  return { conversation: result.value, fresh: !result.lastErrorObject.updatedExisting };
}

/** How a conversation is shown. */
export const view = ({ _id, kind, title, members }) => ({
  id: _id,
  kind,
  title,
  members: kind === "direct" ? members : undefined,
  head_seq: 0,
});

/** Remembers conversations, the oldest forgotten first. */
export class Conversations {
  #store;
  #known = new Map();

  constructor(store) {
    this.#store = store;
  }

  /** The conversation of which someone is a member; refused where there is none. */
  async ofMember(id, user) {
    // Whoever asks meanwhile waits for the same answer, so that a sender's messages keep their order.
    const known = await (this.#known.get(id) ?? this.#remember(id));
    if (!known?.members.has(user)) throw new Refused(404, "not_found", "there is no such conversation");
    return known;
  }

  /** What somebody's socket has to know when it connects. */
  async ofUser(user) {
    return this.#store.conversations.find({ members: user }, { projection: { kind: 1 } }).toArray();
  }

  #remember(id) {
    const asked = this.#fetch(id);
    if (this.#known.size >= REMEMBERED) this.#known.delete(this.#known.keys().next().value);
    this.#known.set(id, asked);
    const forget = () => this.#known.delete(id);
    asked.then((found) => found ?? forget(), forget);
    return asked;
  }

  async #fetch(id) {
    const found = await this.#store.conversations.findOne({ _id: id });
    return found && { id, kind: found.kind, members: new Set(found.members) };
  }
}
