import * as z from "zod";
import { ServerContextTable, ServerLimitsTable } from "./context-config.ts";
import { BudgetsTable } from "./budgets-config.ts";
import { FipaTable } from "./fipa-config.ts";
import { ServerMemoryTable } from "./memory-config.ts";
import { MessagesTable } from "./messages-config.ts";
import { TasksTable } from "./tasks-config.ts";
import { durationText, sizeText } from "../../text/documents/index.ts";
import { RedactionTable } from "./redaction-config.ts";
import { ModelsTable } from "./models-config.ts";
import { McpServerName, McpServerTable } from "./mcp-config.ts";
import { RUN_ISOLATIONS } from "../../agents/definitions/index.ts";
import { DEFAULT_WORKERS } from "../../runs/index.ts";
import { ISOLATIONS } from "../../tools/sandbox/index.ts";
import { LOG_LEVELS } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { ACCEPTANCES, SIGNATURE_RULES } from "../../tools/servers/index.ts";
import { approverNames, expiresText, ON_EXPIRY, ruleLists } from "../../agents/permissions/index.ts";
import { GrantsTable } from "../../tools/catalogue/index.ts";

const path = (fallback: string) =>
  z
    .string()
    .min(1)
    .default(fallback)
    .meta({ description: "Relative to the file that sets it, else to the working directory" });

const ServerTable = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .meta({ description: "Address to listen on; loopback until authentication is on" }),
    port: z.int().min(0).max(65_535).default(8080).meta({ description: "0 takes any free port" }),
    shutdown_timeout: durationText({ maxMs: 3_600_000 }).prefault("10s").meta({
      description: "How long running runs may take to end when the server stops; then they continue at the next start",
    }),
    dashboard: z.boolean().default(true).meta({ description: "Serve the dashboard at /ui/" }),
    streams_max: z
      .int()
      .min(1)
      .max(100_000)
      .default(LIMITS.streamsMax)
      .meta({ description: "Event streams open at once" }),
    streams_per_client_max: z
      .int()
      .min(1)
      .max(100_000)
      .default(LIMITS.streamsPerClientMax)
      .meta({ description: "Event streams of one address; raise it where all come through one proxy" }),
    allow_unauthenticated: z
      .boolean()
      .default(false)
      .meta({ description: "Listen beyond loopback although anyone who reaches the port can run agents" }),
    allowed_hosts: z
      .array(z.string())
      .default([])
      .meta({ description: "Host names besides loopback that a browser may use for this server" }),
  })
  .prefault({});

const DataTable = z
  .strictObject({
    directory: path("./.caxton"),
    synchronous: z.enum(["normal", "full"]).default("normal").meta({
      description:
        "normal: nothing is lost when the process dies; full: nor when the power fails, for an fsync a commit",
    }),
  })
  .prefault({});

const AgentsTable = z
  .strictObject({
    directory: path("./agents").meta({ description: "Definitions deployed at start when they changed" }),
  })
  .prefault({});

const RunsTable = z
  .strictObject({
    concurrent_max: z.int().min(1).max(10_000).default(LIMITS.runsConcurrentMax),
    queued_max: z.int().min(0).max(1_000_000).default(LIMITS.runsQueuedMax),
    timeout: durationText({ minMs: 100 }).prefault("10m").meta({ description: "For a definition that sets none" }),
    model_attempts: z
      .int()
      .min(1)
      .max(10)
      .default(2)
      .meta({ description: "Attempts of one model turn, the first included" }),
    model_retry_total: durationText()
      .prefault("15s")
      .meta({ description: "No attempt begins later than this after the turn began" }),
    isolation: z.enum(RUN_ISOLATIONS).default("context").meta({
      description:
        "Isolation of runs whose definition sets none: context (in the server process) or worker (each in its own worker thread)",
    }),
    workers: z
      .strictObject({
        warm: z.int().min(0).max(64).default(DEFAULT_WORKERS.warm).meta({
          description: "Pre-started workers, each for one run; none is started before the first isolated run",
        }),
        max: z.int().min(1).max(256).default(DEFAULT_WORKERS.max).meta({
          description: "Maximum concurrent runs in workers; further runs wait",
        }),
        memory: sizeText({ minBytes: 32 * 1024 ** 2, maxBytes: 4 * 1024 ** 3 })
          .prefault("256MiB")
          .meta({
            description: "Maximum heap of one worker; a run that needs more fails",
          }),
        unresponsive_after: durationText({ minMs: 500, maxMs: 600_000 }).prefault("10s").meta({
          description: "Terminate a worker that is unresponsive for this long; its run fails",
        }),
        idle: durationText({ minMs: 1_000, maxMs: 86_400_000 }).prefault("5m").meta({
          description: "Terminate the pre-started workers after this long without an isolated run",
        }),
      })
      .prefault({})
      .meta({ description: 'Workers for runs with isolation = "worker"' }),
    choice_timeout: durationText({ minMs: 1_000, maxMs: 31_536_000_000 }).prefault("24h").meta({
      description: "How long a run whose model failed waits for somebody to choose how it goes on; then it fails",
    }),
  })
  .prefault({});

const keptFor = () =>
  z.union([z.literal("never"), durationText({ minMs: 60_000, maxMs: 3_660 * 86_400_000 })], {
    error: 'expected a duration from "1m" to "3660d", or "never"',
  });
const keptCount = () => z.int().min(0).max(1_000_000_000);

const RetentionTable = z
  .strictObject({
    runs: keptFor().prefault("90d").meta({
      description:
        'How long ended runs are kept, with their steps, files and texts; "never" deletes none. Runs that have not ended are always kept',
    }),
    runs_max: keptCount().default(0).meta({
      description: "Ended runs kept at most in each workspace; those that ended first go first; 0 sets no limit",
    }),
    workspaces: z
      .record(z.string(), z.strictObject({ runs: keptFor().optional(), runs_max: keptCount().optional() }))
      .default({})
      .meta({ description: "Other values for single workspaces, by name" }),
  })
  .prefault({});

const FilesTable = z
  .strictObject({
    root: path(".").meta({ description: "What tools' relative paths and granted directories are relative to" }),
    upload_bytes_max: sizeText({ minBytes: 1, maxBytes: 16 * 1024 ** 3 }).prefault("256MiB"),
  })
  .prefault({});

const PermissionsTable = z
  .strictObject({
    ...ruleLists,
    ask_destructive: z.boolean().default(false).meta({
      description: "Ask for calls of tools that say they are destructive, where no rule of this table allows them",
    }),
    expires: expiresText.prefault("24h").meta({ description: "How long an approval waits for someone at most" }),
    on_expiry: z.enum(ON_EXPIRY).default("refuse").meta({
      description: "An approval that nobody gave: refuse tells the model that the call was refused, fail ends the run",
    }),
    approvers: approverNames.default([]).meta({
      description: "Roles that may answer approvals; admin always may, and where none is named everyone may",
    }),
  })
  .prefault({});

const SandboxTable = z
  .strictObject({
    processes: z.int().min(1).max(64).optional().meta({
      description: "Child processes of one trust group, started as they are needed; default: cores, at most 4",
    }),
    standby: z.boolean().default(true).meta({
      description:
        "Keep one child process pre-started, for the next trust group that needs one and for calls queued behind a long computation; uses about 40 MB of memory",
    }),
    isolation: z.enum(ISOLATIONS).default("process").meta({
      description:
        "Where tools run: process (a child process) or worker (a worker thread: lighter, for development; enforces every limit, but is no process boundary)",
    }),
    cache_directory: z.string().min(1).optional().meta({
      description:
        "Where modules that were made ready are kept; default: modules in the data directory. Several servers may share one",
    }),
    instance_idle: durationText({ minMs: 100, maxMs: 86_400_000 }).prefault("60s").meta({
      description: "A tool server without calls for this long gives up the instance it keeps ready",
    }),
    module_idle: durationText({ minMs: 100, maxMs: 86_400_000 }).prefault("10m").meta({
      description: "… and for this long its compiled module; the next call loads it again",
    }),
    child_idle: durationText({ minMs: 100, maxMs: 86_400_000 }).prefault("5m").meta({
      description: "A child process with nothing in it for this long ends",
    }),
  })
  .prefault({});

const SecretsTable = z
  .strictObject({
    directories: z.array(z.string()).default(["./secrets", "/run/secrets"]).meta({
      description: "Where secrets are, a file each with the name of one; relative to the working directory",
    }),
  })
  .prefault({});

const GrantsKeptTable = z
  .strictObject({
    audit_max: z.int().min(1_000).max(100_000_000).default(200_000).meta({
      description: "Uses of grants by tools, and refused attempts, that are kept; the oldest go first",
    }),
    audit_retention: durationText({ minMs: 60_000 })
      .prefault("30d")
      .meta({ description: "Maximum age of recorded uses" }),
  })
  .prefault({});

const ToolsTable = z
  .strictObject({
    directory: path("./tools").meta({
      description:
        "Tool servers deployed at start when they changed: a directory each, with module.wasm, tool.toml and perhaps module.wasm.sig",
    }),
    accept: z.enum(ACCEPTANCES).default("compatible").meta({
      description:
        "What a new version of a tool server may change without being accepted: anything, only what alters nothing known and wants nothing more, or nothing",
    }),
    trusted_keys: z
      .record(
        z.string().min(1).max(100),
        z.string().regex(/^ed25519:[A-Za-z0-9+/]{43}=$/, {
          error: "expected a public key as `caxton tool keygen` prints it: ed25519: and base64",
        }),
      )
      .default({})
      .meta({ description: "Public keys whose signatures count, by the name they are shown under" }),
    require_signature: z.enum(SIGNATURE_RULES).default("never").meta({
      description:
        "Which modules must be signed with a trusted key: none, those sent by request, or all that are not built in",
    }),
    revisions_max: z.int().min(2).max(1_000).default(10).meta({ description: "Revisions kept of each tool server" }),
    drain_timeout: durationText({ maxMs: 600_000 }).prefault("60s").meta({
      description: "How long a tool server that is deleted waits for its calls",
    }),
  })
  .prefault({});

const ToolServerTable = z.strictObject({
  enabled: z.boolean().default(true),
  accept: z.enum(ACCEPTANCES).optional().meta({ description: "Instead of tools.accept" }),
  group: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, { error: "a group is named by letters, digits, _ and -" })
    .optional()
    .meta({
      description: "Tool servers of one group share child processes, others do not; default: built-in, or deployed",
    }),
  dedicated: z.boolean().default(false).meta({ description: "It has a child process of its own" }),
  grants: GrantsTable.prefault({}).meta({
    description: "Replaces, key by key, what the server's tool.toml asks for",
  }),
  limits: z
    .strictObject({
      fuel_per_call: z.int().min(1_000).max(1_000_000_000_000).optional(),
      memory_mib: z.int().min(1).max(256).optional(),
      deadline: durationText({ minMs: 10, maxMs: 3_600_000 }).optional(),
      result_bytes: sizeText({ minBytes: 1_024, maxBytes: 16 * 1024 ** 2 }).optional(),
    })
    .prefault({}),
});

/** `caxton.toml`, whole. */
export const ConfigFile = z.strictObject({
  server: ServerTable,
  data: DataTable,
  log: z.strictObject({ level: z.enum(LOG_LEVELS).default("info") }).prefault({}),
  agents: AgentsTable,
  runs: RunsTable,
  messages: MessagesTable,
  tasks: TasksTable,
  memory: ServerMemoryTable,
  fipa: FipaTable,
  retention: RetentionTable,
  models: ModelsTable,
  budgets: BudgetsTable,
  context: ServerContextTable,
  limits: ServerLimitsTable,
  files: FilesTable,
  secrets: SecretsTable,
  redaction: RedactionTable,
  grants: GrantsKeptTable,
  sandbox: SandboxTable,
  permissions: PermissionsTable,
  tools: ToolsTable,
  tool_servers: z
    .record(z.string(), ToolServerTable)
    .default({})
    .meta({ description: "Operator's word on single tool servers, by name" }),
  mcp_servers: z
    .record(McpServerName, McpServerTable)
    .default({})
    .meta({ description: "Remote MCP servers and local processes that give tools, by name; not sandboxed" }),
  mcp_servers_file: z.string().min(1).optional().meta({
    description: "A JSON file of mcpServers, as other programs write it; those above go before it",
  }),
});
export type Config = z.output<typeof ConfigFile>;

/** Settings that hold a path, resolved against where they were set. */
export const PATH_SETTINGS = [
  "data.directory",
  "agents.directory",
  "files.root",
  "models.scripted_directory",
  "models.prices_file",
  "tools.directory",
  "sandbox.cache_directory",
] as const;

/** Short names of the settings people need first; every other is `CAXTON_<TABLE>__<KEY>`. */
export const SHORT_VARIABLES: { readonly [variable: string]: string } = {
  CAXTON_HOST: "server.host",
  CAXTON_PORT: "server.port",
  CAXTON_DATA_DIR: "data.directory",
  CAXTON_LOG_LEVEL: "log.level",
};

/** Variables that are not settings of the server. */
export const OTHER_VARIABLES: readonly string[] = [
  "CAXTON_CONFIG_PATH",
  "CAXTON_CONFIG",
  "CAXTON_SERVER",
  "CAXTON_TOKEN",
  "CAXTON_OUTPUT",
];
