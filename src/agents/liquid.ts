import { createRequire } from "node:module";
import type { Liquid, LiquidError, Template as LiquidNode } from "liquidjs";
import { PromptRenderError } from "./errors.ts";
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

const RENDER_MS_MAX = 250;
const NODES_MAX = 100_000;

type Library = Pick<typeof import("liquidjs"), "Liquid" | "LiquidError">;
type Engine = { readonly liquid: Liquid; readonly isLiquidError: (error: unknown) => error is LiquidError };

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
    renderLimit: RENDER_MS_MAX,
    memoryLimit: PROMPT_CHARS_MAX,
  });
  const tags = new Set<string>(LIQUID_TAGS);
  const filters = new Set<string>(LIQUID_FILTERS);
  for (const tag of Object.keys(liquid.tags)) if (!tags.has(tag)) delete liquid.tags[tag];
  for (const filter of Object.keys(liquid.filters)) if (!filters.has(filter)) delete liquid.filters[filter];
  return { liquid, isLiquidError: (error) => library.LiquidError.is(error) };
}

/** Reads a template as Liquid. */
export function liquidTemplate(source: string): ParsedTemplate {
  const { liquid, isLiquidError } = (engine ??= loadEngine());
  let nodes: LiquidNode[];
  let usages: readonly Usage[];
  try {
    nodes = liquid.parse(source);
    usages = usagesIn(liquid, nodes, source);
  } catch (error) {
    if (!isLiquidError(error)) throw error;
    return { type: "broken", fault: explain(error, source) };
  }
  const render = (values: ReadonlyMap<string, unknown>): string => {
    try {
      const text: unknown = liquid.renderSync(nodes, Object.fromEntries(values), { templateLimit: NODES_MAX });
      return bounded(String(text));
    } catch (error) {
      if (isLiquidError(error)) throw new PromptRenderError(error.message, { cause: error });
      // V8's own limit on the length of a text.
      if (error instanceof RangeError) throw new PromptRenderError("it grows too long", { cause: error });
      throw error;
    }
  };
  return { type: "template", template: { usages, render } };
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

function explain(error: LiquidError, source: string): Fault {
  const offset = error.token.begin;
  const line = source.slice(offset).split("\n")[0] ?? "";
  const snippet = source.slice(offset, error.token.end).split("\n")[0] ?? "";
  const said = error.message.replace(/, line:\d+, col:\d+$/, "");
  const fault = { snippet: snippet === "" ? line.slice(0, 20) : snippet, offset };
  const tag = /^\{%-?\s*(\w+)/.exec(line)?.[1];
  if (tag !== undefined && !Object.hasOwn(loadedTags(), tag) && !/^end|^els|^when$/.test(tag))
    return { ...fault, message: `templates have no tag ${tag}`, fix: `Use one of: ${LIQUID_TAGS.join(", ")}.` };
  const filter = /^undefined filter: (\S+)/.exec(said)?.[1];
  if (filter !== undefined)
    return {
      ...fault,
      message: `templates have no filter ${filter}`,
      fix: `Use one of: ${LIQUID_FILTERS.join(", ")}.`,
    };
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
