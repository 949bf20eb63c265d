// Starts the real server (SOTTO_BIN) on free ports with an empty data directory, or speaks to the one at SOTTO_URL.
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Waits for a condition, and says what it waited for where it never comes. */
export async function until(what, condition, limitMs = 10_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// A test that is cut short must not leave a server behind.
const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** A server to test against: `url`, `metricsUrl`, `stop()`, `log()`. */
export async function startServer(env = {}) {
  if (process.env.SOTTO_URL) {
    return { url: process.env.SOTTO_URL, metricsUrl: process.env.SOTTO_METRICS_URL, stop: async () => null, log: () => "" };
  }
  const binary = process.env.SOTTO_BIN;
  if (!binary) throw new Error("SOTTO_BIN names no server binary, and SOTTO_URL no server");
  const folder = mkdtempSync(join(tmpdir(), "sotto-foreign-"));
  const [port, metricsPort] = [await freePort(), await freePort()];
  const logFile = join(folder, "server.log");
  const log = openSync(logFile, "a");
  const child = spawn(binary, ["serve", "--role", "all"], {
    stdio: ["ignore", log, log],
    env: {
      // What the caller has set for a server of their own is not for this one.
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SOTTO_"))),
      SOTTO_LISTEN: `127.0.0.1:${port}`,
      SOTTO_METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
      SOTTO_DATA_DIR: join(folder, "data"),
      SOTTO_RATE_LIMITS: "off",
      ...env,
    },
  });
  closeSync(log);
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  running.add(child);
  const url = `http://127.0.0.1:${port}`;
  const server = {
    url,
    port,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    child,
    log: () => readFileSync(logFile, "utf8"),
    async stop() {
      child.kill("SIGTERM");
      const outcome = await ended;
      rmSync(folder, { recursive: true, force: true });
      return outcome;
    },
  };
  await until(`${url}/readyz`, async () => {
    if (child.exitCode !== null) throw new Error(`the server ended at its start: ${server.log()}`);
    return fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
  }, 30_000);
  return server;
}
