// A gateway process: HTTP and sockets on one port. Any number of them run beside each other.
import { createServer } from "node:http";
import { hostname } from "node:os";
import { openCache } from "./cache.js";
import { Conversations } from "./conversations.js";
import { routes } from "./http.js";
import { openPublisher } from "./publisher.js";
import { settings as read } from "./settings.js";
import { openSockets, serveSockets } from "./sockets.js";
import { openStore } from "./store.js";
import { endWell } from "./process.js";

const settings = read();
const redis = openCache(settings.cache);
const store = await openStore(settings.store);
const publisher = await openPublisher(settings);

const server = createServer();
server.keepAliveTimeout = 60_000;
const io = openSockets(server, redis);
const pod = `${hostname()}-${settings.port}`;
const app = { settings, pod, redis, store, publisher, io, conversations: new Conversations(store) };
server.on("request", routes(app));
serveSockets(app);
// The backlog is for many who connect at once.
server.listen({ port: settings.port, host: "127.0.0.1", backlog: 4096 }, () => console.log(`gateway on ${settings.port}`));
endWell(() => io.close());
