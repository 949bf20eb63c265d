// Publishes messages so that "accepted" means confirmed by the quorum: pipelined, mandatory, and never in doubt.
import { declare, keepConnected } from "./queue.js";
import { EXCHANGES, keyOf, partitionOf } from "./names.js";
import { Refused } from "./problems.js";

const AWAY = () => new Refused(503, "queue_unavailable", "the queue does not take messages at the moment");

/** A publisher that is connected. */
export async function openPublisher({ queue, partitions, unconfirmed }) {
  const publisher = new Publisher(partitions, unconfirmed);
  await keepConnected(queue, (connection) => publisher.use(connection));
  return publisher;
}

class Publisher {
  #partitions;
  #most;
  #channel = null;
  #waiting = 0;
  #number = 0;

  constructor(partitions, most) {
    this.#partitions = partitions;
    this.#most = most;
  }

  get isReady() {
    return this.#channel !== null;
  }

  async use(connection) {
    const channel = await connection.createConfirmChannel();
    channel.on("error", (error) => console.error("queue:", error.message));
    await declare(channel, this.#partitions);
    // A message that no queue took comes back, and then its confirmation still says that all is well.
    channel.returned = new Set();
    channel.on("return", (message) => channel.returned.add(message.properties.correlationId));
    channel.once("close", () => {
      if (this.#channel === channel) this.#channel = null;
    });
    this.#channel = channel;
  }

  /** Fulfilled when the quorum has it; refused where that is not certain. */
  publish(kind, message) {
    const channel = this.#channel;
    if (!channel || this.#waiting >= this.#most) return Promise.reject(AWAY());
    const correlationId = String(this.#number++);
    const key = keyOf(partitionOf(message.conversation_id, this.#partitions));
    const options = { persistent: true, mandatory: true, correlationId, messageId: message.id };
    this.#waiting++;
    return new Promise((resolve, reject) => {
      channel.publish(EXCHANGES[kind], key, Buffer.from(JSON.stringify(message)), options, (error) => {
        this.#waiting--;
        if (error || channel.returned.delete(correlationId)) reject(AWAY());
        else resolve();
      });
    });
  }
}
