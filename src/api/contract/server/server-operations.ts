import * as z from "zod";
import { Download, Events, operation } from "../operation.ts";
import { EventsQuery, ServerEvent, Status } from "./system.ts";

const READ = {
  tags: ["server"],
  permission: "server:read",
  effect: "read",
  surfaces: ["rest", "cli"],
} as const;

export const status = operation({
  ...READ,
  name: "server.status",
  summary: "Get the server's status",
  http: { method: "GET", path: "/api/v1/status" },
  output: Status,
});

export const config = operation({
  ...READ,
  name: "server.config",
  scope: "server",
  summary: "Get the effective configuration, without secrets",
  http: { method: "GET", path: "/api/v1/config" },
  permission: "server:admin",
  output: z.looseObject({}),
});

export const metrics = operation({
  ...READ,
  name: "server.metrics",
  scope: "server",
  summary: "Get the metrics of the server, for Prometheus",
  http: { method: "GET", path: "/metrics" },
  permission: "metrics:read",
  surfaces: ["rest"],
  output: Download,
});

export const watch = operation({
  ...READ,
  name: "server.watch",
  summary: "Follow changes anywhere in the server",
  description:
    "Server-sent ServerEvents, each with an id: a reader that reconnects with `Last-Event-ID`, after a restart too, receives what it missed, or `reset`.",
  http: { method: "GET", path: "/api/v1/events" },
  query: EventsQuery,
  output: Events,
  events: ServerEvent,
});
