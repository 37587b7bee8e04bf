import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { ModelTool } from "../port/index.ts";
import { AGGREGATE_WORDS, nameParts, stem, wordsOf } from "./language/index.ts";

/** Roles of parameters that the rules can fill. */
export type Role =
  | "file-path"
  | "output-path"
  | "directory"
  | "csv-text"
  | "url"
  | "column"
  | "columns"
  | "conditions"
  | "aggregate"
  | "order"
  | "limit"
  | "table"
  | "labels"
  | "title"
  | "axis-label"
  | "content"
  | "expression"
  | "query"
  | "date"
  | "number"
  | "other";

export type Parameter = {
  readonly name: string;
  readonly role: Role;
  /** The role is stated in the schema, not guessed. */
  readonly stated: boolean;
  /** For columns: what they must hold. */
  readonly columnType: "number" | "text" | "date" | "any";
  readonly required: boolean;
  readonly hasDefault: boolean;
  readonly types: readonly string[];
  readonly choices: readonly string[];
  /** Stems of its name and description. */
  readonly nameStems: readonly string[];
  readonly about: string;
  readonly schema: JsonObject;
};

/** A tool as the rules see it. */
export type Tool = {
  readonly name: string;
  readonly description: string;
  /** Stems of its own name, without the server's. */
  readonly ownStems: readonly string[];
  /** Stems of the name of its server. */
  readonly serverStems: readonly string[];
  /** Stems of the whole name and of the description. */
  readonly stems: ReadonlySet<string>;
  readonly parameters: readonly Parameter[];
};

/** Reads a tool's schema. */
export function readTool({ name, description, inputSchema }: ModelTool): Tool {
  const [own = name, ...server] = name.split("__").toReversed();
  const required = inputSchema["required"];
  const needed = Array.isArray(required) ? required : [];
  const properties = inputSchema["properties"];
  const members = isJsonObject(properties) ? Object.entries(properties) : [];
  return {
    name,
    description,
    ownStems: nameParts(own),
    serverStems: server.flatMap(nameParts),
    stems: new Set([...nameParts(name), ...wordsOf(description).map((word) => word.stem)]),
    parameters: members.flatMap(([key, schema]) =>
      isJsonObject(schema) ? [readParameter(key, schema, needed.includes(key))] : [],
    ),
  };
}

function readParameter(name: string, schema: JsonObject, required: boolean): Parameter {
  const hints = schema["x-caxton"];
  const hint = isJsonObject(hints) ? hints : {};
  const about = typeof schema["description"] === "string" ? schema["description"].toLowerCase() : "";
  const type = schema["type"];
  const types = (Array.isArray(type) ? type : [type]).filter((one) => typeof one === "string");
  const choices = Array.isArray(schema["enum"]) ? schema["enum"].filter((one) => typeof one === "string") : [];
  const guess: Guess = { name: name.toLowerCase(), about, types, choices, schema };
  const stated = statedRole(hint["role"]);
  return {
    name,
    role: roleOf(guess, stated),
    stated: stated !== undefined,
    columnType: columnType(hint["type"]),
    required,
    hasDefault: schema["default"] !== undefined,
    types,
    choices,
    nameStems: nameParts(name).map(stem),
    about,
    schema,
  };
}

const STATED: { readonly [role: string]: Role | undefined } = {
  "file-path": "file-path",
  "output-path": "output-path",
  directory: "directory",
  "csv-text": "csv-text",
  url: "url",
  column: "column",
  columns: "columns",
  conditions: "conditions",
  aggregate: "aggregate",
  order: "order",
  limit: "limit",
  table: "table",
  labels: "labels",
  title: "title",
  label: "axis-label",
  "axis-label": "axis-label",
  content: "content",
  text: "content",
  expression: "expression",
  query: "query",
  date: "date",
  number: "number",
};
const statedRole = (role: Json | undefined): Role | undefined => (typeof role === "string" ? STATED[role] : undefined);

const columnType = (type: Json | undefined): Parameter["columnType"] =>
  type === "number" || type === "text" || type === "date" ? type : "any";

type Guess = {
  readonly name: string;
  readonly about: string;
  readonly types: readonly string[];
  readonly choices: readonly string[];
  readonly schema: JsonObject;
};

const isText = ({ types }: Guess) => types.includes("string");
const isList = ({ types }: Guess) => types.includes("array");
const isNumber = ({ types }: Guess) => types.includes("integer") || types.includes("number");

/** Rules that derive roles from names, types and descriptions if the schema has no hint; the first match applies. */
const GUESSES: readonly (readonly [Role, (guess: Guess) => boolean])[] = [
  ["order", ({ choices }) => choices.some((one) => /^asc/i.test(one)) && choices.some((one) => /^desc/i.test(one))],
  ["aggregate", ({ choices }) => choices.filter((one) => Object.hasOwn(AGGREGATE_WORDS, one.toLowerCase())).length > 1],
  [
    "aggregate",
    (guess) => isList(guess) && itemChoices(guess.schema).some((one) => Object.hasOwn(AGGREGATE_WORDS, one)),
  ],
  ["conditions", (guess) => isList(guess) && /^(?:where|filters?|conditions?|criteria|having)$/.test(guess.name)],
  [
    "table",
    (guess) => isList(guess) && /^(?:rows|data|table|points|records|values|bars|series|items)$/.test(guess.name),
  ],
  ["labels", (guess) => isList(guess) && /^(?:labels|categories|names|x)$/.test(guess.name)],
  ["columns", (guess) => isList(guess) && /column|field|group|^by$|keys?$/.test(guess.name)],
  [
    "url",
    (guess) =>
      isText(guess) &&
      (/^(?:url|uri|link|href|address|endpoint)$/.test(guess.name) || guess.schema["format"] === "uri"),
  ],
  ["date", (guess) => isText(guess) && (guess.schema["format"] === "date" || guess.schema["format"] === "date-time")],
  [
    "output-path",
    (guess) =>
      isText(guess) && /^(?:output|out|output_?(?:path|file)|destination|target|save_?(?:as|to))$/.test(guess.name),
  ],
  ["directory", (guess) => isText(guess) && /^(?:dir|directory|folder)$/.test(guess.name)],
  [
    "file-path",
    (guess) => isText(guess) && /^(?:path|file|file_?name|file_?path|input_?(?:file|path)|source)$/.test(guess.name),
  ],
  [
    "csv-text",
    (guess) =>
      isText(guess) &&
      (/^csv(?:_text)?$/.test(guess.name) ||
        (/^(?:text|data|content)$/.test(guess.name) && /\bcsv\b/.test(guess.about))),
  ],
  ["title", (guess) => isText(guess) && /^(?:title|heading|caption)$/.test(guess.name)],
  ["axis-label", (guess) => isText(guess) && /label/.test(guess.name)],
  [
    "column",
    (guess) =>
      isText(guess) &&
      guess.choices.length === 0 &&
      /column|field|^(?:x|y|value|measure|metric|by|group_by|sort_by|order_by)$/.test(guess.name),
  ],
  ["expression", (guess) => isText(guess) && /^(?:expression|formula|expr|calculation)$/.test(guess.name)],
  ["content", (guess) => isText(guess) && /^(?:content|contents|text|body|data|markdown|message)$/.test(guess.name)],
  [
    "query",
    (guess) =>
      isText(guess) && /^(?:query|q|search|question|prompt|term|keywords?|topic|input|request)$/.test(guess.name),
  ],
  [
    "limit",
    (guess) =>
      isNumber(guess) && /^(?:limit|top|n|count|max(?:_?(?:rows|results|items))?|first|size)$/.test(guess.name),
  ],
  ["number", isNumber],
];

const guessRole = (guess: Guess): Role => GUESSES.find(([, fits]) => fits(guess))?.[0] ?? "other";

/** Returns the role from the schema; a query that is called an expression is one, and accepts no prose. */
function roleOf(guess: Guess, stated: Role | undefined): Role {
  const guessed = guessRole(guess);
  return stated === undefined || (stated === "query" && guessed === "expression") ? guessed : stated;
}

/** The values that items of a list may have. */
function itemChoices(schema: JsonObject): readonly string[] {
  const items = schema["items"];
  const choices = isJsonObject(items) ? items["enum"] : undefined;
  return Array.isArray(choices) ? choices.filter((one) => typeof one === "string") : [];
}
export const choicesOf = (parameter: Parameter): readonly string[] =>
  parameter.choices.length > 0 ? parameter.choices : itemChoices(parameter.schema);

/** The names of the members that objects of a list may have. */
export function itemMembers(schema: JsonObject): readonly (readonly [string, JsonObject])[] {
  const items = schema["items"];
  const properties = isJsonObject(items) ? items["properties"] : undefined;
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, member]) =>
    isJsonObject(member) ? [[name, member] as const] : [],
  );
}

export const withRole = (tool: Tool, role: Role): Parameter | undefined =>
  tool.parameters.find((parameter) => parameter.role === role);
