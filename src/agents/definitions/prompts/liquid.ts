import { createRequire } from "node:module";
import type { Context, Liquid, LiquidError, Template as LiquidNode } from "liquidjs";
import { nearest } from "../../../text/documents/index.ts";
import { PromptRenderError } from "../errors.ts";
import type { Fault, ParsedTemplate, Usage } from "./template-types.ts";
import { bounded, PROMPT_CHARS_MAX, showValue } from "./template-value.ts";

/** What a template may use of Liquid. Nothing that reads files, and nothing that can define more language. */
export const LIQUID_TAGS = ["if", "unless", "case", "for", "break", "continue", "assign", "comment", "raw"] as const;
export const LIQUID_FILTERS = [
  "capitalize",
  "default",
  "downcase",
  "first",
  "join",
  "json",
  "last",
  "replace",
  "round",
  "size",
  "split",
  "strip",
  "truncate",
  "upcase",
] as const;

/** Tags and outputs of one template, and characters of one of them: LiquidJS takes time that grows as their square. */
const PIECES_MAX = 500;
const PIECE_CHARS_MAX = 1_000;
/** Tags and texts rendered for one prompt, those of loops each time: at most about 50 ms of work. */
const NODES_MAX = 10_000;

type Library = Pick<typeof import("liquidjs"), "Context" | "Liquid" | "LiquidError">;
type Engine = {
  readonly liquid: Liquid;
  readonly isLiquidError: (error: unknown) => error is LiquidError;
  readonly contextOf: (values: ReadonlyMap<string, unknown>) => Context;
};

class TooManyNodes extends Error {}

const require = createRequire(import.meta.url);
let engine: Engine | undefined;

/** Liquid is loaded when the first template needs it: most name variables only. */
function loadEngine(): Engine {
  const library: Library = require("liquidjs");
  const liquid = new library.Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    templates: {},
    outputEscape: (value) => showValue(value),
    parseLimit: PROMPT_CHARS_MAX,
    memoryLimit: PROMPT_CHARS_MAX,
  });
  const tags = new Set<string>(LIQUID_TAGS);
  const filters = new Set<string>(LIQUID_FILTERS);
  for (const tag of Object.keys(liquid.tags)) if (!tags.has(tag)) delete liquid.tags[tag];
  for (const filter of Object.keys(liquid.filters)) if (!filters.has(filter)) delete liquid.filters[filter];
  const contextOf = (values: ReadonlyMap<string, unknown>): Context => {
    const context = new library.Context(Object.fromEntries(values), liquid.options, { sync: true }, { liquid });
    let nodes = 0;
    // LiquidJS checks the time before each node. A busy machine would refuse prompts by it, so nodes are counted instead.
    context.renderLimit.check = () => {
      nodes += 1;
      if (nodes > NODES_MAX) throw new TooManyNodes(`it renders more than ${NODES_MAX} tags and texts`);
    };
    return context;
  };
  return { liquid, contextOf, isLiquidError: (error) => library.LiquidError.is(error) };
}

/** Reads a template as Liquid. */
export function liquidTemplate(source: string): ParsedTemplate {
  const excess = excessOf(source);
  if (excess !== undefined) return { type: "broken", faults: [excess], usages: [] };
  const { liquid, contextOf, isLiquidError } = (engine ??= loadEngine());
  let nodes: LiquidNode[];
  let usages: readonly Usage[];
  try {
    nodes = liquid.parse(source);
    usages = usagesIn(liquid, nodes, source);
  } catch (error) {
    if (!isLiquidError(error)) throw error;
    return { type: "broken", ...faultsIn(source) };
  }
  const render = (values: ReadonlyMap<string, unknown>): string => {
    try {
      const text: unknown = liquid.renderSync(nodes, contextOf(values));
      return bounded(String(text));
    } catch (error) {
      if (isLiquidError(error) || error instanceof TooManyNodes)
        throw new PromptRenderError(error.message, { cause: error });
      // V8's own limit on the length of a text.
      if (error instanceof RangeError) throw new PromptRenderError("it grows too long", { cause: error });
      throw error;
    }
  };
  return { type: "template", template: { usages, render } };
}

const FAULTS_MAX = 20;

/** Everything wrong with a template: an engine of its own learns each unknown filter and tag, and reads on. */
function faultsIn(source: string): { readonly faults: readonly Fault[]; readonly usages: readonly Usage[] } {
  const { liquid, isLiquidError } = loadEngine();
  const faults: Fault[] = [];
  while (faults.length < FAULTS_MAX) {
    try {
      return { faults, usages: usagesIn(liquid, liquid.parse(source), source) };
    } catch (error) {
      if (!isLiquidError(error)) throw error;
      const { unknown, ...fault } = explain(error, source);
      faults.push(fault);
      if (unknown?.kind === "filter") liquid.registerFilter(unknown.name, (value: unknown) => value);
      else if (unknown?.kind === "tag") liquid.registerTag(unknown.name, { render: () => undefined });
      else break;
    }
  }
  return { faults, usages: [] };
}

type Unknown = { readonly kind: "filter" | "tag"; readonly name: string };

/** The end of a message about an unknown name, and what to write instead. */
function advice(name: string, known: readonly string[]): { readonly hint: string; readonly fix: string } {
  const [best] = nearest(name, known);
  const all = `one of: ${known.join(", ")}.`;
  return best === undefined
    ? { hint: "", fix: `Use ${all}` }
    : { hint: `; did you mean ${best}?`, fix: `Write ${best}, or use ${all}` };
}

const OPENING = /\{[{%]/g;
/** From an opening on: strings, which may hold anything, or the end of the piece. */
const STRING_OR_END = /'[^']*'|"[^"]*"|[%}]\}/g;
const VERBATIM = /^\{%-?\s*(raw|comment)\b/;

function excessOf(source: string): Fault | undefined {
  OPENING.lastIndex = 0;
  // The next end of each kind of block. A search per block would be quadratic when blocks are never closed.
  const closings = new Map<string, number>();
  for (let pieces = 1; ; pieces += 1) {
    const opening = OPENING.exec(source);
    if (opening === null) return undefined;
    const { 0: snippet, index: offset } = opening;
    if (pieces > PIECES_MAX)
      return { snippet, offset, message: `more than ${PIECES_MAX} tags and variables`, fix: "Split the template." };
    const end = pieceEnd(source, offset);
    if (end === undefined)
      return { snippet, offset, message: `longer than ${PIECE_CHARS_MAX} characters`, fix: "Split the expression." };
    const verbatim = VERBATIM.exec(source.slice(offset, end))?.[1];
    let closing = -1;
    if (verbatim !== undefined) {
      closing = closings.get(verbatim) ?? 0;
      if (closing !== -1 && closing < end) closing = source.indexOf(`end${verbatim}`, end);
      closings.set(verbatim, closing);
    }
    OPENING.lastIndex = Math.max(end, closing);
  }
}

/** End of a tag or a variable, also at the end of the source; undefined if it exceeds the length limit. */
function pieceEnd(source: string, offset: number): number | undefined {
  STRING_OR_END.lastIndex = offset + 2;
  for (;;) {
    const found = STRING_OR_END.exec(source);
    const end = found === null ? source.length : STRING_OR_END.lastIndex;
    if (end - offset > PIECE_CHARS_MAX) return undefined;
    if (found === null || found[0].endsWith("}")) return end;
  }
}

function usagesIn(liquid: Liquid, nodes: LiquidNode[], source: string): readonly Usage[] {
  const starts = [0];
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  const { globals } = liquid.analyzeSync(nodes, { partials: false });
  return Object.values(globals)
    .flat()
    .map(({ segments, location }) => {
      const name = String(segments[0]);
      return { name, snippet: name, offset: (starts[location.row - 1] ?? 0) + location.col - 1 };
    });
}

function explain(error: LiquidError, source: string): Fault & { readonly unknown?: Unknown } {
  const offset = error.token.begin;
  const line = source.slice(offset).split("\n")[0] ?? "";
  const snippet = source.slice(offset, error.token.end).split("\n")[0] ?? "";
  const said = error.message.replace(/, line:\d+, col:\d+$/, "");
  const fault = { snippet: snippet === "" ? line.slice(0, 20) : snippet, offset };
  const tag = /^\{%-?\s*(\w+)/.exec(line)?.[1];
  if (tag !== undefined && !Object.hasOwn(loadedTags(), tag) && !/^end|^els|^when$/.test(tag)) {
    const { hint, fix } = advice(tag, LIQUID_TAGS);
    return { ...fault, message: `templates have no tag ${tag}${hint}`, fix, unknown: { kind: "tag", name: tag } };
  }
  const filter = /^undefined filter: (\S+)/.exec(said)?.[1];
  if (filter !== undefined) {
    const { hint, fix } = advice(filter, LIQUID_FILTERS);
    const unknown = { kind: "filter", name: filter } as const;
    return { ...fault, message: `templates have no filter ${filter}${hint}`, fix, unknown };
  }
  if (said.endsWith("not closed"))
    return {
      ...fault,
      message: `${fault.snippet} is not closed`,
      fix: tag === undefined ? "Close it with }}." : `Close it with {% end${tag} %}.`,
    };
  return {
    ...fault,
    message: `this is not a variable or an expression: ${said}`,
    fix: "Write {{name}}. For braces that are plain text, put them between {% raw %} and {% endraw %}.",
  };
}

const loadedTags = (): object => engine?.liquid.tags ?? {};
