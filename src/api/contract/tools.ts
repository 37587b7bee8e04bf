import * as z from "zod";
import { Json } from "../../kernel/json.ts";

export const ToolDetail = z
  .object({
    id: z.string().meta({ description: "server.tool" }),
    name: z.string(),
    title: z.string(),
    description: z.string(),
    input_schema: z.record(z.string(), Json),
    output_schema: z.record(z.string(), Json).nullable(),
    read_only: z.boolean(),
    idempotent: z.boolean(),
  })
  .meta({ id: "Tool" });
export type ToolDetail = z.infer<typeof ToolDetail>;

export const ToolServerDetail = z
  .object({
    name: z.string(),
    version: z.string(),
    description: z.string(),
    interface: z.string().meta({ description: "ABI of a module, or transport of a remote server" }),
    sandboxed: z.boolean(),
    state: z.enum(["unloaded", "loaded", "running", "draining", "failed", "quarantined", "paused", "pending"]),
    reason: z.string(),
    module_hash: z.string(),
    grants: z.array(z.string()),
    limits: z.object({
      fuel_per_call: z.int(),
      memory_bytes: z.int(),
      deadline_ms: z.int(),
      result_bytes: z.int(),
    }),
    calls: z.object({ done: z.int(), failed: z.int(), denied: z.int(), fuel: z.int(), duration_ms: z.number() }),
    tools: z.array(ToolDetail),
  })
  .meta({ id: "ToolServer" });
export type ToolServerDetail = z.infer<typeof ToolServerDetail>;
export const ToolServerList = z
  .object({ items: z.array(ToolServerDetail), next: z.null() })
  .meta({ id: "ToolServerList" });

export const CallToolBody = z
  .object({ arguments: z.record(z.string(), Json).default({}), uploads: z.array(z.string()).max(16).default([]) })
  .meta({ id: "CallTool" });

export const ToolCallOutcome = z
  .object({
    outcome: z.string().meta({ description: "done, or why it failed" }),
    text: z.string(),
    structured: Json,
    files: z.array(z.object({ name: z.string(), media_type: z.string(), text: z.string() })),
    fuel: z.int(),
    memory_bytes: z.int(),
    duration_ms: z.number(),
  })
  .meta({ id: "ToolCallOutcome" });
export type ToolCallOutcome = z.infer<typeof ToolCallOutcome>;

export const ToolLog = z
  .object({ items: z.array(z.object({ at: z.iso.datetime(), text: z.string() })), next: z.null() })
  .meta({ id: "ToolLog" });
export type ToolLog = z.infer<typeof ToolLog>;
