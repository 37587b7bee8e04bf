/**
 * `npx node scripts/client-types.ts <directory>` writes the declarations of the client that the package publishes: `index.d.ts` with a method for each operation,
 * `public.d.ts` with what is written by hand, `inputs.d.ts` and `outputs.d.ts` with the types of the operations' schemas.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execPath } from "node:process";
import { compile } from "json-schema-to-typescript";
import * as z from "zod";
import { rowOf, type Row } from "../src/api/client/index.ts";
import { type Operation, operations, takes } from "../src/api/contract/index.ts";

type Named = { readonly noun: string; readonly verb: string; readonly operation: Operation; readonly row: Row };

const isOperation = (value: unknown): value is Operation =>
  typeof value === "object" && value !== null && "queryNames" in value;

const named: readonly Named[] = Object.entries(operations).flatMap(([noun, verbs]) =>
  Object.entries(verbs).flatMap(([verb, operation]) =>
    isOperation(operation) ? [{ noun, verb, operation, row: rowOf(operation) }] : [],
  ),
);

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const typeName = ({ noun, verb }: Named, part: string): string => `${capital(noun)}${capital(verb)}${part}`;

type Types = {
  readonly text: string;
  /** Names of the types: a schema with an id is named by it, wherever it occurs. */
  readonly names: ReadonlyMap<string, string>;
};

const DEFINITIONS = "#/definitions/";
const JSON_SCHEMA = { unrepresentable: "any", target: "draft-7" } as const;

/** Types of several schemas in one file; what they share has one type. `io` selects the form before or after defaults. */
async function typesOf(schemas: ReadonlyMap<string, z.ZodType>, io: "input" | "output"): Promise<Types> {
  const names = new Map<string, string>();
  const definitions: { [name: string]: object } = {};
  const properties: { [name: string]: object } = {};
  for (const [name, schema] of schemas) {
    const { $schema: _schema, definitions: shared, ...own } = z.toJSONSchema(schema, { ...JSON_SCHEMA, io });
    const { $ref = `${DEFINITIONS}${name}` } = own;
    Object.assign(definitions, shared, own.$ref === undefined && { [name]: own });
    names.set(name, $ref.slice(DEFINITIONS.length));
    properties[name] = { $ref };
  }
  const root: object = { type: "object", additionalProperties: false, properties, definitions };
  const text = await compile(root, ROOT, {
    bannerComment: "",
    unreachableDefinitions: true,
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
  });
  // The root only holds the definitions together, and comments name it as what refers to each.
  const types = text
    .replace(new RegExp(`export interface ${ROOT} \\{[^]*?\n\\}\n`), "")
    .replaceAll(
      / *\* This interface was referenced by `Types`'s JSON-Schema\n *\* via the `definition` "\w+"\.\n(?: *\*\n)?/g,
      "",
    )
    .replaceAll(/\/\*\*\n *\*\/\n/g, "");
  return { text: types, names };
}

const ROOT = "Types";
const PARTS = ["params", "query", "body"] as const;
const partsOf = (each: Named) => PARTS.filter((part) => takes(each.operation, part));

const inputs = new Map<string, z.ZodType>();
const outputs = new Map<string, z.ZodType>();
for (const each of named) {
  const { operation, row } = each;
  for (const part of partsOf(each)) inputs.set(typeName(each, capital(part)), operation[part]);
  if (row.kind === "events" && operation.events !== undefined) outputs.set(typeName(each, "Event"), operation.events);
  else if (row.kind !== "file") outputs.set(typeName(each, "Output"), operation.output);
}

const docs = ({ operation }: Named): string => {
  const text = [operation.summary, operation.description].filter((part) => part !== undefined).join(". ");
  return `    /** ${text.replaceAll("*/", "*\\/")} */`;
};

const inputTypes = await typesOf(inputs, "input");
const outputTypes = await typesOf(outputs, "output");

function methodOf(each: Named): string {
  const { operation, row, verb } = each;
  const parts = partsOf(each).map((part) => `inputs.${inputTypes.names.get(typeName(each, capital(part)))}`);
  const input = parts.join(" & ") || "Record<string, never>";
  const isOptional = PARTS.every((part) => operation[part].safeParse({}).success);
  const given = `input${isOptional ? "?" : ""}: ${input}`;
  const output = `outputs.${outputTypes.names.get(typeName(each, row.kind === "events" ? "Event" : "Output"))}`;
  const answer = `Promise<${output}>`;
  switch (row.kind) {
    case "json":
      return `    ${verb}(${given}, options?: CallOptions): ${answer};`;
    case "list":
      return `    readonly ${verb}: List<${input}, ${output}>;`;
    case "file":
      return `    ${verb}(${given}, options?: CallOptions): Promise<Response>;`;
    case "events":
      return `    ${verb}(${given}, options?: FollowOptions): AsyncGenerator<Streamed<${output}>, void, undefined>;`;
    case "upload":
      return `    ${verb}(input: ${input}, content: Content, options?: UploadOptions): ${answer};`;
  }
}

const HEAD = `import type * as inputs from "./inputs.js";
import type * as outputs from "./outputs.js";
import type { CallOptions, ClientOptions, Content, FollowOptions, Streamed, UploadOptions } from "./public.js";
export * from "./public.js";
export type { inputs, outputs };

type Given<Input> = {} extends Input
  ? [input?: Input, options?: CallOptions]
  : [input: Input, options?: CallOptions];

/** One page of a list, or by \`each\` the items of all pages. */
export interface List<Input, Page extends { items: unknown[] }> {
  (...given: Given<Input>): Promise<Page>;
  each(...given: Given<Input>): AsyncGenerator<Page["items"][number], void, undefined>;
}
`;

const nouns = [...Map.groupBy(named, ({ noun }) => noun)].map(([noun, verbs]) =>
  [`  readonly ${noun}: {`, ...verbs.flatMap((each) => [docs(each), methodOf(each)]), "  };"].join("\n"),
);

export function writeClientTypes(directory: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "inputs.d.ts"), inputTypes.text);
  writeFileSync(join(directory, "outputs.d.ts"), outputTypes.text);
  const tail =
    "/** Returns a client with a method for each operation. */\nexport declare function createClient(options: ClientOptions): Client;\n";
  const interfaces = `/** Every operation of the server, by noun and verb. */\nexport interface Client {\n${nouns.join("\n")}\n}\n`;
  writeFileSync(join(directory, "index.d.ts"), `${HEAD}\n${interfaces}\n${tail}`);
  const root = join(import.meta.dirname, "..");
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const options = "--declaration --emitDeclarationOnly --target es2023 --lib es2023,dom,dom.iterable --types".split(
    " ",
  );
  const source = join(root, "src", "api", "client", "public.ts");
  execFileSync(execPath, [tsc, "--ignoreConfig", source, ...options, "", "--outDir", directory]);
}

const [, script, directory] = process.argv;
if (script === import.meta.filename && directory !== undefined) writeClientTypes(directory);
