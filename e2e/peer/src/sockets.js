// The socket door: Socket.IO with its Redis adapter, set as its documentation advises for many sockets.
import { createAdapter } from "@socket.io/redis-adapter";
import { Server } from "socket.io";
import { ADAPTER_KEY, groupRoom, HEADS, presenceOf, userRoom } from "./names.js";
import { problemOf } from "./problems.js";
import { receipt } from "./receipts.js";
import { send } from "./send.js";
import { verify } from "./tokens.js";

/** Socket.IO on an HTTP server. */
export function openSockets(server, redis) {
  const io = new Server(server, {
    adapter: createAdapter(redis, redis.duplicate(), { key: ADAPTER_KEY }),
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: 256 * 1024,
  });
  // Nothing here looks at a socket's first request again, and it is most of an idle socket's memory.
  io.engine.on("connection", (raw) => {
    raw.request = null;
  });
  return io;
}

/** Lets people in, and answers their calls. */
export function serveSockets(app) {
  app.io.use((socket, next) => {
    const who = verify(app.settings.secret, socket.handshake.auth?.token);
    if (who) {
      socket.data = who;
      return next();
    }
    next(Object.assign(new Error("unauthorized"), { data: { code: "unauthorized" } }));
  });
  app.io.on("connection", (socket) => {
    const who = socket.data;
    answer(socket, "message:send", (input) => send(app, who, input));
    answer(socket, "receipt", (input) => receipt(app, who, input));
    socket.on("disconnect", () => tellPresence(app, who.user, "offline"));
    welcome(app, socket).catch((error) => {
      console.error("welcome:", error.message);
      socket.disconnect(true);
    });
  });
}

async function welcome(app, socket) {
  const { user } = socket.data;
  socket.join(userRoom(user));
  tellPresence(app, user, "online");
  const own = await app.conversations.ofUser(user);
  const groups = own.filter(({ kind }) => kind !== "direct");
  if (groups.length) socket.join(groups.map(({ _id }) => groupRoom(_id)));
  const heads = own.length ? await app.redis.hmget(HEADS, ...own.map(({ _id }) => _id)) : [];
  socket.emit("ready", {
    pod: app.pod,
    server_time: new Date().toISOString(),
    heads: Object.fromEntries(own.map(({ _id }, at) => [_id, Number(heads[at] ?? 0)])),
  });
}

function tellPresence(app, user, status) {
  // May be lost: presence is allowed to.
  app.redis.hset(presenceOf(user), "status", status, "at", Date.now()).catch(() => {});
}

function answer(socket, name, handle) {
  socket.on(name, async (input, ack) => {
    const reply = typeof ack === "function" ? ack : () => {};
    try {
      reply({ ok: true, ...(await handle(input ?? {})) });
    } catch (error) {
      reply({ ok: false, error: problemOf(error) });
    }
  });
}
