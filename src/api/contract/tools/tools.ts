import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { Observation, ObserveMode } from "./grants.ts";
import { ToolSignIn } from "./sign-in.ts";
import { Cursor, ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();
const State = z.enum(["unloaded", "loaded", "running", "draining", "failed", "quarantined", "paused", "pending"]);
const Interface = z.string().meta({ description: "ABI of a module, or transport of a remote server" });
const Limits = z.object({
  fuel_per_call: z.int(),
  memory_bytes: z.int(),
  deadline_ms: z.int(),
  result_bytes: z.int(),
});

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
    destructive: z.boolean().meta({ description: "Whether it declares that it may destroy data" }),
    tokens: z.int().meta({ description: "Approximate input tokens of its description in each turn of a model" }),
  })
  .meta({ id: "Tool" });
export type ToolDetail = z.infer<typeof ToolDetail>;

export const ToolServerDetail = z
  .object({
    name: z.string(),
    version: z.string(),
    description: z.string(),
    interface: Interface,
    sandboxed: z.boolean(),
    state: State,
    reason: z.string(),
    module_hash: z.string(),
    grants: z.array(z.string()),
    limits: Limits,
    calls: z.object({ done: z.int(), failed: z.int(), denied: z.int(), fuel: z.int(), duration_ms: z.number() }),
    tools: z.array(ToolDetail),
  })
  .meta({ id: "ToolServer" });
export type ToolServerDetail = z.infer<typeof ToolServerDetail>;
export const ToolServerList = z
  .object({ items: z.array(ToolServerDetail), next: z.null() })
  .meta({ id: "ToolServerList" });

export const CallToolBody = z
  .strictObject({
    arguments: z.record(z.string(), Json).default({}),
    uploads: z.array(z.string()).max(16).default([]),
    observe: ObserveMode.optional(),
  })
  .meta({ id: "CallTool" });

export const ToolCallOutcome = z
  .object({
    outcome: z.string().meta({ description: "done, or the reason of the failure" }),
    text: z.string(),
    structured: Json,
    files: z.array(
      z.object({
        name: z.string(),
        media_type: z.string(),
        text: z.string().meta({ description: "Empty for binary content" }),
        base64: z.string().nullable().meta({ description: "Bytes of binary content, for example an image" }),
        uri: z.string().nullable().meta({ description: "Address of an embedded resource" }),
      }),
    ),
    fuel: z.int(),
    memory_bytes: z.int(),
    duration_ms: z.number(),
    observed: Observation.nullable().meta({
      description: "Grants that the call needed, if requested",
    }),
  })
  .meta({ id: "ToolCallOutcome" });
export type ToolCallOutcome = z.infer<typeof ToolCallOutcome>;

/** Progress of a call, for surfaces that show it, if the tool reports it. */
export const ToolCallProgress = z.object({ done: z.number(), total: z.number().optional(), message: z.string() });
export type ToolCallProgress = z.infer<typeof ToolCallProgress>;

export const ToolLog = z
  .object({ items: z.array(z.object({ at: z.iso.datetime(), text: z.string() })), next: z.null() })
  .meta({ id: "ToolLog" });
export type ToolLog = z.infer<typeof ToolLog>;

/** `/tool-servers`: deployed tool servers. */

export const ToolGrants = z
  .object({
    files: z.array(z.object({ path: z.string(), access: z.enum(["read", "write"]) })),
    http: z.array(z.object({ url: z.string(), methods: z.array(z.string()), private: z.boolean() })),
    secrets: z.array(z.object({ name: z.string(), as: z.enum(["placeholder", "value"]), for: z.array(z.string()) })),
    messages: z.array(
      z.object({
        performatives: z.array(z.string()).meta({ description: "Acts such as inform; * is any" }),
        receivers: z.array(z.string()).meta({ description: "Names; * stands for any characters" }),
        capabilities: z.array(z.string()),
        topics: z.array(z.string()).meta({ description: "* stands for one word, # for any number" }),
        broadcast: z.boolean(),
        per_minute: z.int(),
      }),
    ),
    memory: z.array(
      z.object({
        scopes: z.array(z.enum(["workspace", "agent-only", "conversation", "global"])).meta({
          description: "Scopes that may be searched: the workspace, the calling agent and conversation, or all agents",
        }),
        hits_max: z.int().meta({ description: "Hits of one search" }),
        per_minute: z.int(),
      }),
    ),
    state: z.boolean(),
    clock: z.boolean(),
    random: z.boolean(),
    environment: z.array(z.string()),
  })
  .meta({ id: "ToolGrants" });

export const ToolPublisher = z
  .object({
    state: z.enum(["built-in", "signed", "unknown-key", "unsigned", "remote"]).meta({
      description: "signed: by a key of tools.trusted_keys; unknown-key: intact, by an untrusted key",
    }),
    name: z.string().nullable().meta({ description: "The trusted key's name" }),
    key_id: z.string().nullable(),
  })
  .meta({ id: "ToolPublisher" });
export type ToolPublisher = z.infer<typeof ToolPublisher>;

export const ToolChange = z
  .object({
    kind: z.enum([
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
    ]),
    tool: z.string().nullable(),
    path: z.string().meta({ description: "Dotted path in a schema, or the name of a limit; else empty" }),
    before: z.string().nullable(),
    after: z.string().nullable(),
    asks: z.boolean().meta({ description: "Whether it is pending unless `accept` is always" }),
    text: z.string().meta({ description: "The change in one line" }),
  })
  .meta({ id: "ToolChange" });
export type ToolChange = z.infer<typeof ToolChange>;

export const ToolServerHealth = z
  .object({
    health: z.enum(["healthy", "degraded", "unhealthy", "unknown"]),
    note: z.string().meta({ description: "Reason, as a sentence" }),
    uptime_ms: z.number().meta({ description: "Time since the serving revision was loaded; 0 if none is" }),
    calls: z.int(),
    failures: z.int(),
    average_ms: z.number().nullable(),
    check: z
      .object({ at: Instant, ok: z.boolean(), duration_ms: z.number(), note: z.string() })
      .nullable()
      .meta({ description: "Last health check, which starts a separate instance and lists its tools" }),
  })
  .meta({ id: "ToolServerHealth" });
export type ToolServerHealth = z.infer<typeof ToolServerHealth>;

const Origin = z.enum(["built-in", "uploaded", "directory", "remote"]);

export const ToolServerSummary = z
  .object({
    name: z.string(),
    origin: Origin,
    revision: z.int().nullable().meta({ description: "The serving revision" }),
    version: z.string(),
    description: z.string(),
    interface: Interface,
    sandboxed: z.boolean(),
    state: State,
    reason: z.string(),
    health: z.enum(["healthy", "degraded", "unhealthy", "unknown"]),
    tools: z.int(),
    calls: z.int().meta({ description: "Since the server process started" }),
    failures: z.int(),
    calls_under_way: z.int(),
    pending_revision: z
      .int()
      .nullable()
      .meta({ description: "Revision pending acceptance; the previous one keeps serving" }),
    publisher: ToolPublisher,
    deployed_at: Instant.nullable(),
    sign_in: ToolSignIn.nullable().meta({ description: "Null for a server without sign-in" }),
  })
  .meta({ id: "ToolServerSummary" });
export type ToolServerSummary = z.infer<typeof ToolServerSummary>;
export const ToolServerPage = page(ToolServerSummary).meta({ id: "ToolServerPage" });
export const ToolServerQuery = ListQuery.extend({
  state: State.optional(),
  origin: Origin.optional(),
  q: z.string().max(200).optional().meta({ description: "Part of a name, of a tool's name or of a description" }),
});

export const ToolServerVersion = z
  .object({
    revision: z.int(),
    version: z.string(),
    status: z.enum(["serving", "pending", "draining", "past"]),
    module_hash: z.string(),
    module_bytes: z.int(),
    interface: Interface,
    tools: z.int(),
    publisher: ToolPublisher,
    deployed_at: Instant,
    changes: z.array(ToolChange).meta({ description: "Differences from the previous stored revision" }),
  })
  .meta({ id: "ToolServerVersion" });
export type ToolServerVersion = z.infer<typeof ToolServerVersion>;
export const ToolServerVersionPage = page(ToolServerVersion).meta({ id: "ToolServerVersionPage" });

const Spread = z.object({ p50: z.number(), max: z.number() });
const UsageFigures = {
  calls: z.int(),
  done: z.int(),
  failed: z.int(),
  failures: z.record(z.string(), z.int()).meta({ description: "By reason" }),
};

export const ToolServerUsage = z
  .object({
    since: Instant,
    ...UsageFigures,
    denied: z.int().meta({ description: "Uses without a grant" }),
    fuel: z.number(),
    duration_ms: z.number(),
    tools: z.array(
      z.object({
        tool: z.string(),
        ...UsageFigures,
        fuel: Spread.meta({ description: "p50 is of the last 256 calls, max of all" }),
        memory_bytes: Spread,
        duration_ms: Spread,
        last_call_at: Instant.nullable(),
      }),
    ),
  })
  .meta({ id: "ToolServerUsage" });

export const ToolServerRecord = ToolServerSummary.omit({ tools: true, health: true })
  .extend({
    tools: z.array(ToolDetail),
    grants: ToolGrants.meta({
      description: "Effective values: those of the manifest, overridden by the configuration",
    }),
    grant_list: z.array(z.string()).meta({ description: "The same as text" }),
    requested_grants: ToolGrants.meta({ description: "Values that the manifest requests" }),
    limits: Limits,
    instance: z.enum(["run", "server"]).meta({ description: "Which calls share a guest: those of one run, or all" }),
    accept: z.enum(["always", "compatible", "ask"]),
    pins: z.object({
      module_hash: z.string(),
      manifest_hash: z.string(),
      tools: z.array(z.object({ name: z.string(), hash: z.string() })),
    }),
    pending: z
      .object({ revision: z.int(), version: z.string(), deployed_at: Instant, changes: z.array(ToolChange) })
      .nullable(),
    versions: z.array(ToolServerVersion).meta({ description: "The last ten, newest first" }),
    health: ToolServerHealth,
    usage: ToolServerUsage,
  })
  .meta({ id: "ToolServerRecord" });
export type ToolServerRecord = z.infer<typeof ToolServerRecord>;

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]).default(false);

/** As JSON, or as multipart/form-data whose `module` is the file itself. */
export const DeployToolServerBody = z
  .strictObject({
    module: z
      .unknown()
      .meta({ type: "string", description: "The WebAssembly module in base64; in multipart, the file" })
      .transform((value, issues): Uint8Array => {
        if (value instanceof Uint8Array && value.byteLength > 0) return value;
        issues.addIssue("expected base64");
        return z.NEVER;
      }),
    manifest: z.string().min(1).optional().meta({
      description: "The text of its tool.toml. Default: one with the name of the file, version 0.1.0 and no grants",
    }),
    file: z.string().max(1_000).optional().meta({
      description:
        "Name of the module's file, needed without a manifest. In multipart, default: the file name of module",
    }),
    signature: z.string().max(4_096).optional().meta({ description: "The text of its module.wasm.sig" }),
    dry_run: flag.meta({ description: "Report changes without applying them" }),
    accept: flag.meta({ description: "Activate it immediately, whatever changed" }),
  })
  .refine(({ manifest, file }) => (manifest ?? file) !== undefined, {
    error: "give manifest, or file",
    path: ["manifest"],
  })
  .meta({ id: "DeployToolServer" });

export const ToolServerDeployment = z
  .object({
    outcome: z.enum(["created", "updated", "unchanged", "pending"]),
    dry_run: z.boolean(),
    name: z.string(),
    revision: z.int().meta({ description: "With dry_run: the revision that the deployment would create" }),
    version: z.string(),
    module_hash: z.string(),
    module_bytes: z.int(),
    interface: Interface,
    tools: z.array(z.string()),
    grants: z.array(z.string()),
    publisher: ToolPublisher,
    changes: z.array(ToolChange),
    notes: z.array(z.string()).meta({ description: "Possible omissions, for example a grant that it needs" }),
  })
  .meta({ id: "ToolServerDeployment" });
export type ToolServerDeployment = z.infer<typeof ToolServerDeployment>;

export const ToolServerDifference = z
  .object({ name: z.string(), from: z.int(), to: z.int(), asks: z.boolean(), changes: z.array(ToolChange) })
  .meta({ id: "ToolServerDifference" });
export type ToolServerDifference = z.infer<typeof ToolServerDifference>;
export const VersionQuery = z.object({
  cursor: Cursor,
  limit: z.coerce.number().int().min(1).max(200).default(20),
});
export const DifferenceQuery = z.object({
  from: z.coerce.number().int().min(1).optional().meta({ description: "Default: the serving revision" }),
  to: z.coerce.number().int().min(1).optional().meta({ description: "Default: the pending revision, else the newest" }),
});

export const AcceptBody = z
  .strictObject({ revision: z.int().min(1).optional().meta({ description: "Refused if another revision is pending" }) })
  .meta({ id: "AcceptToolServer" });
export const ActivateBody = z.strictObject({ revision: z.int().min(1) }).meta({ id: "ActivateToolServer" });
export const PauseBody = z.strictObject({ reason: z.string().max(500).default("") }).meta({ id: "PauseToolServer" });
export const ModuleQuery = z.object({ revision: z.coerce.number().int().min(1).optional() });

export const ToolServerDeletion = z
  .object({
    name: z.string(),
    state: z.enum(["draining", "unloaded"]),
    calls_under_way: z.int().meta({ description: "Calls in flight; they complete normally" }),
  })
  .meta({ id: "ToolServerDeletion" });

/** What `GET /tool-servers/{name}/logs` sends to a reader of text/event-stream. */
export const ToolLogEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("line"), at: Instant, text: z.string() }),
    z.object({
      type: z.literal("gap"),
      lines: z.int().meta({ description: "Number of omitted lines, because the client read too slowly" }),
    }),
  ])
  .meta({ id: "ToolLogEvent" });
export type ToolLogEvent = z.infer<typeof ToolLogEvent>;
