import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import * as z from "zod";
import {
  checkAgainst,
  describeIssue,
  type Document,
  nearest,
  parseToml,
  parseYaml,
  renderProblem,
} from "../../text/documents/index.ts";
import type { Environment } from "../../text/references/index.ts";
import { accessVariables } from "./access-config.ts";
import { type Config, ConfigFile, PATH_SETTINGS, SHORT_VARIABLES } from "./config-schema.ts";
import {
  FOREIGN_SECRET,
  insteadOfKey,
  OTHER_VARIABLES,
  readForeignVariables,
  storageProblem,
} from "./foreign-settings.ts";
import { ConfigInvalidError, ConfigNotFoundError } from "./errors.ts";
import { mcpVariables } from "./protocols-config.ts";
import { withMcpFile } from "./mcp-file.ts";
import { modelVariables } from "./models-config.ts";

/** Origin of a setting: `flag`, `CAXTON_PORT`, a file with its line, or `default`. */
export type Origins = { readonly [setting: string]: string };

export type LoadedConfig = {
  readonly config: Config;
  readonly origins: Origins;
  /** The file in use, if any. */
  readonly file: string | undefined;
  readonly warnings: readonly string[];
  /** Variables of the environment that the models and the tools' grants read; nothing else of it is kept. */
  readonly environment: Environment;
  /** Secrets of tools by name, from `CAXTON_SECRET_<NAME>`; nothing but the vault may hold them. */
  readonly secrets: { readonly [name: string]: string };
};

/** Settings given on the command line, by dotted name; they win over everything. */
export type Flags = {
  readonly config?: string | undefined;
  readonly settings?: { readonly [setting: string]: unknown };
};

/** Reads flags, environment, file and defaults, in that order of strength. Throws ConfigInvalidError with every problem, ConfigNotFoundError. */
export function loadConfig(
  flags: Flags = {},
  environment: Environment = process.env,
  cwd: string = process.cwd(),
): LoadedConfig {
  const file = findFile(flags.config, environment, cwd);
  const document = file === undefined ? undefined : readConfigFile(file);
  const layered = layer(document, environment, flags.settings ?? {});
  const { config, warnings } = withMcpFile(parseLayered(layered, document), file);
  return {
    config: resolvePaths(config, layered.origins, file, cwd),
    origins: withDefaults(config, layered.origins),
    file,
    warnings: [...layered.warnings, ...warnings],
    environment: pickEnvironment(environment, config),
    secrets: pickSecrets(environment, config),
  };
}

/** JSON Schema (draft-07) of the file, for editors. */
export const configSchema = (): object => ({
  ...z.toJSONSchema(ConfigFile, { target: "draft-7", io: "input" }),
  $id: "/schema/config.v1.json",
  title: "caxton.toml",
});

/** Places a file is looked for, first found wins. */
export const configPlaces = (environment: Environment, cwd: string): readonly string[] => [
  join(cwd, "caxton.toml"),
  join(cwd, "caxton.yaml"),
  join(cwd, "caxton.yml"),
  ...[join(environment["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "caxton"), "/etc/caxton"].flatMap(
    (directory) => ["config.toml", "config.yaml", "config.yml"].map((name) => join(directory, name)),
  ),
];

function findFile(flag: string | undefined, environment: Environment, cwd: string): string | undefined {
  // Compose files write "not given" as an empty variable.
  const named = flag ?? (environment["CAXTON_CONFIG_PATH"] || environment["CAXTON_CONFIG"]);
  if (named === undefined || named === "") return configPlaces(environment, cwd).find((place) => existsSync(place));
  const path = resolve(cwd, named);
  if (existsSync(path)) return path;
  throw new ConfigNotFoundError(`there is no configuration file ${path}`, "Check --config or CAXTON_CONFIG_PATH.", {
    path,
  });
}

/** Throws ConfigNotFoundError for a directory, ConfigInvalidError for what cannot be read. */
function readConfigText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (error.code === "EISDIR")
      throw new ConfigNotFoundError(
        `${file} is a directory, not a configuration file`,
        "Name the file in it with --config or CAXTON_CONFIG_PATH.",
        { path: file },
        { cause: error },
      );
    throw invalid([`${file}: the file cannot be read (${String(error.code)}); check that this user may read it`]);
  }
}

function readConfigFile(file: string): Document {
  const text = readConfigText(file);
  const parsed = /\.ya?ml$/i.test(file) ? parseYaml(text, file) : parseToml(text, file);
  if (parsed.type === "parsed") return parsed.document;
  throw invalid(parsed.problems.map((problem) => renderProblem(problem, text, { colour: false })));
}

type Layered = {
  readonly values: Record<string, unknown>;
  readonly origins: Record<string, string>;
  readonly warnings: readonly string[];
};

function layer(
  document: Document | undefined,
  environment: Environment,
  flags: { readonly [setting: string]: unknown },
): Layered {
  const values: Record<string, unknown> = structuredClone(document?.data ?? {});
  const origins: Record<string, string> = {};
  for (const setting of leavesOf(values)) {
    const place = document?.locate(setting.split("."));
    origins[setting] = place ? `${document?.file}:${place.line}` : (document?.file ?? "file");
  }
  const warnings: string[] = [];
  const problems: string[] = [];
  // Setting names with single underscores are weaker than those that separate tables with two.
  const variables = Object.entries(environment).toSorted(
    ([one], [other]) => Number(one.includes("__")) - Number(other.includes("__")),
  );
  for (const [variable, text] of variables) {
    if (!variable.startsWith("CAXTON_") || variable.startsWith(SECRET_PREFIX)) continue;
    if (OTHER_VARIABLES.includes(variable)) continue;
    // Scripts and compose files write "not given" as an empty variable.
    if (text === undefined || text === "") continue;
    const setting = settingOf(variable) ?? plainSettingOf(variable);
    const problem = setting === undefined ? storageProblem(variable) : undefined;
    if (problem !== undefined) problems.push(problem);
    else if (setting === undefined) warnings.push(`${variable} is not a setting of Caxton and is ignored`);
    else if (setting === "server.port" && SERVICE_ADDRESS.test(text)) warnings.push(serviceWarning(variable, text));
    else set(values, origins, { setting, value: fromText(setting, text), origin: variable });
  }
  for (const [setting, value] of Object.entries(flags)) {
    if (value !== undefined) set(values, origins, { setting, value, origin: "flag" });
  }
  const foreign = readForeignVariables(environment, Reflect.get(Object(values["memory"]), "backend"));
  if (problems.length + foreign.problems.length > 0) throw invalid([...problems, ...foreign.problems]);
  for (const { variable, setting, value } of foreign.settings)
    if (origins[setting] === undefined) set(values, origins, { setting, value, origin: variable });
  return { values, origins, warnings: [...warnings, ...foreign.warnings] };
}

/** The setting of a variable that separates table and key with one underscore: `CAXTON_MEMORY_BACKEND`. */
function plainSettingOf(variable: string): string | undefined {
  const words = variable.slice("CAXTON_".length).toLowerCase().split("_");
  const pathFrom = (schema: z.core.$ZodType | undefined, from: number): readonly string[] | undefined => {
    const settings = settingsIn(schema);
    for (let end = from + 1; end <= words.length; end += 1) {
      const key = words.slice(from, end).join("_");
      if (settings === undefined || !Object.hasOwn(settings, key)) continue;
      const rest = end === words.length ? [] : pathFrom(settings[key], end);
      if (rest !== undefined) return [key, ...rest];
    }
    return undefined;
  };
  const path = pathFrom(ConfigFile, 0);
  return path === undefined || path.length < 2 ? undefined : path.join(".");
}

/** Value that Kubernetes sets as `<SERVICE>_PORT` in every pod; a service called caxton must not stop the server. */
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//i;
const serviceWarning = (variable: string, text: string): string =>
  `${variable}=${text} is the address of a Kubernetes service, not a port, and is ignored; enableServiceLinks: false in the pod keeps it away`;

function settingOf(variable: string): string | undefined {
  const short = SHORT_VARIABLES[variable];
  if (short !== undefined) return short;
  const [table, key, inner, ...rest] = variable.slice("CAXTON_".length).toLowerCase().split("__");
  if (table === undefined || key === undefined || !(table in ConfigFile.shape)) return undefined;
  if (inner === undefined) return `${table}.${key}`;
  // Of tables whose keys people choose, such as names of providers, nothing can be said in a variable.
  const settings = settingsIn(settingsIn(ConfigFile)?.[table])?.[key];
  return rest.length === 0 && settingsIn(settings) !== undefined ? `${table}.${key}.${inner}` : undefined;
}

/** The settings of a table, whatever stands for it when it is absent; undefined for what is no table of settings. */
function settingsIn(schema: z.core.$ZodType | undefined): Readonly<Record<string, z.core.$ZodType>> | undefined {
  if (schema instanceof z.ZodObject) return schema.shape;
  const isWrapped =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  if (isWrapped) return settingsIn(schema.unwrap());
  return schema instanceof z.ZodPipe ? settingsIn(schema.in) : undefined;
}

/** Returns the settings of the table at a path; undefined if there is no table. */
const tableAt = (path: readonly PropertyKey[]): Readonly<Record<string, z.core.$ZodType>> | undefined =>
  path.reduce<Readonly<Record<string, z.core.$ZodType>> | undefined>(
    (table, key) => settingsIn(table?.[String(key)]),
    ConfigFile.shape,
  );

/** `a.b.c` with a value as `{a: {b: {c: value}}}`, beside what is there. */
function within(before: unknown, [key = "", ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const table: Record<string, unknown> = { ...(typeof before === "object" ? before : {}) };
  return { ...table, [key]: rest.length === 0 ? value : within(table[key], rest, value) };
}

/** A variable's text as the type its setting wants: text where that fits, else what it means as JSON. */
function fromText(setting: string, text: string): unknown {
  const [key = "", ...table] = setting.split(".").toReversed();
  const leaf = tableAt(table.toReversed())?.[key];
  // Of a setting that does not exist, the check of the whole says what was meant.
  if (leaf === undefined || z.safeParse(leaf, text).success) return text;
  try {
    // What fits neither way is refused as what it means: "expected at most 65535, got 99999".
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function set(
  values: Record<string, unknown>,
  origins: Record<string, string>,
  { setting, value, origin }: { readonly setting: string; readonly value: unknown; readonly origin: string },
): void {
  const [table = "", ...rest] = setting.split(".");
  values[table] = within(values[table], rest, value);
  origins[setting] = origin;
}

function parseLayered({ values, origins }: Layered, document: Document | undefined): Config {
  if (document) {
    const checked = checkAgainst(document, ConfigFile);
    if (checked.type === "invalid")
      throw invalid(
        checked.problems.map((problem) => {
          const fix = (problem.code === "UNKNOWN_KEY" ? insteadOfKey(problem.path) : undefined) ?? problem.fix;
          return renderProblem({ ...problem, fix }, document.text, { colour: false });
        }),
      );
  }
  const parsed = ConfigFile.safeParse(values, { reportInput: true, error: describeIssue });
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.flatMap((issue) => {
      const setting = issue.path.join(".");
      if (issue.code !== "unrecognized_keys") return [`${origins[setting] ?? setting}: ${setting}: ${issue.message}`];
      const known = Object.keys(tableAt(issue.path) ?? {});
      return issue.keys.map((key) => {
        const [best] = nearest(key, known);
        const origin = origins[`${setting}.${key}`] ?? setting;
        return `${origin}: there is no setting ${setting}.${key}${best === undefined ? "" : `; did you mean ${setting}.${best}?`}`;
      });
    }),
  );
}

const invalid = (rendered: readonly string[]): ConfigInvalidError =>
  new ConfigInvalidError(
    `the configuration has ${rendered.length === 1 ? "a problem" : `${rendered.length} problems`}:\n${rendered.join("\n")}`,
    "`caxton config schema` prints every setting; `caxton config validate` checks a file.",
    { problems: rendered },
  );

function leavesOf(values: object, prefix = ""): readonly string[] {
  return Object.entries(values).flatMap(([key, value]: [string, unknown]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? leavesOf(value, `${prefix}${key}.`)
      : [`${prefix}${key}`],
  );
}

function resolvePaths(config: Config, origins: Origins, file: string | undefined, cwd: string): Config {
  const base = (setting: (typeof PATH_SETTINGS)[number]): string =>
    file !== undefined && origins[setting]?.startsWith(file) ? dirname(file) : cwd;
  const place = (setting: (typeof PATH_SETTINGS)[number], value: string): string =>
    isAbsolute(value) ? value : resolve(base(setting), value);
  const { scripted_directory: scripted, prices_file: prices } = config.models;
  const { tls } = config.server;
  const { key_file: keyFile } = config.secrets;
  const { watch_root: watched } = config.files;
  return {
    ...config,
    ...(tls !== undefined && {
      server: {
        ...config.server,
        tls: {
          ...tls,
          certificate: place("server.tls.certificate", tls.certificate),
          private_key: place("server.tls.private_key", tls.private_key),
          ...(tls.client_ca !== undefined && { client_ca: place("server.tls.client_ca", tls.client_ca) }),
        },
      },
    }),
    data: { ...config.data, directory: place("data.directory", config.data.directory) },
    agents: { ...config.agents, directory: place("agents.directory", config.agents.directory) },
    files: {
      ...config.files,
      root: place("files.root", config.files.root),
      ...(watched !== undefined && { watch_root: place("files.watch_root", watched) }),
    },
    tools: { ...config.tools, directory: place("tools.directory", config.tools.directory) },
    secrets: {
      ...config.secrets,
      ...(keyFile !== undefined && { key_file: place("secrets.key_file", keyFile) }),
    },
    models: {
      ...config.models,
      ...(scripted === undefined ? {} : { scripted_directory: place("models.scripted_directory", scripted) }),
      ...(prices === undefined ? {} : { prices_file: place("models.prices_file", prices) }),
    },
  };
}

function withDefaults(config: Config, origins: Origins): Origins {
  // A variable may have set a whole table.
  const originOf = (setting: string) => origins[setting] ?? origins[setting.slice(0, setting.lastIndexOf("."))];
  return Object.fromEntries(leavesOf(config).map((setting) => [setting, originOf(setting) ?? "default"]));
}

/** True if definitions may refer to a variable by its name alone. */
export const isReferable = (name: string): boolean => /^[A-Z][A-Z0-9_]*_(API_KEY|BASE_URL)$/.test(name);

const SECRET_PREFIX = "CAXTON_SECRET_";

function pickSecrets(environment: Environment, { memory }: Config): { readonly [name: string]: string } {
  const { [FOREIGN_SECRET]: foreign } = environment;
  const own = Object.entries(environment).flatMap(([variable, value]) =>
    variable.startsWith(SECRET_PREFIX) && value ? [[variable.slice(SECRET_PREFIX.length), value] as const] : [],
  );
  const isForeign = foreign && memory.neo4j.password_secret === FOREIGN_SECRET;
  return { ...(isForeign && { [FOREIGN_SECRET]: foreign }), ...Object.fromEntries(own) };
}

/** Keeps only what models, definitions and granted tools may read, so that no other part can leak the rest. */
function pickEnvironment(environment: Environment, config: Config): Environment {
  const granted = Object.values(config.tool_servers).flatMap(({ grants }) => grants.environment ?? []);
  const wanted = new Set([
    ...modelVariables(config.models),
    ...accessVariables(config.access),
    ...granted,
    ...config.models.environment,
    ...mcpVariables(config),
  ]);
  const isKept = (name: string): boolean => !name.startsWith(SECRET_PREFIX) && (wanted.has(name) || isReferable(name));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => isKept(name)));
}
