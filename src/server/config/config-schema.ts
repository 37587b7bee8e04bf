import * as z from "zod";
import { AccessTable, AuditTable } from "./access-config.ts";
import { GuardLimitsTable, ServerContextTable } from "./context-config.ts";
import { BudgetsTable } from "./budgets-config.ts";
import { FipaTable } from "./fipa-config.ts";
import { ServerMemoryTable } from "./memory-config.ts";
import { MessagesTable } from "./messages-config.ts";
import { AddressRange, ServerLimitsTable, TlsTable } from "./listener-config.ts";
import { TasksTable } from "./tasks-config.ts";
import { durationText, sizeText } from "../../text/documents/index.ts";
import { RedactionTable } from "./redaction-config.ts";
import { ModelsTable, origin, PageOrigin } from "./models-config.ts";
import { McpServerName, McpServerTable, McpTable, OpenAiTable } from "./protocols-config.ts";
import { RUN_ISOLATIONS } from "../../agents/definitions/index.ts";
import { CONFINEMENT_MODES, ISOLATIONS } from "../../tools/sandbox/index.ts";
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
      .meta({ description: 'Address to listen on; beyond loopback it needs access.mode = "required"' }),
    port: z.int().min(0).max(65_535).default(8080).meta({ description: "0 takes any free port" }),
    grpc_port: z.int().min(0).max(65_535).optional().meta({
      description: "Second port that serves the same as port, for clients that expect gRPC at 50051. Default: none",
    }),
    shutdown_timeout: durationText({ maxMs: 3_600_000 }).prefault("10s").meta({
      description: "Time for running runs to finish at shutdown; unfinished runs resume at the next start",
    }),
    dashboard: z.boolean().default(true).meta({ description: "Serve the dashboard at /ui/" }),
    limits: ServerLimitsTable.meta({
      description:
        "Limits for all clients (server), and per workspace, principal and address; without access control only those for all clients have a default",
    }),
    allow_unauthenticated: z.boolean().default(false).meta({
      description: "Listen beyond loopback without access control; every client that reaches the port can run agents",
    }),
    allowed_hosts: z
      .array(z.string())
      .default([])
      .meta({ description: "Host names that browsers may use for this server, in addition to loopback" }),
    allowed_origins: z
      .array(PageOrigin)
      .max(1_000)
      .default([])
      .meta({
        description: "Origins whose web pages may use the server, with a key; cookies are never taken from them",
        examples: [["https://app.example.com"]],
      }),
    public_url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({
        description: "URL at which browsers reach the server; default: that of each request",
        examples: ["https://caxton.example.com"],
      }),
    trusted_proxies: z.array(AddressRange).max(1_000).default([]).meta({
      description:
        "Addresses and ranges of the proxies whose X-Forwarded-For, -Proto and -Host name the client, the protocol and the host",
    }),
    tls: TlsTable.optional().meta({
      description: "Serve HTTPS on every port of the server; changed files are used without a restart",
    }),
  })
  .prefault({});

const DataTable = z
  .strictObject({
    directory: path("./.caxton"),
    synchronous: z.enum(["normal", "full"]).default("normal").meta({
      description:
        "normal: no data is lost if the process dies; full: nor at a power failure, at the cost of one fsync per commit",
    }),
  })
  .prefault({});

const AgentsTable = z
  .strictObject({
    directory: path("./agents").meta({ description: "Directory of definitions; changed ones are deployed at startup" }),
  })
  .prefault({});

const RunsTable = z
  .strictObject({
    concurrent_max: z.int().min(1).max(10_000).default(LIMITS.runsConcurrentMax),
    queued_max: z.int().min(0).max(1_000_000).default(LIMITS.runsQueuedMax),
    timeout: durationText({ minMs: 100 })
      .prefault("10m")
      .meta({ description: "Time limit of runs whose definition sets none" }),
    model_attempts: z
      .int()
      .min(1)
      .max(10)
      .default(2)
      .meta({ description: "Maximum attempts per model turn, the first included" }),
    model_retry_total: durationText()
      .prefault("15s")
      .meta({ description: "Time limit for starting another attempt of a model turn" }),
    isolation: z.enum(RUN_ISOLATIONS).default("context").meta({
      description:
        "Isolation of runs whose definition sets none: context (in the server process) or worker (each in its own worker thread)",
    }),
    workers: z
      .strictObject({
        warm: z.int().min(0).max(64).default(2).meta({
          description: "Pre-started workers, each for one run; none is started before the first isolated run",
        }),
        max: z.int().min(1).max(256).default(16).meta({
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
      description: "Time a run waits for a decision after its model failed; then the run fails",
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
      description: 'Delete finished runs, with their steps, files and texts, after this long; "never" keeps them',
    }),
    runs_max: keptCount().default(0).meta({
      description: "Maximum finished runs kept per workspace; the oldest are deleted first; 0 sets no limit",
    }),
    workspaces: z
      .record(z.string(), z.strictObject({ runs: keptFor().optional(), runs_max: keptCount().optional() }))
      .default({})
      .meta({ description: "Overrides per workspace, by name" }),
  })
  .prefault({});

const FilesTable = z
  .strictObject({
    root: path(".").meta({ description: "Base directory of tools' relative paths and granted directories" }),
    watch_root: z.string().min(1).optional().meta({
      description:
        "Directory with a folder for each workspace in which file triggers watch; unset, file triggers are refused",
    }),
    upload_bytes_max: sizeText({ minBytes: 1, maxBytes: 16 * 1024 ** 3 }).prefault("256MiB"),
    waiting_bytes_max: sizeText({ minBytes: 1, maxBytes: 1024 ** 5 })
      .prefault("8GiB")
      .meta({
        description: "Maximum bytes of a workspace's uploads that no run has taken; they are deleted after 24 hours",
      }),
  })
  .prefault({});

const PermissionsTable = z
  .strictObject({
    ...ruleLists,
    ask_destructive: z.boolean().default(false).meta({
      description: "Require approval for calls of tools marked destructive, unless a rule of this table allows them",
    }),
    expires: expiresText.prefault("24h").meta({ description: "Time until an unanswered approval expires" }),
    on_expiry: z.enum(ON_EXPIRY).default("refuse").meta({
      description: "Action when an approval expires: refuse (deny the call) or fail (fail the run)",
    }),
    approvers: approverNames.default([]).meta({
      description: "Roles that may answer approvals, besides admin; default: every role",
    }),
  })
  .prefault({});

const SandboxTable = z
  .strictObject({
    processes: z.int().min(1).max(64).optional().meta({
      description: "Maximum child processes per trust group, started on demand; default: number of cores, at most 4",
    }),
    standby: z.boolean().default(true).meta({
      description:
        "Keep one child process pre-started, for the next trust group that needs one and for calls queued behind a long computation; uses about 40 MB of memory",
    }),
    isolation: z.enum(ISOLATIONS).default("process").meta({
      description:
        "Where tools run: process (a child process) or worker (a worker thread: lighter, for development; enforces every limit, but is no process boundary)",
    }),
    confinement: z.enum(CONFINEMENT_MODES).default("auto").meta({
      description:
        "Whether the operating system confines child processes (Linux: no_new_privs, Landlock, seccomp): auto (as far as it can), required (no tool server runs if it cannot) or off",
    }),
    cache_directory: z.string().min(1).optional().meta({
      description: "Directory of compiled modules; servers may share it; default: modules in the data directory",
    }),
    instance_idle: durationText({ minMs: 100, maxMs: 86_400_000 }).prefault("60s").meta({
      description: "Dispose of a tool server's idle instance after this long without calls",
    }),
    module_idle: durationText({ minMs: 100, maxMs: 86_400_000 }).prefault("10m").meta({
      description: "Evict a tool server's compiled module after this long without calls; the next call reloads it",
    }),
    child_idle: durationText({ minMs: 100, maxMs: 86_400_000 }).prefault("5m").meta({
      description: "Terminate a child process that has been empty for this long",
    }),
  })
  .prefault({});

const SecretsTable = z
  .strictObject({
    directories: z.array(z.string()).default(["./secrets", "/run/secrets"]).meta({
      description: "Directories of secrets, one file per secret, named after it; relative to the working directory",
    }),
    key_file: z.string().min(1).optional().meta({
      description: "File of the master key that encrypts stored secrets; default: secrets.key in the data directory",
    }),
  })
  .prefault({});

const WebhooksTable = z
  .strictObject({
    private_origins: z
      .array(origin)
      .default([])
      .meta({
        description:
          "Origins on this machine or in private networks to which webhooks may send, also by HTTP; others need HTTPS and a public address",
        examples: [["http://127.0.0.1:9000"]],
      }),
  })
  .prefault({})
  .meta({ description: "Events that are sent to addresses of users" });

const A2aTable = z
  .strictObject({
    private_origins: z
      .array(origin)
      .default([])
      .meta({
        description:
          "Origins on this machine or in private networks at which agents of other systems may be, also by HTTP; others need a public address",
        examples: [["http://127.0.0.1:9000"]],
      }),
  })
  .prefault({})
  .meta({ description: "Agents of other systems that take part in messaging over Agent2Agent" });

const GrantsKeptTable = z
  .strictObject({
    audit_max: z.int().min(1_000).max(100_000_000).default(200_000).meta({
      description: "Maximum recorded uses of grants, refused attempts included; the oldest are deleted first",
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
        "Directory of tool servers, one subdirectory each (module.wasm, tool.toml, optional module.wasm.sig); changed ones are deployed at startup",
    }),
    accept: z.enum(ACCEPTANCES).default("compatible").meta({
      description:
        "Tool server updates that need no approval: all, only compatible ones without further grants, or none",
    }),
    trusted_keys: z
      .record(
        z.string().min(1).max(100),
        z.string().regex(/^ed25519:[A-Za-z0-9+/]{43}=$/, {
          error: "expected a public key as `caxton tool keygen` prints it: ed25519: and base64",
        }),
      )
      .default({})
      .meta({ description: "Trusted public keys for signatures, by display name" }),
    require_signature: z.enum(SIGNATURE_RULES).default("never").meta({
      description:
        "Modules that must be signed with a trusted key: none, those deployed by request, or all except built-in ones",
    }),
    revisions_max: z
      .int()
      .min(2)
      .max(1_000)
      .default(10)
      .meta({ description: "Maximum revisions kept per tool server" }),
    drain_timeout: durationText({ maxMs: 600_000 }).prefault("60s").meta({
      description: "Time for the running calls of a deleted tool server to finish",
    }),
  })
  .prefault({});

const ToolServerTable = z.strictObject({
  enabled: z.boolean().default(true),
  accept: z.enum(ACCEPTANCES).optional().meta({ description: "Overrides tools.accept" }),
  group: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, { error: "a group is named by letters, digits, _ and -" })
    .optional()
    .meta({
      description: "Trust group: tool servers of one group share child processes; default: built-in, or deployed",
    }),
  dedicated: z.boolean().default(false).meta({ description: "Run this tool server in a dedicated child process" }),
  grants: GrantsTable.prefault({}).meta({
    description: "Override the grants that tool.toml requests, key by key",
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
  access: AccessTable,
  audit: AuditTable,
  data: DataTable,
  log: z.strictObject({ level: z.enum(LOG_LEVELS).default("info") }).prefault({}),
  agents: AgentsTable,
  runs: RunsTable,
  messages: MessagesTable,
  tasks: TasksTable,
  webhooks: WebhooksTable,
  a2a: A2aTable,
  mcp: McpTable,
  openai: OpenAiTable,
  memory: ServerMemoryTable,
  fipa: FipaTable,
  retention: RetentionTable,
  models: ModelsTable,
  budgets: BudgetsTable,
  context: ServerContextTable,
  limits: GuardLimitsTable,
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
    .meta({ description: "Overrides per tool server, by name" }),
  mcp_servers: z
    .record(McpServerName, McpServerTable)
    .default({})
    .meta({ description: "Remote MCP servers and local processes that provide tools, by name; not sandboxed" }),
  mcp_servers_file: z.string().min(1).optional().meta({
    description: "JSON file of mcpServers, as other MCP clients write it; mcp_servers takes precedence",
  }),
});
export type Config = z.output<typeof ConfigFile>;

/** Settings that hold a path, resolved against where they were set. */
export const PATH_SETTINGS = [
  "data.directory",
  "server.tls.certificate",
  "server.tls.private_key",
  "server.tls.client_ca",
  "agents.directory",
  "files.root",
  "files.watch_root",
  "models.scripted_directory",
  "models.prices_file",
  "tools.directory",
  "sandbox.cache_directory",
  "secrets.key_file",
] as const;

/** Short names of the settings people need first; every other is `CAXTON_<TABLE>__<KEY>`. */
export const SHORT_VARIABLES: { readonly [variable: string]: string } = {
  CAXTON_HOST: "server.host",
  CAXTON_PORT: "server.port",
  CAXTON_DATA_DIR: "data.directory",
  CAXTON_LOG_LEVEL: "log.level",
};
