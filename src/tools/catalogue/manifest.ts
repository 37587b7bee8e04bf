import { createHash } from "node:crypto";
import * as z from "zod";
import { checkAgainst, durationText, parseToml, type Problem, sizeText } from "../../text/documents/index.ts";
import { cleanText } from "../../kernel/clean.ts";
import { canonicalJson, Json } from "../../kernel/json.ts";
import { PERFORMATIVES } from "../../messaging/acl/index.ts";
import { type Grants, MEMORY_GRANT_DEFAULTS, MEMORY_GRANT_SCOPES, NO_GRANTS } from "./grants/index.ts";
import type { ToolLimits } from "./tool.ts";
import { readUrlPattern } from "./grants/index.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** What the operator's configuration and a manifest may set at most. */
export const MANIFEST_MAXIMA = {
  fuelPerCall: 1_000_000_000_000,
  memoryMib: 256,
  deadlineMs: 3_600_000,
  resultBytes: 16 * MIB,
} as const;

/** What holds when neither says anything. */
export const DEFAULT_LIMITS: ToolLimits = {
  fuelPerCall: 100_000_000,
  memoryBytesMax: 64 * MIB,
  deadlineMs: 5_000,
  resultBytesMax: 1 * MIB,
};

const Limits = z.strictObject({
  fuel_per_call: z
    .int()
    .min(1_000)
    .max(MANIFEST_MAXIMA.fuelPerCall)
    .optional()
    .meta({ examples: [100_000_000] }),
  memory_mib: z
    .int()
    .min(1)
    .max(MANIFEST_MAXIMA.memoryMib)
    .optional()
    .meta({ examples: [64] }),
  deadline: durationText({ minMs: 10, maxMs: MANIFEST_MAXIMA.deadlineMs }).optional(),
  result_bytes: sizeText({ minBytes: KIB, maxBytes: MANIFEST_MAXIMA.resultBytes }).optional(),
});

const isSome = (texts: readonly string[]): boolean => texts.length > 0;

const Path = z
  .string()
  .min(1)
  .max(4_096)
  .refine((path) => !path.includes("\0"), { error: "expected a path without NUL" })
  .meta({ examples: ["data"] });

const VariableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: "expected the name of an environment variable" })
  .meta({ examples: ["LANG"] });

const UrlPattern = z
  .string()
  .max(2_000)
  .regex(/^https?:\/\/(?:\*\.)?[A-Za-z0-9._\-[\]:]+(?:\/[^\s?#]*)?$/, {
    error: "expected a scheme, a host and perhaps a port and a path, without query",
  })
  .refine((text) => readUrlPattern(text) !== undefined, {
    error: "expected a place: no dots or encoded separators in the path, no * but a first *. before a name",
  })
  .meta({ examples: ["https://api.example.com", "https://*.example.com/v1/"] });

const NamePattern = z
  .string()
  .min(1)
  .max(256)
  .meta({ examples: ["ops-*"] });

/** What one entry of `messages` may name; none of them is a grant of nothing. */
const MessageGrantTable = z
  .strictObject({
    performatives: z
      .array(z.enum([...PERFORMATIVES, "*"]))
      .min(1)
      .max(PERFORMATIVES.length)
      .default(["inform"]),
    receivers: z.array(NamePattern).max(64).default([]).meta({ description: "Names; * stands for any characters" }),
    capabilities: z.array(NamePattern).max(64).default([]).meta({ description: "* stands for any characters" }),
    topics: z
      .array(NamePattern.meta({ examples: ["prices.*"] }))
      .max(64)
      .default([])
      .meta({ description: "* stands for one word, # for any number" }),
    broadcast: z.boolean().default(false).meta({ description: "Every agent of the workspace" }),
    per_minute: z
      .int()
      .min(1)
      .max(6_000)
      .default(60)
      .meta({ description: "Messages in a minute, of all calls in a workspace together" }),
  })
  .refine((grant) => grant.broadcast || [grant.receivers, grant.capabilities, grant.topics].some(isSome), {
    error: "expected whom messages may go to: receivers, capabilities, topics or broadcast = true",
  })
  .transform(({ per_minute: perMinute, ...grant }) => ({ ...grant, perMinute }));

/** What one entry of `memory` may name. */
const MemoryGrantTable = z
  .strictObject({
    scopes: z.array(z.enum(MEMORY_GRANT_SCOPES)).min(1).max(MEMORY_GRANT_SCOPES.length).meta({
      description: "Scopes of memory: workspace, calling agent, its conversation, or shared by all",
    }),
    hits_max: z.int().min(1).max(100).default(MEMORY_GRANT_DEFAULTS.hitsMax).meta({ description: "Of one search" }),
    per_minute: z
      .int()
      .min(1)
      .max(6_000)
      .default(MEMORY_GRANT_DEFAULTS.perMinute)
      .meta({ description: "Searches in a minute, of all calls in a workspace together" }),
  })
  .transform(({ scopes, hits_max: hitsMax, per_minute: perMinute }) => ({ scopes, hitsMax, perMinute }));

/** One table of grants, in a `tool.toml` or in an operator's configuration; every key may be absent. */
export const GrantsTable = z.strictObject({
  files: z
    .array(z.strictObject({ path: Path, access: z.enum(["read", "write"]).default("read") }))
    .max(64)
    .optional(),
  http: z
    .array(
      z.strictObject({
        url: UrlPattern,
        methods: z
          .array(z.string().regex(/^(?:[A-Z]{1,20}|\*)$/, { error: 'expected a method in capitals, or "*"' }))
          .min(1)
          .max(16)
          .default(["GET", "HEAD"]),
        private: z
          .boolean()
          .default(false)
          .meta({ description: "The name may lead to an address of this machine or of a private network" }),
      }),
    )
    .max(64)
    .optional(),
  secrets: z
    .array(
      z.strictObject({
        name: VariableName,
        as: z.enum(["placeholder", "value"]).default("placeholder"),
        for: z.array(UrlPattern).max(16).default([]),
      }),
    )
    .max(64)
    .optional(),
  messages: z.array(MessageGrantTable).max(64).optional(),
  memory: z.array(MemoryGrantTable).max(64).optional(),
  state: z.boolean().optional(),
  clock: z.boolean().optional(),
  random: z.boolean().optional(),
  environment: z.array(VariableName).max(64).optional(),
});

const ToolSchema = z
  .record(z.string(), z.json())
  .refine((schema) => schema["type"] === "object", { error: 'expected a JSON Schema of the type "object"' });

/** A tool of a module that does not describe its own. */
const DeclaredTool = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, "_", "-" or "."' }),
  description: z.string().max(16_384).default(""),
  input_schema: ToolSchema.default({ type: "object" }),
  output_schema: ToolSchema.optional(),
  read_only: z.boolean().default(false),
  idempotent: z.boolean().default(false),
  destructive: z.boolean().optional(),
});

const ManifestFile = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, {
      error: "expected a letter, then letters, digits, _ and -; at most 63 in all",
    })
    .meta({ examples: ["csv_parser"] }),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]{1,60})?$/, { error: 'expected a version such as "1.0.0"' })
    .meta({ examples: ["1.0.0"] }),
  description: z
    .string()
    .max(2_000)
    .transform((text) => cleanText(text, Infinity))
    .default(""),
  instance: z.enum(["run", "server"]).default("run"),
  limits: Limits.prefault({}),
  grants: GrantsTable.prefault({}),
  tools: z.array(DeclaredTool).max(256).default([]),
});

/** What a `tool.toml` beside a module says, or what configuration made of it. */
export type ToolManifest = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Which calls share a guest instance: those of one run, or all. */
  readonly instance: "run" | "server";
  readonly limits: ToolLimits;
  readonly grants: Grants;
  /** What a module that does not describe its tools offers; most modules do, and then this is not looked at. */
  readonly tools?: readonly DeclaredTool[] | undefined;
};
export type DeclaredTool = z.output<typeof DeclaredTool>;

export type ReadManifest =
  | {
      readonly type: "valid";
      readonly manifest: ToolManifest;
      /** sha256 of what it says, hexadecimal: comments, spaces and the order of keys do not count. */
      readonly hash: string;
      readonly problems: readonly Problem[];
    }
  | { readonly type: "invalid"; readonly problems: readonly Problem[] };

/** Returns the text of a `tool.toml` for a module that has none: the name of its file, and no grants. */
export function manifestFor(file: string): string {
  const plain = (file.split(/[\\/]/).at(-1) ?? "").replace(/\.wasm$/i, "").replaceAll(/[^A-Za-z0-9_-]+/g, "_");
  const name = (/^[A-Za-z]/.test(plain) ? plain : `tool_${plain}`).slice(0, 63);
  return `name = "${name}"\nversion = "0.1.0"\n# What it may use besides its own memory: [grants]. What a call may cost: [limits].\n`;
}

/** Reads a `tool.toml`; every problem is reported, with its place. Unknown keys are errors. */
export function readManifest(text: string, file: string): ReadManifest {
  const parsed = parseToml(text, file);
  if (parsed.type === "malformed") return { type: "invalid", problems: parsed.problems };
  const checked = checkAgainst(parsed.document, ManifestFile);
  if (checked.type === "invalid") return { type: "invalid", problems: [...parsed.problems, ...checked.problems] };
  const { limits, grants, ...rest } = checked.value;
  return {
    type: "valid",
    manifest: { ...rest, limits: withLimits(DEFAULT_LIMITS, limits), grants: withGrants(NO_GRANTS, grants) },
    hash: createHash("sha256")
      .update(canonicalJson(Json.parse(parsed.document.data)))
      .digest("hex"),
    problems: parsed.problems,
  };
}

/** What an operator's configuration changes; a key that is absent keeps what the manifest says. */
export type ManifestOverrides = {
  readonly grants?: z.output<typeof GrantsTable> | undefined;
  readonly limits?: z.output<typeof Limits> | undefined;
};

/** A manifest with the operator's word put over it, key by key. A list replaces a list. */
export function applyOverrides(manifest: ToolManifest, { grants = {}, limits = {} }: ManifestOverrides): ToolManifest {
  return {
    ...manifest,
    limits: withLimits(manifest.limits, limits),
    grants: withGrants(manifest.grants, grants),
  };
}

const withGrants = (grants: Grants, changed: z.output<typeof GrantsTable>): Grants => ({
  files: changed.files ?? grants.files,
  http: changed.http ?? grants.http,
  secrets: changed.secrets ?? grants.secrets,
  messages: changed.messages ?? grants.messages,
  memory: changed.memory ?? grants.memory,
  state: changed.state ?? grants.state,
  clock: changed.clock ?? grants.clock,
  random: changed.random ?? grants.random,
  environment: changed.environment ?? grants.environment,
});

const withLimits = (limits: ToolLimits, changed: z.output<typeof Limits>): ToolLimits => ({
  fuelPerCall: changed.fuel_per_call ?? limits.fuelPerCall,
  memoryBytesMax: changed.memory_mib === undefined ? limits.memoryBytesMax : changed.memory_mib * MIB,
  deadlineMs: changed.deadline ?? limits.deadlineMs,
  resultBytesMax: changed.result_bytes ?? limits.resultBytesMax,
});
