import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { configPlaces, loadConfig } from "./config.ts";
import { ConfigInvalidError, ConfigNotFoundError } from "./errors.ts";

// verifies("config.precedence", "config.places", "config.unknown-key", "documents.environment")
// verifies("documents.cluster-refused")

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "caxton-config-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("an empty variable counts as unset", () => {
  const { config, origins, warnings, file } = loadConfig(
    {},
    {
      CAXTON_PORT: "",
      CAXTON_HOST: "",
      CAXTON_DATA_DIR: "",
      CAXTON_CONFIG_PATH: "",
      CAXTON_MODELS__DEFAULT: "",
      CAXTON_NOTHING_KNOWN: "",
      XDG_CONFIG_HOME: "",
    },
    directory,
  );
  expect(config.server).toMatchObject({ port: 8080, host: "127.0.0.1" });
  expect(config.models.default).toBeUndefined();
  expect(origins["server.port"]).toBe("default");
  expect(file).toBeUndefined();
  expect(warnings).toEqual([]);
});

test.each(["tcp://10.0.0.1:8080", "udp://[fd00::1]:53"])(
  "CAXTON_PORT=%s, which Kubernetes sets for a service called caxton, is ignored with a warning",
  (text) => {
    const { config, warnings } = loadConfig({}, { CAXTON_PORT: text }, directory);
    expect(config.server.port).toBe(8080);
    expect(warnings).toEqual([expect.stringMatching(/^CAXTON_PORT=.*Kubernetes.*enableServiceLinks/)]);
  },
);

test("a flag takes precedence over a variable, a variable over the file, the file over the default", () => {
  const path = join(directory, "layers.toml");
  writeFileSync(path, '[server]\nport = 1001\nhost = "::1"\n[log]\nlevel = "warn"\n');
  const environment = { CAXTON_CONFIG_PATH: path, CAXTON_PORT: "1002", CAXTON_HOST: "localhost" };
  const { config, origins } = loadConfig({ settings: { "server.port": 1003 } }, environment, directory);
  expect(config.server).toMatchObject({ port: 1003, host: "localhost" });
  expect(config.log.level).toBe("warn");
  expect(config.runs.concurrent_max).toBe(loadConfig({}, {}, directory).config.runs.concurrent_max);
  expect(origins).toMatchObject({
    "server.port": "flag",
    "server.host": "CAXTON_HOST",
    "log.level": `${path}:5`,
    "runs.concurrent_max": "default",
  });
});

test("a port that is no port is still refused, naming the variable", () => {
  expect(() => loadConfig({}, { CAXTON_PORT: "eighty" }, directory)).toThrow(/CAXTON_PORT: server\.port/);
});

test.each([
  ["min_strength", 1.1],
  ["min_relation_strength", -0.1],
  ["scopes", ["team"]],
  ["metadata", "passing"],
] as const)("a policy of retention whose %s is %j is refused by its name", (key, value) => {
  const settings = { [`memory.retention.${key}`]: value };
  expect(() => loadConfig({ settings }, {}, directory)).toThrow(`memory.retention.${key}`);
});

test.each(["*", "null", "https://*.example.com", "app.example.com", "https://app.example.com/page"])(
  "an origin whose pages may use the server is exact: %s is refused",
  (origin) => {
    expect(() => loadConfig({ settings: { "server.allowed_origins": [origin] } }, {}, tmpdir())).toThrow(
      /allowed_origins.*scheme, host and port alone/s,
    );
  },
);

test("a directory given as the configuration file is said to be one", () => {
  const path = join(directory, "etc");
  mkdirSync(path);
  for (const load of [
    () => loadConfig({ config: path }, {}, directory),
    () => loadConfig({}, { CAXTON_CONFIG_PATH: path }, directory),
  ]) {
    expect(load).toThrow(ConfigNotFoundError);
    expect(load).toThrow(`${path} is a directory, not a configuration file`);
  }
});

test("a configuration file below a file is not there", () => {
  const path = join(directory, "plain.toml");
  writeFileSync(path, "");
  expect(() => loadConfig({ config: join(path, "caxton.toml") }, {}, directory)).toThrow(ConfigNotFoundError);
});

test("a configuration file that cannot be read is said not to be readable", () => {
  // Reading a process's memory from its first byte fails for every user, the one who may read all files included.
  const path = process.platform === "linux" ? "/proc/self/mem" : join(directory, "locked.toml");
  if (process.platform !== "linux") {
    writeFileSync(path, "");
    chmodSync(path, 0);
  }
  const load = () => loadConfig({ config: path }, {}, directory);
  expect(load).toThrow(ConfigInvalidError);
  expect(load).toThrow(`${path}: the file cannot be read (`);
});

test("secrets of tools are separate from settings and from variables that definitions and models may read", () => {
  const environment = { CAXTON_SECRET_TOKEN: "hidden-1", CAXTON_SECRET_EMPTY: "", CAXTON_SECRET_X_API_KEY: "hidden-2" };
  const { secrets, warnings, environment: kept, config } = loadConfig({}, environment, directory);
  expect(secrets).toEqual({ TOKEN: "hidden-1", X_API_KEY: "hidden-2" });
  expect(warnings).toEqual([]);
  expect(JSON.stringify([kept, config])).not.toContain("hidden");
});

test("places of memory have defaults, and hold no password", () => {
  const { config } = loadConfig(
    {},
    { CAXTON_MEMORY__BACKEND: "qdrant", CAXTON_MEMORY__QDRANT__COLLECTION: "notes" },
    directory,
  );
  expect(config.memory.backend).toBe("qdrant");
  expect(config.memory.qdrant).toEqual({ url: "http://127.0.0.1:6333", collection: "notes" });
  const url = "postgresql://me:letmein@db:5432/notes";
  const refused = () => loadConfig({}, { CAXTON_MEMORY__POSTGRESQL__URL: url }, directory);
  expect(refused).toThrow(/holds no password/u);
  expect(refused).not.toThrow(/letmein/u);
});

test("a setting of a table within a table is a variable too, also of one that has no defaults", () => {
  const environment = {
    CAXTON_MODELS__ROLES__EMBEDDING: "ollama/nomic-embed-text",
    CAXTON_RUNS__WORKERS__WARM: "3",
    CAXTON_MODELS__PROVIDERS__MINE__BASE_URL: "http://127.0.0.1:1",
    CAXTON_MODELS__PROVIDERS__MINE: "x",
  };
  const { config, origins, warnings } = loadConfig({}, environment, directory);
  expect(config.models.roles.embedding).toBe("ollama/nomic-embed-text");
  expect(origins["models.roles.embedding"]).toBe("CAXTON_MODELS__ROLES__EMBEDDING");
  expect(config.runs.workers.warm).toBe(3);
  // What people name themselves stands in the file.
  expect(warnings).toEqual([
    "CAXTON_MODELS__PROVIDERS__MINE__BASE_URL is not a setting of Caxton and is ignored",
    "CAXTON_MODELS__PROVIDERS__MINE is not a setting of Caxton and is ignored",
  ]);
});

test("a variable that names no setting, or has a value that does not fit, is named with what was meant", () => {
  expect(() => loadConfig({}, { CAXTON_RUNS__CONCURENT_MAX: "3" }, directory)).toThrow(
    "CAXTON_RUNS__CONCURENT_MAX: there is no setting runs.concurent_max; did you mean runs.concurrent_max?",
  );
  expect(() => loadConfig({}, { CAXTON_SERVER__PORT: "99999" }, directory)).toThrow(
    "CAXTON_SERVER__PORT: server.port: expected at most 65535, got 99999",
  );
});

const load = (environment: { readonly [name: string]: string }) => loadConfig({}, environment, directory);
const memoryOf = (environment: { readonly [name: string]: string }) => load(environment).config.memory;

test("a configuration file is found in each of the documents' places, as TOML and as YAML", () => {
  const places = configPlaces({ XDG_CONFIG_HOME: "/home/x/.config" }, "/srv/app");
  for (const place of ["/etc/caxton/config.yaml", "/home/x/.config/caxton/config.yaml", "/srv/app/caxton.yaml"])
    expect(places).toContain(place);
  const home = join(directory, "home");
  mkdirSync(join(home, "caxton"), { recursive: true });
  writeFileSync(join(home, "caxton", "config.yaml"), "server:\n  port: 9111\n");
  const found = load({ XDG_CONFIG_HOME: home });
  expect(found.config.server.port).toBe(9111);
  expect(found.file).toBe(join(home, "caxton", "config.yaml"));
  expect(load({ CAXTON_CONFIG: join(home, "caxton", "config.yaml") }).config.server.port).toBe(9111);
});

test("a variable that says where memory is kept is applied", () => {
  expect(memoryOf({ CAXTON_MEMORY_BACKEND: "qdrant", QDRANT_URL: "http://q:6333" })).toMatchObject({
    backend: "qdrant",
    qdrant: { url: "http://q:6333" },
  });
  const neo4j = { NEO4J_URI: "bolt://n:7687", NEO4J_USER: "ada", NEO4J_PASSWORD: "pw" };
  const loaded = load({ CAXTON_MEMORY_BACKEND: "neo4j", ...neo4j });
  expect(loaded.config.memory.neo4j).toMatchObject({
    url: "bolt://n:7687",
    user: "ada",
    password_secret: "NEO4J_PASSWORD",
  });
  expect(loaded.secrets).toEqual({ NEO4J_PASSWORD: "pw" });
  expect(loaded.warnings).toEqual([]);
  // What Caxton's own variable says is stronger.
  const own = { CAXTON_MEMORY__BACKEND: "neo4j", CAXTON_MEMORY__NEO4J__URL: "bolt://own:1", ...neo4j };
  expect(memoryOf(own).neo4j.url).toBe("bolt://own:1");
  expect(memoryOf({ CAXTON_MEMORY_BACKEND: "embedded", ...neo4j }).backend).toBe("embedded");
  expect(load({ ...neo4j, CAXTON_MEMORY_BACKEND: "embedded" }).secrets).toEqual({});
});

test.each([
  [{ NEO4J_URI: "bolt://n:7687" }, "set CAXTON_MEMORY_BACKEND=neo4j"],
  [{ QDRANT_URL: "http://q:6333" }, "or CAXTON_MEMORY_BACKEND=embedded"],
  [{ CAXTON_MEMORY_BACKEND: "neoj" }, "CAXTON_MEMORY_BACKEND: memory.backend"],
  [{ CAXTON_STORAGE_TYPE: "etcd" }, "CAXTON_STORAGE_TYPE cannot be applied: data is kept in data.directory"],
  [{ CAXTON_CLUSTER_ENABLED: "true" }, "CAXTON_CLUSTER_ENABLED cannot be applied: a server is one node"],
  [{ CAXTON_CONFIG: "/nowhere/config.yaml" }, "there is no configuration file /nowhere/config.yaml"],
])("%j, which cannot be applied, prevents the start", (environment, said) => {
  expect(() => load(environment)).toThrow(said);
});

test("other variables of the documents are applied, or a warning says what to use", () => {
  expect(load({ RUST_LOG: "warn,caxton=debug" })).toMatchObject({ config: { log: { level: "debug" } }, warnings: [] });
  expect(load({ RUST_LOG: "off" }).config.log.level).toBe("silent");
  expect(load({ RUST_LOG: "debug", CAXTON_LOG_LEVEL: "error" }).config.log.level).toBe("error");
  expect(load({ RUST_LOG: "hyper=debug" }).warnings).toEqual([expect.stringContaining("CAXTON_LOG_LEVEL")]);
  expect(load({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://jaeger:4317" }).warnings).toEqual([
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT is ignored: .*OTLP/),
  ]);
  expect(load({ CAXTON_RUNS_CONCURRENT_MAX: "7" }).config.runs.concurrent_max).toBe(7);
  expect(load({ CAXTON_NOTHING_KNOWN: "1" }).warnings).toHaveLength(1);
});

test("a key of the documents' files that is not there says what to write instead", () => {
  const file = join(directory, "documents.yaml");
  const text =
    "cluster:\n  enabled: true\nstorage:\n  type: etcd\nserver:\n  grpc_port: 50051\nmemory:\n  neo4j:\n    uri: x\n";
  writeFileSync(file, text);
  const said = () => loadConfig({ config: file }, {}, directory);
  expect(said).toThrow("fix: Remove it: a server is one node");
  expect(said).toThrow("fix: Remove it: data is kept in data.directory");
  expect(said).toThrow("fix: Remove it: write memory.neo4j.url");
  expect(said).not.toThrow("grpc_port");
});
