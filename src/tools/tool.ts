import type { JsonObject } from "../kernel/json.ts";

/** What a tool says of its own effects; absent means the worst is assumed. Words and meaning are MCP's tool annotations. */
export type ToolEffects = {
  /** It changes nothing. */
  readonly readOnly: boolean;
  /** Calling it again with the same arguments changes nothing more; such a call is repeated after a crash without asking. */
  readonly idempotent: boolean;
};

/** One thing a model may call. `name` is unique within its server. */
export type Tool = {
  readonly server: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** JSON Schema 2020-12 of the arguments; always of an object. */
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject | undefined;
  readonly effects: ToolEffects;
};

/** The name people see and definitions use: `csv_parser.group`. */
export const toolId = (tool: { readonly server: string; readonly name: string }): string =>
  `${tool.server}.${tool.name}`;

const MODEL_NAME_CHARS_MAX = 64;

/** The name a model is given, since providers allow only letters, digits, `_` and `-`: `csv_parser__group`. At most 64 characters. */
export const modelToolName = (tool: { readonly server: string; readonly name: string }): string =>
  `${tool.server}__${tool.name}`.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, MODEL_NAME_CHARS_MAX);

/** Life of a tool server as its clients see it. */
export const TOOL_SERVER_STATES = ["loaded", "running", "failed", "quarantined"] as const;
export type ToolServerState = (typeof TOOL_SERVER_STATES)[number];

/** A WebAssembly module that gives tools. */
export type ToolServer = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly state: ToolServerState;
  /** Why it is failed or quarantined; empty otherwise. */
  readonly reason: string;
  readonly tools: readonly Tool[];
  readonly grants: readonly string[];
  readonly limits: ToolLimits;
  /** sha256 of the module as deployed, hexadecimal. */
  readonly moduleHash: string;
  readonly calls: ToolCounters;
};

export type ToolLimits = {
  /** Fuel one call may use; 1 per WebAssembly instruction, see docs/tools/fuel.md. */
  readonly fuelPerCall: number;
  readonly memoryBytesMax: number;
  readonly deadlineMs: number;
  readonly resultBytesMax: number;
};

export type ToolCounters = {
  readonly done: number;
  readonly failed: number;
  readonly denied: number;
  readonly fuel: number;
  readonly durationMs: number;
};
