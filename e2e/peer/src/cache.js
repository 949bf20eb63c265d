// Redis, by ioredis: it finds the master behind sentinels, and subscribes again after an outage.
import { Redis } from "ioredis";

/** One connection; what is sent in one turn of the event loop goes out as one pipeline. */
export function openCache(options) {
  const redis = new Redis({ ...options, enableAutoPipelining: true, noDelay: true });
  redis.on("error", (error) => console.error("redis:", error.message));
  return redis;
}
