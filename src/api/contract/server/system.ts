import * as z from "zod";
import { ModelCondition } from "../models/model-condition.ts";
import { Approval } from "../runs/approvals.ts";
import { typeList } from "../runs/event-types.ts";
import { LimitUses } from "../memory/memory-limits.ts";
import { RunQuestion } from "../runs/inputs.ts";
import { RunSummary, Step } from "../runs/runs.ts";

export const Health = z.object({ status: z.literal("ok"), version: z.string() }).meta({ id: "Health" });
export const Ready = z
  .object({
    status: z.enum(["ready", "starting", "failing"]),
    checks: z.record(z.string(), z.object({ ok: z.boolean(), note: z.string() })),
  })
  .meta({ id: "Ready" });
export type Ready = z.infer<typeof Ready>;

/** A fact about the whole server. */
const OfServer = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullable().meta({ description: "null for principals without server:read in every workspace" });

export const Status = z
  .object({
    version: z.string(),
    node_version: z.string(),
    started_at: z.iso.datetime(),
    uptime_ms: z.number(),
    data_directory: OfServer(z.string()),
    data_bytes: OfServer(z.int()),
    memory_bytes: OfServer(z.int()),
    agents: z.int().meta({ description: "Agents deployed in the workspace" }),
    runs: z.object({
      queued: z.int(),
      running: z.int(),
      awaiting_approval: z.int(),
      awaiting_choice: z.int(),
      awaiting_input: z.int(),
      awaiting_reply: z.int(),
      needs_decision: z.int(),
      completed: z.int(),
      failed: z.int(),
      cancelled: z.int(),
    }),
    tool_servers: z.array(z.object({ name: z.string(), state: z.string(), tools: z.int() })),
    default_model: z.string(),
    models: z.array(z.object({ provider: z.string(), ready: z.boolean(), note: z.string() })),
    memory: z
      .object({ backend: z.string(), ready: z.boolean(), note: z.string(), limits: LimitUses })
      .meta({ description: "Backend of memory, its health and its limits" }),
    model_traffic: z.array(ModelCondition).meta({ description: "Models used, per key" }),
  })
  .meta({ id: "Status" });
export type Status = z.infer<typeof Status>;

/**
 * Events of `GET /events`: changes anywhere in the server, for lists that stay current. Each has an id. A client that
 * reconnects with it receives the missed events, or `reset`.
 */
export const ServerEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("ready") }).meta({ description: "The stream is open; all later changes are sent" }),
    z.object({ type: z.literal("reset") }).meta({ description: "Too many events were missed: reload all state" }),
    z.object({ type: z.literal("run"), run: RunSummary }),
    z.object({ type: z.literal("step"), run: z.string(), step: Step }),
    z.object({ type: z.literal("question"), run: z.string(), agent: z.string(), question: RunQuestion }),
    z.object({ type: z.literal("approval"), approval: Approval }),
    z.object({
      type: z.literal("agent"),
      name: z.string(),
      change: z.enum(["deployed", "deleted", "activated", "paused", "resumed"]),
      revision: z.int(),
    }),
    z.object({ type: z.literal("tool-server"), name: z.string(), state: z.string() }),
    z.object({ type: z.literal("thread"), id: z.string() }).meta({
      description: "Thread that was created, changed or deleted; its turns are runs",
    }),
    z.object({ type: z.literal("conversation"), id: z.string().nullable() }).meta({
      description: "Conversation with a new message, or that ended; null: several. Sent live only, never replayed",
    }),
    z
      .object({ type: z.literal("task"), id: z.string().nullable() })
      .meta({ description: "Task that is new or changed; null: several. Sent live only, never replayed" }),
  ])
  .meta({ id: "ServerEvent" });
export type ServerEvent = z.infer<typeof ServerEvent>;

export const SERVER_EVENT_TYPES = [
  "run",
  "step",
  "question",
  "approval",
  "agent",
  "tool-server",
  "thread",
  "conversation",
  "task",
] as const;
export const EventsQuery = z.object({
  types: typeList(SERVER_EVENT_TYPES).meta({
    description: `Event types to send, comma-separated: ${SERVER_EVENT_TYPES.join(", ")}. Default: all but step, conversation and task.`,
  }),
});
