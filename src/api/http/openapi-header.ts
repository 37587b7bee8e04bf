import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import type { AccessMode } from "../../access/index.ts";
import { MESSAGE_SOCKET } from "../contract/index.ts";
import { socketText } from "./openapi-operations.ts";
import { SESSION_COOKIE } from "./requests/session-cookie.ts";

/** Groups of operations in the order in which the documentation shows them. */
const TAGS = {
  agents: "Definitions of agents, their revisions and states",
  runs: "Runs of agents: start, follow, answer, cancel, fork and replay",
  threads: "Dialogues with agents",
  approvals: "Decisions on tool calls that wait for a person",
  triggers: "Schedules, inbound webhooks, messages and files that start runs",
  webhooks: "Outbound webhooks and their deliveries",
  messages: "FIPA-ACL messages, dead letters and traces",
  conversations: "Conversations of agents and their protocols",
  mailboxes: `Messages that a participant fetches. ${socketText(MESSAGE_SOCKET)}`,
  participants: "Programs outside the server that take part in conversations",
  subscriptions: "Subscriptions of agents and participants to topics",
  capabilities: "What agents can do, and who is found by it",
  tasks: "Work that is announced, awarded and followed",
  memory: "Entities, relations, search, export and snapshots",
  tools: "Tools and their calls",
  "tool servers": "Servers of tools and their versions",
  models: "Language models and their providers",
  budgets: "Limits of cost and their use",
  access: "Users, keys, sessions, workspaces, secrets and the audit log",
  server: "State, metrics, events and configuration of the server",
} as const;

/** What the OpenAPI document says of the server as a whole; without access control no request needs credentials. */
export const openApiHeader = (version: string, mode: AccessMode) =>
  ({
    openapi: "3.1.0",
    info: {
      title: "Caxton",
      description: "An agent server: agents are files, tools are sandboxed WebAssembly, every run is journaled.",
      version,
      license: { name: "Apache 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "An API key, or an access token of an identity provider",
        },
        key: { type: "apiKey", in: "header", name: "X-API-Key", description: "An API key" },
        session: { type: "apiKey", in: "cookie", name: SESSION_COOKIE, description: "Session of a browser" },
      },
    },
    security: [{ bearer: [] }, { key: [] }, { session: [] }, ...(mode === "local" ? [{}] : [])],
  }) satisfies FastifyDynamicSwaggerOptions["openapi"];
