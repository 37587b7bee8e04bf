import { createHash } from "node:crypto";
import type { JsonObject } from "../../kernel/json.ts";

/** What a tool says of its own effects; absent means the worst is assumed. Words and meaning are MCP's tool annotations. */
export type ToolEffects = {
  /** It changes nothing. */
  readonly readOnly: boolean;
  /** Calling it again with the same arguments changes nothing more; such a call is repeated after a crash without asking. */
  readonly idempotent: boolean;
  /** It says itself that it may destroy something; permission rules can ask for such calls. */
  readonly destructive?: boolean | undefined;
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

/** The server of the tools that the caller of a run provides; models know them by the names that the caller gave. */
export const CLIENT_TOOLS = "client";

/** The name people see and definitions use: `csv_parser.group`. */
export const toolId = (tool: { readonly server: string; readonly name: string }): string =>
  `${tool.server}.${tool.name}`;

const MODEL_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const STEM_CHARS_MAX = 55;

/** The server of the tools that hand a request off to another agent, which a model knows as `handoff_billing`. */
export const HANDOFF = "handoff";
/** The servers whose tools are agents, which a model knows as `agent_researcher`. */
const AGENTS: ReadonlySet<string> = new Set(["agent", HANDOFF]);

/**
 * The name a model is given, since providers allow only letters, digits, `_` and `-`, 64 at most: `csv_parser__group`. A name that has to
 * be changed, or that two tools could share, ends in a hash of the tool's own, so that no call goes to another tool.
 */
export function modelToolName(tool: { readonly server: string; readonly name: string }): string {
  if (tool.server === CLIENT_TOOLS) return tool.name;
  const isAgent = AGENTS.has(tool.server) && !tool.name.includes("__");
  const plain = `${tool.server}${isAgent ? "_" : "__"}${tool.name}`;
  if (MODEL_NAME.test(plain) && !tool.server.includes("__") && !tool.name.startsWith("_")) return plain;
  const hash = createHash("sha256").update(toolId(tool)).digest("hex").slice(0, 8);
  return `${plain.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, STEM_CHARS_MAX)}_${hash}`;
}

/**
 * Life of a tool server as its clients see it: not in memory, in memory, in use, on its way out, not usable;
 * and three states in which calls are refused: quarantined, paused by an operator, changed and pending acceptance.
 */
export const TOOL_SERVER_STATES = [
  "unloaded",
  "loaded",
  "running",
  "draining",
  "failed",
  "quarantined",
  "paused",
  "pending",
] as const;
export type ToolServerState = (typeof TOOL_SERVER_STATES)[number];

/**
 * How a tool server is spoken to: the ABI of a WebAssembly module, the transport of a remote MCP server, or not at all,
 * being part of Caxton.
 */
export const TOOL_SERVER_INTERFACES = [
  "wasi-stdio",
  "extism",
  "component",
  "core",
  "mcp-http",
  "mcp-stdio",
  "native",
] as const;
export type ToolServerInterface = (typeof TOOL_SERVER_INTERFACES)[number];

/** Whether a user has signed in to a remote server, and until when. */
export type ToolSignIn = {
  readonly state: "signed-in" | "signed-out" | "expired";
  /** Why a user has to sign in; empty otherwise. */
  readonly reason: string;
  readonly issuer: string | undefined;
  readonly scopes: readonly string[];
  /** End of the current token, which is renewed before if that is possible. */
  readonly expiresAtMs: number | undefined;
  /** Who signed in. */
  readonly by: string | undefined;
  readonly signedInAtMs: number | undefined;
};

/** A WebAssembly module, or a remote MCP server, that gives tools. */
export type ToolServer = {
  readonly name: string;
  readonly interface: ToolServerInterface;
  /** False for what runs outside of our sandbox: a remote server, a local process. */
  readonly isSandboxed: boolean;
  /** Agents get its tools only when their definition names it or them; a list of all tools is without them. */
  readonly isOnlyByName?: boolean | undefined;
  readonly version: string;
  readonly description: string;
  readonly state: ToolServerState;
  /** Why it is failed, quarantined, paused or pending; empty otherwise. */
  readonly reason: string;
  readonly tools: readonly Tool[];
  readonly grants: readonly string[];
  readonly limits: ToolLimits;
  /** sha256 of the module as deployed, of a remote server of its tool descriptions; hexadecimal. */
  readonly moduleHash: string;
  readonly calls: ToolCounters;
  /** Of a server to which people sign in. */
  readonly signIn?: ToolSignIn | undefined;
};

export type ToolLimits = {
  /** Fuel one call may use; 1 per WebAssembly instruction, see docs/tools/fuel.md. */
  readonly fuelPerCall: number;
  readonly memoryBytesMax: number;
  readonly deadlineMs: number;
  readonly resultBytesMax: number;
};

/** Limits of a server without any, or of one whose limits are unknown. */
export const NO_LIMITS: ToolLimits = { fuelPerCall: 0, memoryBytesMax: 0, deadlineMs: 0, resultBytesMax: 0 };

export type ToolCounters = {
  readonly done: number;
  readonly failed: number;
  readonly denied: number;
  readonly fuel: number;
  readonly durationMs: number;
};
