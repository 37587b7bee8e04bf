import type { Json, JsonObject } from "../../kernel/json.ts";
import { conversionInput, isConversion } from "./conversion.ts";
import { expressionIn } from "./expression.ts";
import { openParameters } from "./fill.ts";
import { choicesOf, type Parameter, type Role, type Tool } from "./parameters.ts";
import { numberOf, type Request, STOP_WORDS, synonymsOf } from "./language/index.ts";

export type ChosenTool = { readonly tool: Tool; readonly input: JsonObject };

/** Minimum score for a call: one word of the tool's name, or two of its description. */
const SCORE_MIN = 2;
/** Verbs that change something: a tool named so is called only when the request says the verb. */
const CHANGES = new Set(
  "delete remove write send create update move rename drop clear post put set add append insert execute run store save forget edit replace".split(
    " ",
  ),
);

/** The tool whose name and description fit the request best and whose arguments the request fills. */
export function chooseTool(tools: readonly Tool[], request: Request): ChosenTool | undefined {
  const stems = new Set(request.words.filter(({ lower }) => !STOP_WORDS.has(lower)).map(({ stem }) => stem));
  const candidates = tools.flatMap((tool) => {
    const filled = isConversion(tool) ? fillConversion(tool, request) : fillFromRequest(tool, request);
    if (openParameters(tool, filled.input).length > 0 || !mayCall(tool, stems)) return [];
    const score = wordScore(tool, stems) + filled.typed * 2;
    return score >= SCORE_MIN ? [{ tool, input: filled.input, score }] : [];
  });
  return candidates.toSorted((a, b) => b.score - a.score)[0];
}

const mayCall = ({ ownStems }: Tool, stems: ReadonlySet<string>) =>
  ownStems.filter((part) => CHANGES.has(part)).every((part) => stems.has(part));

function wordScore({ ownStems, serverStems, stems: known }: Tool, stems: ReadonlySet<string>): number {
  let score = 0;
  for (const word of stems) {
    if (ownStems.includes(word)) score += 2;
    else if (known.has(word)) score += serverStems.includes(word) ? 2 : 1;
    else if (synonymsOf(word).some((one) => ownStems.includes(one))) score += 1;
  }
  return score;
}

type Filled = { readonly input: JsonObject; readonly typed: number };

/** Both ends of a conversion, or nothing. */
function fillConversion(tool: Tool, { text }: Request): Filled {
  const input = conversionInput(tool, text);
  return { input: input ?? {}, typed: input === undefined ? 0 : 2 };
}

/** Arguments from what the request holds; `typed` counts those that only fit one kind of parameter. */
function fillFromRequest(tool: Tool, request: Request): Filled {
  const supply = supplyOf(request);
  const input: { [name: string]: Json } = {};
  let typed = 0;
  for (const parameter of tool.parameters) {
    const found = supply(parameter);
    if (found === undefined) continue;
    input[parameter.name] = found.value;
    typed += found.typed ? 1 : 0;
  }
  return { input, typed };
}

type Supplied = { readonly value: Json; readonly typed: boolean };

const typed = (value: Json | undefined): Supplied | undefined =>
  value === undefined ? undefined : { value, typed: true };
const loose = (value: Json | undefined): Supplied | undefined =>
  value === undefined ? undefined : { value, typed: false };

/** The values of a request, consumed from the front so that two parameters of a kind receive two values. */
type Supplies = {
  readonly request: Request;
  readonly urls: string[];
  readonly files: string[];
  readonly quoted: string[];
  readonly dates: string[];
  readonly numbers: number[];
};

const SUPPLIERS: { readonly [role in Role]?: (supplies: Supplies, parameter: Parameter) => Supplied | undefined } = {
  url: ({ urls }) => typed(urls.shift()),
  "file-path": ({ files }) => typed(files.shift()),
  "output-path": ({ request }) => typed(request.outputs[0]),
  directory: ({ request }) => typed(request.directory),
  "csv-text": ({ request }) => typed(request.csv),
  date: ({ dates }) => typed(dates.shift()),
  expression: ({ request, numbers }) => {
    const found = expressionIn(request.text);
    // Its numbers are no others' too, as those of its digits.
    if (found !== undefined) numbers.length = 0;
    return typed(found);
  },
  number: ({ numbers }) => loose(numbers.shift()),
  limit: ({ numbers }, { required }) => (required ? loose(numbers.shift()) : undefined),
  query: ({ request, quoted }, { required }) => loose(quoted.shift() ?? (required ? topicOf(request) : undefined)),
  content: ({ request, quoted }, { required }) =>
    loose(quoted.shift() ?? (required ? afterColon(request.text) : undefined)),
  other: ({ request, quoted }, parameter) => {
    if (!parameter.required || !parameter.types.includes("string")) return undefined;
    return loose(quoted.shift() ?? namedValue(request, parameter));
  },
};

/** Gives each parameter the next thing of its kind that the request holds. */
function supplyOf(request: Request): (parameter: Parameter) => Supplied | undefined {
  const supplies: Supplies = {
    request,
    urls: [...request.urls],
    files: [...request.files],
    quoted: [...request.quoted],
    dates: request.words.flatMap(({ lower }) => (/^\d{4}-\d{2}-\d{2}$/.test(lower) ? [lower] : [])),
    numbers: request.words.flatMap(({ lower }) => numberOf(lower) ?? []),
  };
  return (parameter) => {
    const choices = choicesOf(parameter);
    if (choices.length === 0) return SUPPLIERS[parameter.role]?.(supplies, parameter);
    return loose(choices.find((one) => request.words.some(({ lower }) => lower === one.toLowerCase())));
  };
}

/** Returns the subject of a search: the words after "for" or "about", or all significant words. */
function topicOf({ words }: Request): string | undefined {
  const marker = words.findLastIndex(({ lower }) => lower === "for" || lower === "about" || lower === "on");
  const after = marker < 0 ? [] : words.slice(marker + 1);
  const meaning = (after.length > 0 ? after : words).filter(({ lower }) => after.length > 0 || !STOP_WORDS.has(lower));
  return meaning.length === 0 ? undefined : meaning.map(({ text }) => text).join(" ");
}

const afterColon = (text: string): string | undefined => {
  const rest = /:\s+(\S[\s\S]*)$/.exec(text)?.[1];
  return rest === undefined ? undefined : rest.trim();
};

/** "city is Paris", "the weather in New York": a value after the parameter's own name, or else a proper name. */
function namedValue({ words }: Request, { nameStems }: Parameter): string | undefined {
  const named = words.findIndex(({ stem }) => nameStems.includes(stem));
  const start = named < 0 ? -1 : named + (/^(?:is|named|called|of)$/.test(words[named + 1]?.lower ?? "") ? 2 : 1);
  const direct = start > 0 ? words[start] : undefined;
  if (direct !== undefined && !STOP_WORDS.has(direct.lower) && !direct.opens) return direct.text;
  const proper = words.findIndex(
    ({ text, lower, opens }, at) => at > 0 && !opens && /^\p{Lu}/u.test(text) && !STOP_WORDS.has(lower),
  );
  if (proper < 0) return undefined;
  const end = words.findIndex(({ text, opens }, at) => at > proper && (opens || !/^\p{Lu}/u.test(text)));
  return words
    .slice(proper, end < 0 ? words.length : end)
    .map(({ text }) => text)
    .join(" ");
}
