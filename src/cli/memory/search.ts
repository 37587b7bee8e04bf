import type { Command } from "commander";
import * as z from "zod";
import { cutAtWords, type MemorySearchResult, operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, LIST_FORMATS, showList, wholeNumber } from "../frame/index.ts";
import { type Column, oneLine, type Style } from "../terminal/index.ts";
import { atOption, Filters, narrowingOf, Scopes, scopesOption, shareIn, withFilters } from "./reference.ts";

type Hit = MemorySearchResult["items"][number];
type Notice = MemorySearchResult["notices"][number];

const FACTS_SHOWN = 2;
const LIMIT_MAX = 100;
const EXPAND_MAX = 3;

/** What a search had to do without, and what to do about it. */
const NOTICES: { readonly [Of in Notice]: string } = {
  "no-embedder": "found by words only: no embedder is configured, see models.roles.embedding",
  "embedder-failed": "found by words only: the embedder did not answer; see caxton doctor",
  "model-changing": "vectors are being rebuilt with another embedder; semantic results improve until then",
  indexing: "not everything is indexed yet, so that something may be missing; caxton memory stats shows how far it is",
  "vectors-full": "there is no room for all vectors, so that some is found by words only; see caxton memory doctor",
};

const Input = z.object({
  words: z.array(z.string()),
  scope: Scopes,
  mode: z.enum(["hybrid", "semantic", "keyword"]),
  limit: z.number(),
  expand: z.number(),
  at: z.string(),
  minSimilarity: z.number().optional(),
  ...Filters,
  exact: z.boolean().default(false),
  explain: z.boolean().default(false),
});

export function search(command: Command, invocation: Invocation): void {
  command
    .summary("search memory")
    .description(
      "Search memory and list the best matches first, each with its best matching facts. Degraded results are reported on standard error. --explain shows the parts of each score, (similarity + keyword + graph) × recency, and the score of each fact.",
    )
    .argument("<words...>", "query");
  withOptions(command);
  examples(command, [
    ["caxton memory search who leads billing", ""],
    ["caxton memory search billing --expand 1 --explain", "with what is related to hits, and why"],
    ["caxton memory search office --at 2026-01-01", "what held on that day"],
    ["caxton memory search refunds --agent support --metadata team=billing", "of what support said something"],
    ["caxton memory search invoices --min-similarity 0.5 --max-tokens 500", "what is near, for a prompt"],
    ["caxton memory search refunds --scope agent-only:support --mode keyword", "what one agent keeps for itself"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: LIST_FORMATS,
    run: async (context, { words, scope: scopes, mode, limit, expand, at, exact, explain, ...rest }) => {
      const { type, metadata, minSimilarity: min_similarity } = rest;
      const types = type === undefined ? undefined : [type];
      const narrowed = { types, metadata, min_similarity, ...narrowingOf(rest) };
      const { raw, value } = await context.client.call(operations.memory.search, {
        query: words.join(" "),
        scopes,
        mode,
        limit,
        expand,
        at,
        exact,
        ...narrowed,
      });
      await showList(context, {
        raw,
        items: value.items,
        columns: columnsOf(explain),
        name: ({ entity }) => entity.name,
        empty: `nothing is remembered of that in ${scopes.join(", ")}; see: caxton memory list`,
        footer: value.next === null ? cutWords(value.items) : moreWords(value.items.length, limit),
      });
      for (const notice of value.notices) context.terminal.note(NOTICES[notice]);
    },
  });
}

function withOptions(command: Command): void {
  command
    .addOption(scopesOption())
    .addOption(
      command
        .createOption("--mode <mode>", "semantic (vectors), keyword or hybrid")
        .choices(["hybrid", "semantic", "keyword"])
        .default("hybrid"),
    )
    .addOption(
      command
        .createOption("--limit <n>", "maximum results")
        .argParser((text) => wholeNumber(text, 1, LIMIT_MAX))
        .default(10),
    )
    .addOption(
      command
        .createOption("--expand <n>", "include entities up to this many relations away, 0 to 3")
        .argParser((text) => wholeNumber(text, 0, EXPAND_MAX))
        .default(0),
    )
    .addOption(atOption("now"))
    .addOption(
      command
        .createOption("--min-similarity <share>", "minimum similarity of semantic matches, 0 to 1")
        .argParser(shareIn),
    );
  withFilters(command)
    .option("--exact", "compare all vectors; default above 40,000 passages: an approximate search")
    .option("--explain", "show the parts of each score");
}

/** How to see more of what was cut off by tokens, or by the limit. */
function moreWords(shown: number, limit: number): string {
  if (shown < limit) return "more: a higher --max-tokens";
  return limit < LIMIT_MAX ? `more: --limit ${Math.min(LIMIT_MAX, limit * 2)}` : "";
}

const cutWords = (items: readonly Hit[]): string =>
  items.some(({ entity }) => entity.truncated) ? "some facts are left out: a higher --max-tokens shows them" : "";

const factsOf = ({ facts }: Hit, isExplained: boolean): string =>
  facts
    .slice(0, FACTS_SHOWN)
    .map(({ text, score }) => `${isExplained ? `[${part(score)}] ` : ""}${oneLine(text)}`)
    .join("; ");

const marked = ({ score }: Hit, shown: string, style: Style): string =>
  cutAtWords(shown, score.matched)
    .map(({ text, isMatch }) => (isMatch ? style("yellow", text) : text))
    .join("");

const part = (value: number | null): string => (value === null ? "" : value.toFixed(3));

const columnsOf = (explain: boolean): readonly Column<Hit>[] => [
  { title: "NAME", value: ({ entity }) => entity.name, tone: () => "bold", shrinks: true },
  { title: "TYPE", value: ({ entity }) => entity.type },
  { title: "SCOPE", value: ({ entity }) => entity.scope, shrinks: true },
  { title: "SCORE", value: ({ score }) => part(score.total), align: "right" },
  ...(explain ? PARTS : PARTS.map((column): Column<Hit> => ({ ...column, wide: true }))),
  {
    title: "FACTS",
    value: (hit) => factsOf(hit, explain),
    paint: marked,
    shrinks: true,
  },
];

const PARTS: readonly Column<Hit>[] = [
  { title: "SIMILARITY", value: ({ score }) => part(score.similarity), align: "right" },
  { title: "KEYWORD", value: ({ score }) => part(score.keyword), align: "right" },
  { title: "RECENCY", value: ({ score }) => part(score.recency), align: "right" },
  { title: "GRAPH", value: ({ score }) => part(score.graph), align: "right" },
  { title: "MATCHED", value: ({ score }) => score.matched.join(" "), shrinks: true },
];
