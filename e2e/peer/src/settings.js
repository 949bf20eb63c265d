// The settings, from the environment, in the forms that Sotto's own have.

/** Everything that can be set; an error names what is missing or cannot be read. */
export function settings(env = process.env) {
  const port = number(env.PORT ?? "4100", "PORT");
  return {
    port,
    store: required(env, "SOTTO_STORE"),
    // Each process begins with another host.
    queue: turned(queueHosts(required(env, "SOTTO_QUEUE")), port),
    cache: cacheOptions(required(env, "SOTTO_CACHE")),
    secret: required(env, "SOTTO_SECRET"),
    // One worker consumes all of them: a few are enough, and each costs the broker something.
    partitions: number(env.PEER_PARTITIONS ?? "8", "PEER_PARTITIONS"),
    prefetch: number(env.PEER_PREFETCH ?? "1000", "PEER_PREFETCH"),
    // How many messages may wait for the broker's confirmation at once.
    unconfirmed: number(env.PEER_UNCONFIRMED ?? "10000", "PEER_UNCONFIRMED"),
    // How many messages go into one insert.
    batch: number(env.PEER_BATCH ?? "1000", "PEER_BATCH"),
  };
}

/** One URL for each host of `amqp://user:password@host:port,host:port/vhost`. */
export function queueHosts(url) {
  const parts = /^(amqps?):\/\/(?:([^@/]*)@)?([^/]+)(\/.*)?$/.exec(url);
  if (!parts) throw new Error("SOTTO_QUEUE is no amqp:// address");
  const [, scheme, login, hosts, vhost = ""] = parts;
  return hosts.split(",").map((host) => `${scheme}://${login ? `${login}@` : ""}${host}${vhost}`);
}

/** What ioredis wants to know, from `redis://host:port` or `redis+sentinel://host:port,host:port/?master=name`. */
export function cacheOptions(url) {
  const sentinel = /^redis\+sentinel:\/\/(?:([^@/]*)@)?([^/?]+)\/?(?:\?(.*))?$/.exec(url);
  if (sentinel) {
    const [, login = "", hosts, query = ""] = sentinel;
    const sentinels = hosts.split(",").map((each) => address(each, 26379));
    return { sentinels, name: new URLSearchParams(query).get("master") ?? "sotto", ...credentials(login) };
  }
  const plain = /^redis:\/\/(?:([^@/]*)@)?([^/?]+)(?:\/(\d*))?$/.exec(url);
  if (!plain) throw new Error("SOTTO_CACHE is no redis:// or redis+sentinel:// address");
  const [, login = "", host, db] = plain;
  return { ...address(host, 6379), ...credentials(login), ...(db ? { db: Number(db) } : {}) };
}

function turned(list, by) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function address(text, usual) {
  const [host, port] = text.split(":");
  return { host, port: port ? number(port, "a port") : usual };
}

function credentials(login) {
  const [username, password] = login.split(":").map(decodeURIComponent);
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

function required(env, name) {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function number(text, name) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} is no number: ${text}`);
  return value;
}
