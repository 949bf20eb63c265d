// How a process ends: cleanly when it is asked to, and never by an error that nobody waited for.

/** Runs `close` at SIGTERM and SIGINT, and then ends. */
export function endWell(close) {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.once(signal, () => {
      close();
      setTimeout(() => process.exit(0), 200);
    });
  }
  // The Redis adapter does not wait for its own publishes: without this, one outage of Redis would end every gateway.
  process.on("unhandledRejection", (error) => console.error("unhandled:", error?.message));
}
