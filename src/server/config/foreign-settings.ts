import { LOG_LEVELS } from "../../kernel/log.ts";
import type { Environment } from "../../text/references/index.ts";

/** Variables of the Caxton documents and of related programs, with their meaning. */
type ForeignVariables = {
  /** Weaker than every other origin but the default. */
  readonly settings: readonly { readonly variable: string; readonly setting: string; readonly value: string }[];
  /** Variables that would change where data is stored and cannot be applied: the server must not start. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
};

const PLACES = {
  NEO4J_URI: { backend: "neo4j", setting: "memory.neo4j.url" },
  NEO4J_USER: { backend: "neo4j", setting: "memory.neo4j.user" },
  NEO4J_USERNAME: { backend: "neo4j", setting: "memory.neo4j.user" },
  QDRANT_URL: { backend: "qdrant", setting: "memory.qdrant.url" },
} as const;

/** A secret whose variable has no prefix. */
export const FOREIGN_SECRET = "NEO4J_PASSWORD";

/** `backend` is `memory.backend` where it is set; without it, a variable that names a memory server is a contradiction. */
export function readForeignVariables(environment: Environment, backend: unknown): ForeignVariables {
  const settings: { variable: string; setting: string; value: string }[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [variable, place] of Object.entries(PLACES)) {
    const value = environment[variable];
    if (value === undefined || value === "") continue;
    if (backend === place.backend) settings.push({ variable, setting: place.setting, value });
    else if (backend === undefined && place.setting.endsWith(".url"))
      problems.push(
        `${variable} is set, but memory.backend is not: set CAXTON_MEMORY_BACKEND=${place.backend} to keep memory there, or CAXTON_MEMORY_BACKEND=embedded to keep it in the data directory`,
      );
  }
  if (backend === "neo4j" && environment[FOREIGN_SECRET])
    settings.push({ variable: FOREIGN_SECRET, setting: "memory.neo4j.password_secret", value: FOREIGN_SECRET });
  const rust = environment["RUST_LOG"];
  if (rust !== undefined && rust !== "") {
    const level = levelOf(rust);
    if (level === undefined) warnings.push(`RUST_LOG=${rust} names no log level and is ignored; set CAXTON_LOG_LEVEL`);
    else settings.push({ variable: "RUST_LOG", setting: "log.level", value: level });
  }
  const otlp = Object.keys(environment).find((name) => name.startsWith("OTEL_EXPORTER_OTLP_") && environment[name]);
  if (otlp !== undefined)
    warnings.push(
      `${otlp} is ignored: this version does not export traces or metrics over OTLP; Prometheus can read /metrics`,
    );
  return { settings, problems, warnings };
}

/** The level for `caxton` in filters such as `info`, `warn,caxton=debug`; undefined for others. */
function levelOf(filters: string): string | undefined {
  const parts = filters
    .toLowerCase()
    .split(",")
    .map((part) => part.trim());
  const own = parts.find((part) => part.startsWith("caxton="))?.slice("caxton=".length);
  const level = own ?? parts.find((part) => !part.includes("=")) ?? "";
  const known = level === "off" ? "silent" : level;
  return LOG_LEVELS.find((name) => name === known);
}

const STORAGE = "data is kept in data.directory (CAXTON_DATA_DIR), and memory where memory.backend says";
const INSTEAD = new Map(
  Object.entries({
    cluster: "a server is one node, and clusters are not supported yet: run one server",
    storage: STORAGE,
    database: STORAGE,
    runtime: "limits are in runs (concurrent_max, queued_max, timeout) and in tool_servers.<name>.limits",
    messaging: "write messages",
    llm: "write models (default, providers)",
    observability: "write log.level; Prometheus reads /metrics of the server's port",
    metrics: "Prometheus reads /metrics of the server's port",
    tracing: "traces are not exported yet; every run is journaled: caxton run get",
    security: "users and keys are not supported yet; the server listens on 127.0.0.1 only",
    backup: "write memory.snapshots, or copy data.directory of a stopped server",
    "server.data_dir": "write data.directory",
    "server.agents_dir": "write agents.directory",
    "server.dashboard_enabled": "write server.dashboard",
    "server.metrics_port": "/metrics is on server.port",
    "server.streams_max": "write server.limits.streams.server",
    "server.streams_per_client_max": "write server.limits.streams.address",
    "server.tls.enabled": "TLS is on with server.tls.certificate",
    "server.tls.cert_file": "write server.tls.certificate",
    "server.tls.key_file": "write server.tls.private_key",
    "memory.embedded": "write its keys into memory; the file is memory.db of data.directory",
    "memory.neo4j.uri": "write memory.neo4j.url",
    "memory.neo4j.username": "write memory.neo4j.user",
    "memory.neo4j.password": "write memory.neo4j.password_secret, and the password into CAXTON_SECRET_<name>",
    "memory.qdrant.host": "write memory.qdrant.url",
    "memory.qdrant.port": "write memory.qdrant.url",
    "memory.qdrant.collection_name": "write memory.qdrant.collection",
  }),
);

/** Returns the replacement of a key of the documents' configuration files; undefined for other keys. */
export const insteadOfKey = (path: string): string | undefined => {
  const found = INSTEAD.get(path);
  return found === undefined ? undefined : `Remove it: ${found}.`;
};

/** Returns the replacement of a `CAXTON_` variable that would change where data is stored; undefined for others. */
export function storageProblem(variable: string): string | undefined {
  const table = /^CAXTON_(STORAGE|DATABASE|CLUSTER)(?:_|$)/.exec(variable)?.[1]?.toLowerCase();
  const instead = table === undefined ? undefined : INSTEAD.get(table);
  return instead === undefined ? undefined : `${variable} cannot be applied: ${instead}. Remove the variable`;
}

/** Variables that are not settings of the server. */
export const OTHER_VARIABLES: readonly string[] = [
  "CAXTON_CONFIG_PATH",
  "CAXTON_CONFIG",
  "CAXTON_SERVER",
  "CAXTON_TOKEN",
  "CAXTON_CONTEXT",
  "CAXTON_WORKSPACE",
  "CAXTON_CA_FILE",
  "CAXTON_CLIENT_CERT",
  "CAXTON_CLIENT_KEY",
  "CAXTON_OUTPUT",
];
