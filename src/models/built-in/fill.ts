import type { Json, JsonObject } from "../../kernel/json.ts";
import { choicesOf, itemMembers, type Parameter, type Tool, withRole } from "./parameters.ts";
import { type Aggregate, AGGREGATE_WORDS, type Condition, keyText } from "./language/index.ts";

/** Source of a table. */
export type Source =
  | { readonly type: "file"; readonly path: string }
  | { readonly type: "text"; readonly text: string };

export const sourceName = (source: Source): string =>
  source.type === "file" ? source.path : "the table in your message";

/** The argument that names a source; undefined when the tool cannot take one of its kind. */
export function sourceArgument(tool: Tool, source: Source): JsonObject | undefined {
  const parameter = withRole(tool, source.type === "file" ? "file-path" : "csv-text");
  if (parameter === undefined) return undefined;
  return { [parameter.name]: source.type === "file" ? source.path : source.text };
}

/** Purposes of parameters that name columns, by their names. */
export type Purpose = "group" | "sort" | "x" | "y" | "series" | "label" | "value";

const PURPOSES: readonly (readonly [Purpose, RegExp])[] = [
  ["sort", /^(?:sort|order|rank)$/],
  ["group", /^(?:group|by|key|per|index)$/],
  ["series", /^(?:series|color|colour|hue|split|legend)$/],
  ["x", /^x$/],
  ["y", /^y$/],
  ["label", /^(?:label|category|name)$/],
];
export const purposeOf = ({ nameStems }: Parameter): Purpose =>
  PURPOSES.find(([, word]) => nameStems.some((part) => word.test(part)))?.[0] ?? "value";

const OPERATOR_WORDS: { readonly [operator: string]: readonly string[] } = {
  "=": ["=", "==", "eq", "equals", "equal", "is"],
  "!=": ["!=", "<>", "ne", "neq", "not_equals", "not"],
  ">": [">", "gt", "greater_than"],
  ">=": [">=", "gte", "ge", "at_least"],
  "<": ["<", "lt", "less_than"],
  "<=": ["<=", "lte", "le", "at_most"],
  in: ["in", "one_of", "any_of"],
  between: ["between"],
  contains: ["contains", "includes", "like"],
  is_missing: ["is_missing", "is_null", "missing"],
  not_missing: ["not_missing", "not_null"],
};

/** Conditions in the shape a parameter's schema asks for: objects with a column, an operator and a value, or an object of equalities. Undefined where it has no such shape. */
export function fillConditions(parameter: Parameter, conditions: readonly Condition[]): Json | undefined {
  const buckets = JSON.stringify(parameter.schema).includes("weekday(");
  if (!buckets && conditions.some(({ key }) => key.bucket !== undefined)) return undefined;
  const members = itemMembers(parameter.schema);
  if (members.length === 0) return undefined;
  const name = (words: RegExp) => members.find(([member]) => words.test(member))?.[0];
  const column = name(/^(?:column|field|name|key)$/) ?? "column";
  const operator = members.find(([member]) => /^(?:op|operator|comparison|cmp|test)$/.test(member));
  const value = name(/^(?:value|values|operand|to)$/) ?? "value";
  const filled: JsonObject[] = [];
  for (const condition of conditions) {
    const known = operator === undefined ? [] : enumOf(operator[1]);
    for (const part of simple(condition, known)) {
      const word = part.operator === "=" && operator === undefined ? undefined : spelling(part.operator, known);
      if (word === undefined && (operator !== undefined || part.operator !== "=")) return undefined;
      filled.push({
        [column]: keyText(condition.key),
        ...(operator === undefined || word === undefined ? {} : { [operator[0]]: word }),
        ...(part.value === undefined ? {} : { [value]: part.value }),
      });
    }
  }
  return filled;
}

type Part = { readonly operator: string; readonly value: Json | undefined };

/** One condition as conditions with one value each, or with a list for "in". */
function simple({ operator, values }: Condition, known: readonly string[]): readonly Part[] {
  if (values.length === 0) return [{ operator, value: undefined }];
  if (operator === "=" && values.length > 1) return [{ operator: "in", value: values }];
  if (operator === "between") {
    const [low = null, high = null] = values;
    if (spelling("between", known) !== undefined && known.length > 0) return [{ operator, value: [low, high] }];
    return [
      { operator: ">=", value: low },
      { operator: "<=", value: high },
    ];
  }
  return values.map((value) => ({ operator, value }));
}

const enumOf = (schema: JsonObject): readonly string[] => {
  const choices = schema["enum"];
  return Array.isArray(choices) ? choices.filter((one) => typeof one === "string") : [];
};

/** Returns a schema's spelling of an operator; without a list of operators the usual sign. */
const spelling = (operator: string, known: readonly string[]): string | undefined => {
  const words = OPERATOR_WORDS[operator] ?? [];
  return known.length === 0 ? words[0] : words.find((word) => known.includes(word));
};

/** The choice of a parameter that means an aggregate. */
export function aggregateChoice(parameter: Parameter, aggregate: Aggregate): string | undefined {
  return choicesOf(parameter).find((choice) => {
    const lower = choice.toLowerCase();
    return lower === aggregate || (Object.hasOwn(AGGREGATE_WORDS, lower) && AGGREGATE_WORDS[lower] === aggregate);
  });
}

/** The aggregate as a value of the parameter: one word, or a list where it takes one. */
export function aggregateArgument(parameter: Parameter, aggregates: readonly Aggregate[]): JsonObject {
  const choices = aggregates.flatMap((aggregate) => aggregateChoice(parameter, aggregate) ?? []);
  if (choices.length === 0) return {};
  return { [parameter.name]: parameter.types.includes("array") ? choices : (choices[0] ?? "") };
}

export function orderArgument(tool: Tool, direction: "max" | "min"): JsonObject {
  const parameter = withRole(tool, "order");
  const choice = parameter?.choices.find((one) => (direction === "max" ? /^desc/i : /^asc/i).test(one));
  if (parameter === undefined || choice === undefined) return {};
  return parameter.schema["default"] === choice ? {} : { [parameter.name]: choice };
}

/** A limit within what the parameter allows. */
export function limitArgument(tool: Tool, wanted: number): JsonObject {
  const parameter = withRole(tool, "limit");
  if (parameter === undefined) return {};
  const most = parameter.schema["maximum"];
  const value = typeof most === "number" ? Math.min(wanted, most) : wanted;
  return parameter.schema["default"] === value ? {} : { [parameter.name]: value };
}

/** Column names as a parameter takes them: a list, or one name where it takes only one. */
export const columnsArgument = (parameter: Parameter, names: readonly string[]): JsonObject => {
  const list = parameter.role === "columns" || parameter.types.includes("array");
  return { [parameter.name]: list ? names : (names[0] ?? "") };
};

/** Required parameters that the arguments leave open. */
export const openParameters = (tool: Tool, filled: JsonObject): readonly Parameter[] =>
  tool.parameters.filter(({ name, required, hasDefault }) => required && !hasDefault && filled[name] === undefined);
