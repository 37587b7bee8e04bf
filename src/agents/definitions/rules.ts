import * as z from "zod";

/** Names of agents: 2 to 64 characters. */
export const AGENT_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}[A-Za-z0-9]$/;
export const KEBAB_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Dotted and versioned kebab-case: `data-analysis.statistical:v2.0`. */
export const CAPABILITY = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*(:v\d+(\.\d+)*)?$/;

export const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** `server`, `server.tool`, or `*` for every tool there is. */
export const TOOL_ENTRY = /^(\*|[A-Za-z][A-Za-z0-9_-]{0,63}(\.[A-Za-z0-9_.-]{1,64})?)$/;

export const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/**
 * `provider/model`, where the model's own name may contain more slashes; `mock`, the one model built in; or a tool that
 * answers as a model, `tool:server.tool/model` and `mcp://server/tool/model`, where the last part may be absent.
 */
export const MODEL =
  /^(mock|[a-z][a-z0-9_-]*\/\S+|tool:[A-Za-z][A-Za-z0-9_-]*\.[A-Za-z0-9_.-]+(\/\S+)?|mcp:\/\/[A-Za-z][A-Za-z0-9_-]*\/[A-Za-z0-9_.-]+(\/\S+)?)$/;

/** How much a model thinks before it answers; each provider translates it into its own terms. */
export const REASONING_EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

export const REFERENCE = /^\$\{(env:[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?|file:[^}]+|secret:[A-Za-z_][A-Za-z0-9_]*)\}$/;

export const CAPABILITIES_MAX = 20;
export const TOOLS_MAX = 200;
/** Agents that one delegates to, or hands off to. */
export const AGENTS_MAX = 32;
export const STEPS_DEFAULT = 20;
export const TOOLS_AT_ONCE_DEFAULT = 3;
export const DESCRIPTION_CHARS_MAX = 200;

/** Scope of one agent's facts in memory: its own, its workspace's, global, or the conversation's. */
export const MemoryScope = z
  .enum(["agent-only", "workspace", "global", "conversation", "agent", "session"])
  .transform((scope) => (scope === "agent" ? "agent-only" : scope === "session" ? "conversation" : scope));

/** `DataAnalyzer` → `data-analyzer`. */
export const kebab = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");

/**
 * Reaction of a run to a failing model: ask a person, after the definition's backups; fail at once; or use the backups
 * and then fail.
 */
export const ON_MODEL_FAILURE = ["ask", "fail", "fallback"] as const;
export type OnModelFailure = (typeof ON_MODEL_FAILURE)[number];

/** Run isolation level: fresh objects in the server process, or a worker for each run, so that a run that hangs fails alone. */
export const RUN_ISOLATIONS = ["context", "worker"] as const;
export type RunIsolation = (typeof RUN_ISOLATIONS)[number];

export const FALLBACKS_MAX = 8;
