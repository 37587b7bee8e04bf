import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "./config.ts";
import { ConfigInvalidError, ConfigNotFoundError } from "./errors.ts";

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

test("secrets of tools are told apart from settings, and from what definitions and models may read", () => {
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
    CAXTON_RUNS__THREADS__WARM: "3",
    CAXTON_MODELS__PROVIDERS__MINE__BASE_URL: "http://127.0.0.1:1",
    CAXTON_MODELS__PROVIDERS__MINE: "x",
  };
  const { config, origins, warnings } = loadConfig({}, environment, directory);
  expect(config.models.roles.embedding).toBe("ollama/nomic-embed-text");
  expect(origins["models.roles.embedding"]).toBe("CAXTON_MODELS__ROLES__EMBEDDING");
  expect(config.runs.threads.warm).toBe(3);
  // What people name themselves stands in the file.
  expect(warnings).toEqual([
    "CAXTON_MODELS__PROVIDERS__MINE__BASE_URL is not a setting of Caxton and is ignored",
    "CAXTON_MODELS__PROVIDERS__MINE is not a setting of Caxton and is ignored",
  ]);
});
