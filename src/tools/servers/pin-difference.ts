import type { Json } from "../../kernel/json.ts";
import { type GrantChange, grantsDifference } from "../catalogue/index.ts";
import type { PinnedTool, ToolServerPin } from "./pin.ts";
import { schemaDifference } from "./schema-difference.ts";
import type { ToolLimits } from "../catalogue/index.ts";

export const CHANGE_KINDS = [
  "tool-added",
  "tool-removed",
  "title",
  "description",
  "input-schema",
  "output-schema",
  "effects",
  "grant-added",
  "grant-removed",
  "limit",
  "instance",
  "interface",
  "publisher",
  "module",
  "tools-hash",
  "version",
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** One difference between two versions of a tool server. */
export type ToolServerChange = {
  readonly kind: ChangeKind;
  readonly tool: string | null;
  /** Where in a schema, or which limit; empty otherwise. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Whether a change needs approval: it alters known tools, or requests more than was granted. */
  readonly asks: boolean;
  /** The change in one line. */
  readonly text: string;
};

/** Update policies: accept all changes, those that alter nothing known and request nothing more, or none. */
export const ACCEPTANCES = ["always", "compatible", "ask"] as const;
export type UpdatePolicy = (typeof ACCEPTANCES)[number];

/** Whether these changes have to wait for acceptance. */
export function requiresApproval(changes: readonly ToolServerChange[], acceptance: UpdatePolicy): boolean {
  switch (acceptance) {
    case "always":
      return false;
    case "compatible":
      return changes.some(({ asks }) => asks);
    case "ask":
      return changes.length > 0;
  }
}

const CHANGES_MAX = 500;
const TEXT_CHARS_MAX = 2_000;
const LINE_CHARS_MAX = 120;

/** Everything that is different, what asks first, at most 500. */
export function pinDifference(before: ToolServerPin, after: ToolServerPin): readonly ToolServerChange[] {
  const changes = [
    ...toolsDifference(before.tools, after.tools),
    ...manifestChanges(before, after),
    ...plainChange("interface", before.interface, after.interface, true),
    ...plainChange("publisher", before.keyId, after.keyId, before.keyId !== null),
    // What a remote server is held to has no module: it is its tools.
    ...plainChange(after.manifest === undefined ? "tools-hash" : "module", before.moduleHash, after.moduleHash, false),
    ...plainChange("version", before.version, after.version, false),
  ];
  return changes.toSorted((one, other) => Number(other.asks) - Number(one.asks)).slice(0, CHANGES_MAX);
}

/** What is different between two lists of tools. Pure; for modules and remote servers alike. */
export function toolsDifference(
  before: readonly PinnedTool[],
  after: readonly PinnedTool[],
): readonly ToolServerChange[] {
  const known = new Map(before.map((tool) => [tool.name, tool]));
  const names = new Set(after.map(({ name }) => name));
  return [
    ...before.filter(({ name }) => !names.has(name)).map(({ name }) => toolChange("tool-removed", name)),
    ...after.flatMap((tool) => {
      const old = known.get(tool.name);
      return old === undefined ? [toolChange("tool-added", tool.name)] : oneTool(old, tool);
    }),
  ];
}

const toolChange = (kind: "tool-added" | "tool-removed", tool: string): ToolServerChange => ({
  kind,
  tool,
  path: "",
  before: null,
  after: null,
  asks: kind === "tool-removed",
  text: kind === "tool-added" ? `new tool ${tool}` : `the tool ${tool} is gone`,
});

function oneTool(before: PinnedTool, after: PinnedTool): readonly ToolServerChange[] {
  const { name } = after;
  const textChange = (kind: "title" | "description", old: string, now: string): readonly ToolServerChange[] =>
    old === now ? [] : [change(kind, name, { before: old, after: now, asks: true, what: `${name}: ${kind}` })];
  return [
    ...textChange("title", before.title, after.title),
    ...textChange("description", before.description, after.description),
    ...schemaChanges("input-schema", name, before.inputSchema, after.inputSchema),
    ...schemaChanges("output-schema", name, before.outputSchema ?? {}, after.outputSchema ?? {}),
    ...effectsChange(name, before, after),
  ];
}

const words = ({ effects }: PinnedTool): string =>
  `${effects.readOnly ? "changes nothing" : "changes things"}, ${effects.idempotent ? "may be repeated" : "may not be repeated"}${effects.destructive === true ? ", may destroy" : ""}`;

function effectsChange(name: string, before: PinnedTool, after: PinnedTool): readonly ToolServerChange[] {
  if (words(before) === words(after)) return [];
  return [
    change("effects", name, {
      before: words(before),
      after: words(after),
      asks: true,
      what: `${name}: what it says of its effects`,
    }),
  ];
}

function schemaChanges(
  kind: "input-schema" | "output-schema",
  tool: string,
  before: Parameters<typeof schemaDifference>[0],
  after: Parameters<typeof schemaDifference>[1],
): readonly ToolServerChange[] {
  const whose = kind === "input-schema" ? "arguments" : "result";
  return schemaDifference(before, after).map((each) =>
    change(kind, tool, {
      path: each.path,
      before: each.before === undefined ? null : shown(each.before),
      after: each.after === undefined ? null : shown(each.after),
      asks: !each.isAddition,
      what: `${tool}: ${whose}, ${each.path}`,
    }),
  );
}

function manifestChanges(before: ToolServerPin, after: ToolServerPin): readonly ToolServerChange[] {
  const [old, now] = [before.manifest, after.manifest];
  if (old === undefined || now === undefined) return [];
  return [
    ...grantsDifference(old.grants, now.grants).map(grantChange),
    ...LIMITS.flatMap((key) => limitChange(key, old.limits[key], now.limits[key])),
    ...plainChange("instance", old.instance, now.instance, true),
  ];
}

function grantChange({ change: what, kind, text }: GrantChange): ToolServerChange {
  const isMore = what === "added" || what === "widened";
  return {
    kind: isMore ? "grant-added" : "grant-removed",
    tool: null,
    path: kind,
    before: isMore ? null : text,
    after: isMore ? text : null,
    asks: isMore,
    text: isMore ? `wants to ${what === "added" ? "have" : "have more"}: ${text}` : `wants no longer: ${text}`,
  };
}

const LIMITS = [
  "fuelPerCall",
  "memoryBytesMax",
  "deadlineMs",
  "resultBytesMax",
] as const satisfies readonly (keyof ToolLimits)[];
const LIMIT_WORDS: { readonly [Limit in (typeof LIMITS)[number]]: string } = {
  fuelPerCall: "fuel per call",
  memoryBytesMax: "bytes of memory",
  deadlineMs: "milliseconds per call",
  resultBytesMax: "bytes of a result",
};

const limitChange = (key: (typeof LIMITS)[number], before: number, after: number): readonly ToolServerChange[] =>
  before === after
    ? []
    : [
        change("limit", null, {
          path: key,
          before: String(before),
          after: String(after),
          asks: after > before,
          what: LIMIT_WORDS[key],
        }),
      ];

const plainChange = (
  kind: "interface" | "publisher" | "module" | "tools-hash" | "version" | "instance",
  before: string | null,
  after: string | null,
  asks: boolean,
): readonly ToolServerChange[] =>
  before === after ? [] : [change(kind, null, { before, after, asks, what: PLAIN_WORDS[kind] })];

const PLAIN_WORDS = {
  interface: "interface",
  publisher: "signed by",
  module: "module",
  "tools-hash": "hash of its tools",
  version: "version",
  instance: "calls that share a guest",
} as const;

type Details = Pick<ToolServerChange, "before" | "after" | "asks"> & { readonly path?: string; readonly what: string };

function change(kind: ChangeKind, tool: string | null, details: Details): ToolServerChange {
  const { path = "", asks, what } = details;
  const before = cut(details.before);
  const after = cut(details.after);
  return { kind, tool, path, before, after, asks, text: `${what}: ${line(before)} → ${line(after)}` };
}

const shown = (value: Json): string => JSON.stringify(value);
const cut = (text: string | null): string | null =>
  text === null || text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX)}…`;
const line = (text: string | null): string => {
  if (text === null) return "nothing";
  const flat = text.replaceAll(/\s+/g, " ");
  return flat.length > LINE_CHARS_MAX ? `${flat.slice(0, LINE_CHARS_MAX)}…` : flat;
};
