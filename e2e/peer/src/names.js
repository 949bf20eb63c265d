// What the peer's things are called at the engines: all with a prefix of its own, so that it never meets Sotto's.

export const DATABASE = "peer";

export const EXCHANGES = { direct: "peer.messages.direct", group: "peer.messages.group", dead: "peer.dead" };
export const DEAD_QUEUE = "peer.dead";

export const queueOf = (partition) => `peer.partition.p${String(partition).padStart(2, "0")}`;
export const keyOf = (partition) => `p${String(partition).padStart(2, "0")}`;

/** A conversation always falls to the same partition (FNV-1a over its id). */
export function partitionOf(conversation, partitions) {
  let hash = 2166136261;
  for (let at = 0; at < conversation.length; at++) {
    hash = Math.imul(hash ^ conversation.charCodeAt(at), 16777619);
  }
  return (hash >>> 0) % partitions;
}

export const ADAPTER_KEY = "peer:socket.io";
export const HEADS = "peer:heads";
export const presenceOf = (user) => `peer:presence:${user}`;
export const watermarksOf = (kind, conversation) => `peer:${kind}:${conversation}`;

export const userRoom = (user) => `user_${user}`;
export const groupRoom = (conversation) => `group_${conversation}`;
