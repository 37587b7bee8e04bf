import type { GrantUse, RunState, ToolServerSummary } from "../../../src/api/contract/index.ts";
import { timeRange, type TimeRange } from "./time-range.ts";
import { flag, number, oneOf, type Raw, words } from "./values.ts";

export const parseSearch = (search: string): Raw => Object.fromEntries(new URLSearchParams(search));

export function stringifySearch(search: Raw): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (typeof value === "string" || typeof value === "number" || value === true) parameters.set(key, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}

export const RUN_STATES = [
  "running",
  "queued",
  "awaiting-approval",
  "awaiting-choice",
  "awaiting-input",
  "awaiting-reply",
  "needs-decision",
  "completed",
  "failed",
  "cancelled",
] as const satisfies readonly RunState[];
export const AGENT_TABS = ["try", "definition", "revisions", "runs", "memory"] as const;
export type AgentTab = (typeof AGENT_TABS)[number];
export const RUN_VIEWS = ["timeline", "conversation", "json"] as const;
export type RunView = (typeof RUN_VIEWS)[number];

export type AgentsSearch = { readonly q?: string | undefined; readonly deploy?: true | undefined };
export const agentsSearch = (raw: Raw): AgentsSearch => ({ q: words(raw["q"]), deploy: flag(raw["deploy"]) });

export type AgentSearch = {
  readonly tab?: AgentTab | undefined;
  /** The run shown under *Try it*. */
  readonly run?: string | undefined;
  /** The revision looked at, and the one it is compared with. */
  readonly revision?: number | undefined;
  readonly against?: number | undefined;
};
export const agentSearch = (raw: Raw): AgentSearch => ({
  tab: oneOf(AGENT_TABS, raw["tab"]),
  run: words(raw["run"]),
  revision: number(raw["revision"]),
  against: number(raw["against"]),
});

export type RunsSearch = TimeRange & {
  readonly agent?: string | undefined;
  readonly state?: RunState | undefined;
  /** Words of messages and answers. */
  readonly q?: string | undefined;
  readonly tag?: string | undefined;
};
export const runsSearch = (raw: Raw): RunsSearch => ({
  agent: words(raw["agent"]),
  state: oneOf(RUN_STATES, raw["state"]),
  q: words(raw["q"]),
  tag: words(raw["tag"]),
  ...timeRange(raw),
});

export const STEP_FILTERS = ["failed", "slow"] as const;

export type RunSearch = {
  readonly view?: RunView | undefined;
  readonly step?: number | undefined;
  /** Which steps the timeline lists, and the words in them. */
  readonly only?: (typeof STEP_FILTERS)[number] | undefined;
  readonly find?: string | undefined;
};
export const runSearch = (raw: Raw): RunSearch => ({
  view: oneOf(RUN_VIEWS, raw["view"]),
  step: number(raw["step"]),
  only: oneOf(STEP_FILTERS, raw["only"]),
  find: words(raw["find"]),
});

/** States of tool servers to filter by. One that runs counts as ready, so it is not among them. */
export const TOOL_SERVER_STATES = [
  "loaded",
  "pending",
  "paused",
  "failed",
  "quarantined",
  "unloaded",
  "draining",
] as const satisfies readonly ToolServerSummary["state"][];
export type ToolServerState = (typeof TOOL_SERVER_STATES)[number];
export const ORIGINS = [
  "built-in",
  "uploaded",
  "directory",
  "remote",
] as const satisfies readonly ToolServerSummary["origin"][];
export const TOOL_TABS = ["tools", "grants", "versions", "logs"] as const;
export type ToolTab = (typeof TOOL_TABS)[number];
export const USE_OUTCOMES = ["allowed", "denied", "failed"] as const satisfies readonly GrantUse["outcome"][];
export const USE_KINDS = [
  "file",
  "http",
  "message",
  "memory",
  "state",
  "secret",
  "environment",
  "clock",
  "random",
] as const satisfies readonly GrantUse["kind"][];

export type ToolsSearch = {
  readonly q?: string | undefined;
  readonly state?: ToolServerState | undefined;
  readonly origin?: (typeof ORIGINS)[number] | undefined;
  readonly deploy?: true | undefined;
};
export const toolsSearch = (raw: Raw): ToolsSearch => ({
  q: words(raw["q"]),
  state: oneOf(TOOL_SERVER_STATES, raw["state"]),
  origin: oneOf(ORIGINS, raw["origin"]),
  deploy: flag(raw["deploy"]),
});

export type ToolSearch = {
  readonly tab?: ToolTab | undefined;
  readonly tool?: string | undefined;
  /** Which audited uses are listed. */
  readonly uses?: GrantUse["outcome"] | undefined;
  readonly kind?: GrantUse["kind"] | undefined;
  /** The revision looked at, and the one it is compared with. */
  readonly revision?: number | undefined;
  readonly against?: number | undefined;
  readonly deploy?: true | undefined;
};
export const toolSearch = (raw: Raw): ToolSearch => ({
  tab: oneOf(TOOL_TABS, raw["tab"]),
  tool: words(raw["tool"]),
  uses: oneOf(USE_OUTCOMES, raw["uses"]),
  kind: oneOf(USE_KINDS, raw["kind"]),
  revision: number(raw["revision"]),
  against: number(raw["against"]),
  deploy: flag(raw["deploy"]),
});
