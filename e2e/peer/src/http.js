// The HTTP door: Express, with what a public server needs and nothing that costs without use.
import express from "express";
import { login, register } from "./accounts.js";
import { open, view } from "./conversations.js";
import { problemOf, Refused } from "./problems.js";
import { send } from "./send.js";
import { verify } from "./tokens.js";

/** The routes. */
export function routes(app) {
  const http = express();
  http.disable("x-powered-by");
  http.set("etag", false);
  http.get("/healthz", (_request, response) => response.send("ok"));
  http.get("/readyz", (_request, response) => response.status(app.publisher.isReady ? 200 : 503).send());
  http.use(express.json({ limit: "256kb" }));
  http.post("/api/v1/auth/register", async (request, response) => {
    response.status(201).json(await register(app, request.body ?? {}));
  });
  http.post("/api/v1/auth/login", async (request, response) => {
    response.json(await login(app, request.body ?? {}));
  });
  http.post("/api/v1/conversations", async (request, response) => {
    const { conversation, fresh } = await open(app, caller(app, request).user, request.body ?? {});
    response.status(fresh ? 201 : 200).json(view(conversation));
  });
  http.post("/api/v1/conversations/:id/messages", async (request, response) => {
    const input = { ...request.body, conversation_id: request.params.id };
    response.status(202).json(await send(app, caller(app, request), input));
  });
  http.use((_request, _response) => {
    throw new Refused(404, "not_found", "there is no such call");
  });
  http.use((error, _request, response, _next) => {
    // The body's parser has errors of its own.
    const shown = error.type?.startsWith("entity.") ? new Refused(error.status, "invalid", error.message) : error;
    const problem = problemOf(shown);
    response.status(problem.status).type("application/problem+json").send(JSON.stringify(problem));
  });
  return http;
}

function caller(app, request) {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  const who = scheme === "Bearer" ? verify(app.settings.secret, token) : null;
  if (!who) throw new Refused(401, "unauthorized", "a valid token is needed");
  return who;
}
