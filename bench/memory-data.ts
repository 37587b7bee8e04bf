// The entities that benchmarks of memory hold, each with two observations and five relations: the same in every process that asks.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openEmbedder } from "../src/memory/embeddings/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { PACKAGE_DIRECTORY } from "../src/kernel/package.ts";
import {
  type Embedder,
  type Entity,
  type EntityInput,
  Memory,
  type MemoryStore,
  passagesOf,
  type RelationInput,
  scopeKey,
  SEARCH_DEFAULTS,
} from "../src/memory/knowledge/index.ts";
import { ms, quantile } from "./table.ts";

export const SCOPE = scopeKey({ type: "workspace", workspace: "bench" });
export const BY = { source: "import", sourceId: undefined, agent: undefined } as const;
export const RELATIONS = 5;
const BATCH = 100;

/** Words with the frequencies of natural text: the second occurs half as frequently as the first, and so on. */
const words = readFileSync(join(PACKAGE_DIRECTORY, "models", "static-minilm", "vocabulary.txt"), "utf8")
  .split("\n")
  .filter((word) => /^[a-z]{3,}$/.test(word))
  .slice(0, 20_000);

/** Chances that follow from a number. */
function chances(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e37_79b1);
  const next = (): number => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return next;
}

function sentence(length: number, chance: () => number): string {
  return Array.from({ length }, () => words[Math.floor(words.length ** chance())] ?? "").join(" ");
}

export function entityOf(at: number): EntityInput & { readonly name: string } {
  const chance = chances(at);
  return {
    name: `entity ${at}`,
    type: "note",
    observations: [{ text: sentence(12, chance) }, { text: sentence(12, chance) }],
  };
}

/** What it is found by. */
export function passageOf(at: number): string {
  const { name, type = "", observations = [] } = entityOf(at);
  return passagesOf({ name, type, observations }).join("\n");
}

/** The relations from an entity of so many. */
export function relationsOf(at: number, count: number): readonly RelationInput[] {
  const chance = chances(-2 - at);
  return Array.from({ length: RELATIONS }, (_none, more) => ({
    from: `entity ${at}`,
    to: `entity ${Math.floor(chance() * count)}`,
    type: `kind_${more}`,
  }));
}

/** The same questions for all candidates. */
export const questionOf = (at: number, length: number): string => sentence(length, chances(1e9 + at * 32 + length));

export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_none, at) => from + at);

export const staticEmbedder = (): Embedder => openEmbedder({ type: "static" }, systemClock);

export const memoryOver = (store: MemoryStore): Memory =>
  new Memory({ store, embedder: staticEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS });

/** Remembers so many in hundreds, then their relations in five hundreds; what each of the two took. */
export async function fill(
  memory: Memory,
  count: number,
): Promise<{ readonly entitiesMs: number; readonly relationsMs: number }> {
  const from = performance.now();
  for (let at = 0; at < count; at += BATCH) {
    await memory.changes.remember(SCOPE, range(at, Math.min(at + BATCH, count)).map(entityOf), BY);
  }
  const related = performance.now();
  for (let at = 0; at < count; at += BATCH) {
    const inputs = range(at, Math.min(at + BATCH, count)).flatMap((one) => relationsOf(one, count));
    await memory.changes.relate(SCOPE, inputs, BY);
  }
  return { entitiesMs: related - from, relationsMs: performance.now() - related };
}

/** What each of so many acts took, in milliseconds, one after another. */
export async function timed(count: number, act: (at: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const from = performance.now();
    await act(at);
    times.push(performance.now() - from);
  }
  return times;
}

export type Asked = {
  /** By ten words and their meaning, by four, by four words alone. */
  readonly long: readonly number[];
  readonly short: readonly number[];
  readonly keyword: readonly number[];
  readonly walks: readonly number[];
  /** Some that are there. */
  readonly entries: readonly Entity[];
};

/** The same questions, so many times each, to whichever memory it is. */
export async function asked(memory: Memory, times: number): Promise<Asked> {
  const search = (length: number, mode: "hybrid" | "keyword") => (at: number) =>
    memory.search({ scopes: [SCOPE], text: questionOf(at, length), mode });
  await timed(20, search(10, "hybrid"));
  const long = await timed(times, search(10, "hybrid"));
  const short = await timed(times, search(4, "hybrid"));
  const keyword = await timed(times, search(4, "keyword"));
  const { entries } = await memory.list({ scopes: [SCOPE] }, { limit: 100, cursor: undefined });
  const walk = { scopes: [SCOPE], depth: 3, direction: "outgoing", order: "breadth", strengthMin: 0 } as const;
  const walks = await timed(times, (at) => {
    const start = entries[at % entries.length];
    return memory.store.walk({ ...walk, start: start ? [start.id] : [], visitsMax: 1_000 });
  });
  return { long, short, keyword, walks, entries };
}

const sorted = (times: readonly number[]): readonly number[] => times.toSorted((one, other) => one - other);
export const p50 = (times: readonly number[]): number => quantile(sorted(times), 0.5);
export const both = (times: readonly number[]): string => `${ms(p50(times))} / ${ms(quantile(sorted(times), 0.99))}`;
