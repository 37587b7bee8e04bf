// How well memory answers questions that mostly do not repeat the words of the facts: entities with 100 facts each, and the same facts
// as an entity each. `node bench/recall-quality.ts [--all]`; --all measures the candidates for the defaults too.
import { type Memory, SEARCH_DEFAULTS, type SearchInput } from "../src/memory/knowledge/index.ts";
import { SCOPE } from "./memory-data.ts";
import type { Row } from "./table.ts";
import { HELD_OUT, type Question, recalledShare, TUNING, withFacts } from "./recall-data.ts";

const HITS = 10;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

type Found = { readonly first: number; readonly five: number; readonly reciprocal: number };

/** At which place the entity with the right fact stands. */
async function found(memory: Memory, questions: readonly Question[], how: Partial<SearchInput>): Promise<Found> {
  const places: number[] = [];
  for (const { text, fact } of questions) {
    const { hits } = await memory.search({ scopes: [SCOPE], text, limit: HITS, ...how });
    places.push(1 + hits.findIndex(({ entity }) => entity.observations.some((one) => one.text === fact)));
  }
  const share = (most: number): number => places.filter((at) => at > 0 && at <= most).length / places.length;
  const reciprocal = places.reduce((sum, at) => sum + (at > 0 ? 1 / at : 0), 0) / places.length;
  return { first: share(1), five: share(5), reciprocal };
}

const rowOf = (name: string, { first, five, reciprocal }: Found): string =>
  `| ${name} | ${percent(first)} | ${percent(five)} | ${reciprocal.toFixed(3)} |`;

const rowFor = (what: string, caxton: string): Row => ({
  what,
  caxton,
  peer: "",
  ratio: "",
  target: "",
  met: undefined,
});

/** What the defaults give with the questions that they were not chosen on. */
export async function run(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  await withFacts(false, async (memory) => {
    rows.push(rowFor("right fact within 1,000 tokens, held out", percent(await recalledShare(memory, HELD_OUT))));
  });
  await withFacts(true, async (memory) => {
    for (const mode of ["keyword", "semantic", "hybrid"] as const) {
      const { first, five, reciprocal } = await found(memory, HELD_OUT, { mode });
      const figures = `${percent(first)}; ${percent(five)}; ${reciprocal.toFixed(3)}`;
      rows.push(rowFor(`an entity for each fact, ${mode}: first; among five; MRR`, figures));
    }
  });
  return rows;
}

async function report(): Promise<void> {
  const halves = [
    ["tuning", TUNING],
    ["held out", HELD_OUT],
  ] as const;
  await withFacts(false, async (memory) => {
    for (const [name, questions] of halves)
      process.stdout.write(
        `recalled of ${questions.length} (${name}): ${percent(await recalledShare(memory, questions))}\n`,
      );
  });
  const { keywordWeight, similarityMin } = SEARCH_DEFAULTS;
  const candidates = process.argv.includes("--all")
    ? [0.3, 0.5, 0.7, 1].flatMap((weight) => [0, 0.1, 0.15, 0.2, 0.3].map((least) => [weight, least] as const))
    : [[keywordWeight, similarityMin] as const];
  await withFacts(true, async (memory) => {
    for (const [half, questions] of halves) {
      const rows = [
        rowOf("keyword", await found(memory, questions, { mode: "keyword" })),
        rowOf("semantic", await found(memory, questions, { mode: "semantic" })),
      ];
      for (const [weight, least] of candidates)
        rows.push(
          rowOf(
            `hybrid, keyword_weight ${weight}, min_similarity ${least}`,
            await found(memory, questions, { keywordWeight: weight, similarityMin: least }),
          ),
        );
      process.stdout.write(
        `\nAn entity for each fact, ${half}\n\n| search | hit@1 | hit@5 | MRR |\n|---|---|---|---|\n${rows.join("\n")}\n`,
      );
    }
  });
}

if (import.meta.main) await report();
