import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isJsonObject, type Json, Json as AnyJson } from "../../../src/kernel/json.ts";
import { METER_LIMITS, type MeterLimits, ModuleRefusedError } from "../../../src/tools/sandbox/meter/index.ts";
import { withinLimit } from "../../../src/tools/sandbox/meter/limits.ts";
import { configSchema } from "../../../src/server/index.ts";

const SOURCES = join(import.meta.dirname, "../../../src");
const schema = AnyJson.parse(configSchema());

/** The schemas that may stand under a key: a property, or the value of any name of a record. A variable is any property. */
function under(schemas: readonly Json[], key: string): readonly Json[] {
  return schemas.filter(isJsonObject).flatMap((one): readonly Json[] => {
    const { properties, additionalProperties, anyOf, allOf } = one;
    const isVariable = key.startsWith("$") && isJsonObject(properties);
    const found = isVariable ? Object.values(properties)[0] : isJsonObject(properties) ? properties[key] : undefined;
    const nested = [anyOf, allOf].flatMap((each) => (Array.isArray(each) ? under(each, key) : []));
    return [...[found ?? additionalProperties].filter((each) => each !== undefined), ...nested];
  });
}

const isThere = (schemas: readonly Json[], path: string): boolean =>
  path.split(".").reduce(under, schemas).some(isJsonObject);

/** What a hint may name without its table: the settings of the tool server, or remote server, that it is about. */
const OF_ONE_SERVER = ["tool_servers", "mcp_servers"].flatMap((table) => under(under([schema], table), "any"));
const TABLES = Object.keys(isJsonObject(schema) && isJsonObject(schema["properties"]) ? schema["properties"] : {});
const NAMED = new RegExp(
  `\\b(?:raise|raised with|lower|set|sets|unless|allow|see|by|with|in) \`?((?:${TABLES.join("|")})(?:\\.(?:[a-z][a-z_]*|\\$\\{\\w+\\}|<name>))+)(?![\\w(])`,
  "gi",
);
/** Names of files, and a word of FIPA. */
const OTHERS = /\.(?:ts|db|toml|yaml|wasm|json)$|^fipa\.acl\./;

test("each setting that a hint names exists", () => {
  const named = new Map<string, string>();
  for (const file of globSync("**/*.ts", { cwd: SOURCES, exclude: ["**/*.test.ts"] })) {
    const text = readFileSync(join(SOURCES, file), "utf8").replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
    for (const [, setting = ""] of text.matchAll(NAMED)) if (!OTHERS.test(setting)) named.set(setting, file);
    for (const [, key] of text.matchAll(/\braise\("(\w+)"\)/g)) named.set(`limits.${key}`, file);
  }
  expect([...named.keys()]).toEqual(
    expect.arrayContaining([
      "limits.memory_mib",
      "limits.deadline",
      "sandbox.processes",
      "server.limits.${resource}.${level}",
    ]),
  );
  const unknown = [...named].filter(([setting]) => !isThere([schema, ...OF_ONE_SERVER], setting));
  expect(unknown).toEqual([]);
});

function hintOf(name: keyof MeterLimits): string {
  try {
    withinLimit(METER_LIMITS, name, METER_LIMITS[name] + 1, 0);
  } catch (error) {
    if (error instanceof ModuleRefusedError) return error.hint;
  }
  return "";
}

test("a refusal of the meter names a setting or says that there is none", () => {
  expect(hintOf("memoryPagesMax")).toContain("raise limits.memory_mib in its tool.toml");
  expect(hintOf("typesMax")).toContain("no setting raises it");
  expect(hintOf("globalsMax")).toContain("no setting raises it");
});
