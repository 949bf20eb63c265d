// RabbitMQ: connects to one host after the other, says what shall be there, and connects again when it is lost.
import { connect } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { DEAD_QUEUE, EXCHANGES, keyOf, queueOf } from "./names.js";

const PAUSE_MS = 500;

/**
 * Keeps a connection for as long as the process lives. `use` gets each new connection, and returns when it is set up;
 * the promise is fulfilled when that has happened once.
 */
export async function keepConnected(hosts, use) {
  for (let turn = 0; ; turn++) {
    const host = hosts[turn % hosts.length];
    try {
      const connection = await connect(host, { noDelay: true, heartbeat: 10, timeout: 5000 });
      connection.on("error", (error) => console.error("queue:", error.message));
      await use(connection).catch(async (error) => {
        await connection.close();
        throw error;
      });
      connection.once("close", () => {
        console.error("queue: the connection is lost");
        keepConnected([...hosts.slice(1), hosts[0]], use);
      });
      return;
    } catch (error) {
      console.error("queue:", error.message);
      await sleep(PAUSE_MS);
    }
  }
}

/** Exchanges and queues: durable, replicated, and never dropping what cannot be processed. */
export async function declare(channel, partitions) {
  await channel.assertExchange(EXCHANGES.direct, "direct", { durable: true });
  await channel.assertExchange(EXCHANGES.group, "direct", { durable: true });
  await channel.assertExchange(EXCHANGES.dead, "fanout", { durable: true });
  await channel.assertQueue(DEAD_QUEUE, { durable: true, arguments: { "x-queue-type": "quorum" } });
  await channel.bindQueue(DEAD_QUEUE, EXCHANGES.dead, "");
  for (let partition = 0; partition < partitions; partition++) {
    const queue = queueOf(partition);
    await channel.assertQueue(queue, {
      durable: true,
      arguments: {
        "x-queue-type": "quorum",
        "x-single-active-consumer": true,
        "x-delivery-limit": 20,
        "x-dead-letter-exchange": EXCHANGES.dead,
      },
    });
    await channel.bindQueue(queue, EXCHANGES.direct, keyOf(partition));
    await channel.bindQueue(queue, EXCHANGES.group, keyOf(partition));
  }
}
