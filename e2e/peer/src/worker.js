// The worker process: takes messages from the queues in batches, appends them to the log, and then tells people.
import { createServer } from "node:http";
import { Emitter } from "@socket.io/redis-emitter";
import { setTimeout as sleep } from "node:timers/promises";
import { Log } from "./append.js";
import { openCache } from "./cache.js";
import { ADAPTER_KEY, groupRoom, HEADS, queueOf, userRoom } from "./names.js";
import { endWell } from "./process.js";
import { declare, keepConnected } from "./queue.js";
import { settings as read } from "./settings.js";
import { openStore } from "./store.js";

const PAUSE_MS = 500;

const settings = read();
const redis = openCache(settings.cache);
const store = await openStore(settings.store);
const emitter = new Emitter(redis, { key: ADAPTER_KEY });
const log = new Log(store.messages);

await keepConnected(settings.queue, async (connection) => {
  const channel = await connection.createChannel();
  channel.on("error", (error) => console.error("queue:", error.message));
  await declare(channel, settings.partitions);
  await channel.prefetch(settings.prefetch);
  const lane = { channel, waiting: [], isBusy: false, isOpen: true };
  channel.once("close", () => {
    lane.isOpen = false;
  });
  for (let partition = 0; partition < settings.partitions; partition++) {
    await channel.consume(queueOf(partition), (delivery) => {
      if (!delivery) return;
      lane.waiting.push(delivery);
      if (!lane.isBusy) drain(lane);
    });
  }
});

createServer((_request, response) => response.end("ok"))
  .listen(settings.port, "127.0.0.1", () => console.log(`worker on ${settings.port}`));
endWell(() => {});

/** One insert at a time: whatever has come meanwhile goes into the next one. */
async function drain(lane) {
  lane.isBusy = true;
  // What has arrived in the same turn of the event loop belongs to this batch.
  await new Promise(setImmediate);
  while (lane.waiting.length && lane.isOpen) {
    const deliveries = lane.waiting.splice(0, settings.batch);
    const readable = deliveries.flatMap((delivery) => parsed(lane, delivery));
    const stored = await appendUntilDone(lane, readable);
    if (!lane.isOpen) break;
    tell(stored, new Map(readable.map(({ message }) => [message.id, message.members])));
    // Everything before the last one is processed as well: one frame acknowledges all.
    if (readable.length) lane.channel.ack(readable.at(-1).delivery, true);
  }
  lane.isBusy = false;
}

function parsed(lane, delivery) {
  try {
    return [{ message: JSON.parse(delivery.content), again: delivery.fields.redelivered, delivery }];
  } catch (error) {
    console.error("unreadable:", error.message);
    lane.channel.nack(delivery, false, false);
    return [];
  }
}

async function appendUntilDone(lane, entries) {
  while (lane.isOpen) {
    try {
      return await log.append(entries);
    } catch (error) {
      console.error("store:", error.message);
      for (const entry of entries) entry.again = true;
      await sleep(PAUSE_MS);
    }
  }
  return [];
}

/** May fail: the log heals whoever missed it. */
function tell(stored, membersOf) {
  const heads = {};
  for (const { _id: id, ...message } of stored) {
    const members = membersOf.get(id);
    const rooms = members ? members.map(userRoom) : [groupRoom(message.conversation_id)];
    emitter.to(rooms).emit("message", { id, ...message });
    heads[message.conversation_id] = Math.max(heads[message.conversation_id] ?? 0, message.seq);
  }
  if (stored.length) redis.hset(HEADS, heads).catch((error) => console.error("redis:", error.message));
}
