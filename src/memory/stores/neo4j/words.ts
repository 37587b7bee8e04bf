import { type QueriedWord, wordFactor, wordWeights } from "../../search-index/index.ts";
import type { Connection } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { numberOf, placeOf, textOf } from "./rows.ts";

type Reads = Pick<Connection, "read">;

/** How many passages a scope has, and how many words those have. */
type ScopeStatistics = { readonly passages: number; readonly words: number };

/** A question's words in the scopes that are searched. */
export type Question = {
  /** 0 to 1: the share of the most that the question could reach. `words` are those of the passage that were asked for. */
  readonly scoreOf: (words: readonly string[], length: number) => number;
  readonly matchedBy: (words: ReadonlySet<string>) => readonly string[];
};

/** What the weights of words follow from. */
export class Statistics {
  readonly #connection: Reads;
  readonly #nowMs: () => number;
  readonly #scopes = new Map<string, ScopeStatistics & { readonly atMs: number }>();
  /** In how many passages of scopes a word is. */
  readonly #words = new Map<string, { readonly passages: number; readonly atMs: number }>();
  #whole = { passages: 0, atMs: 0 };

  constructor(connection: Reads, nowMs: () => number) {
    this.#connection = connection;
    this.#nowMs = nowMs;
  }

  /** Of scopes together; of large ones as they were a moment ago. */
  async of(scopes: readonly string[]): Promise<ScopeStatistics> {
    const nowMs = this.#nowMs();
    // Taken now: what others learn or drop while this one asks must not change its answer.
    const found = new Map<string, ScopeStatistics>();
    for (const scope of scopes) {
      const known = this.#scopes.get(scope);
      if (known && nowMs - known.atMs <= NEO4J_LIMITS.statisticsMs) found.set(scope, known);
    }
    const unknown = scopes.filter((scope) => !found.has(scope));
    const rows =
      unknown.length === 0
        ? []
        : await this.#connection.read(
            `UNWIND $p.scopes AS scope MATCH (p:CaxtonPassage) WHERE p.scope = scope AND p.length >= 0
             RETURN scope, count(p) AS passages, sum(p.length) AS words`,
            { scopes: unknown },
          );
    for (const row of rows) {
      const [passages, words] = [numberOf(row["passages"]), numberOf(row["words"])];
      const scope = textOf(row["scope"]);
      found.set(scope, { passages, words });
      if (passages < NEO4J_LIMITS.freshPassagesMax) continue;
      if (this.#scopes.size >= NEO4J_LIMITS.scopesKnownMax) this.#scopes.clear();
      this.#scopes.set(scope, { passages, words, atMs: nowMs });
    }
    return [...found.values()].reduce(
      (all, one) => ({ passages: all.passages + one.passages, words: all.words + one.words }),
      { passages: 0, words: 0 },
    );
  }

  /** Passages of all scopes; of many as they were a moment ago. */
  async passages(): Promise<number> {
    const nowMs = this.#nowMs();
    const { passages, atMs } = this.#whole;
    if (passages >= NEO4J_LIMITS.freshPassagesMax && nowMs - atMs <= NEO4J_LIMITS.statisticsMs) return passages;
    const [row] = await this.#connection.read("MATCH (p:CaxtonPassage) RETURN count(p) AS n");
    this.#whole = { passages: numberOf(row?.["n"]), atMs: nowMs };
    return this.#whole.passages;
  }

  /** In how many passages of the scopes each word is, in the words' order; in large scopes as it was a moment ago. */
  async frequencies(
    asked: readonly QueriedWord[],
    of: { readonly scopes: readonly string[]; readonly statistics: ScopeStatistics },
  ): Promise<readonly number[]> {
    const nowMs = this.#nowMs();
    const place = placeOf(JSON.stringify(of.scopes));
    const keys = asked.map(({ stem }) => `${place} ${stem}`);
    const isLarge = of.statistics.passages >= NEO4J_LIMITS.freshPassagesMax;
    // The longest say the most; those behind the bound count as rare, each time.
    const looked = [...asked.entries()]
      .toSorted(([, one], [, other]) => other.stem.length - one.stem.length)
      .slice(0, NEO4J_LIMITS.wordsCountedMax);
    const unknown = looked.filter(([at]) => {
      const known = this.#words.get(keys[at] ?? "");
      return !isLarge || !known || nowMs - known.atMs > NEO4J_LIMITS.statisticsMs;
    });
    const counted = await count(this.#connection, unknown, of.scopes);
    const found = keys.map((key, at) => counted.get(at) ?? this.#words.get(key)?.passages ?? 0);
    if (!isLarge) return found;
    if (this.#words.size + counted.size > NEO4J_LIMITS.wordsKnownMax) this.#words.clear();
    // An unknown word may be written and queried at any time, so its count is not cached: an identifier that is believed unknown scores nothing.
    for (const [at, passages] of counted) if (passages > 0) this.#words.set(keys[at] ?? "", { passages, atMs: nowMs });
    return found;
  }
}

export function questionOf(
  asked: readonly QueriedWord[],
  { statistics, frequencies }: { readonly statistics: ScopeStatistics; readonly frequencies: readonly number[] },
): Question {
  const { weights, discriminative, scoreMax } = wordWeights(asked, { texts: statistics.passages, frequencies });
  const meanLength = Math.max(1, statistics.words / Math.max(1, statistics.passages));
  return {
    scoreOf: (words, length) => {
      const counts = Map.groupBy(words, (word) => word);
      if (!asked.some(({ stem }, at) => discriminative[at] === true && counts.has(stem))) return 0;
      const parts = asked.map(({ stem }, at) => {
        const times = counts.get(stem)?.length ?? 0;
        return times === 0 ? 0 : (weights[at] ?? 0) * wordFactor(times, length, meanLength);
      });
      return scoreMax > 0 ? Math.min(1, parts.reduce((sum, part) => sum + part, 0) / scoreMax) : 0;
    },
    matchedBy: (words) => asked.filter(({ stem }) => words.has(stem)).map(({ written }) => written),
  };
}

/** In how many passages of the scopes words are, by their places in the question. */
async function count(
  connection: Reads,
  words: readonly (readonly [at: number, word: QueriedWord])[],
  scopes: readonly string[],
): Promise<ReadonlyMap<number, number>> {
  if (words.length === 0) return new Map();
  const counted = words.map(([at, { stem }]) => ({ at, query: queryOf([stem], scopes) }));
  const rows = await connection.read(
    `UNWIND $p.counted AS word
     CALL db.index.fulltext.queryNodes('caxton_words', word.query, {limit: toInteger($p.limit)}) YIELD score
     RETURN word.at AS at, count(score) AS n`,
    { counted, limit: NEO4J_LIMITS.countedMax },
  );
  const found = new Map(rows.map((row) => [numberOf(row["at"]), numberOf(row["n"])] as const));
  return new Map(counted.map(({ at }) => [at, found.get(at) ?? 0] as const));
}

/**
 * For the words' index: passages of the scopes that have some of the words. In its language nothing of a quoted word means
 * anything but the word.
 */
export function queryOf(stems: readonly string[], scopes: readonly string[]): string {
  const words = stems.map((stem) => `"${stem.replaceAll(/["\\]/gu, "\\$&")}"`).join(" ");
  return `+place:(${scopes.map(placeOf).join(" ")})^0 +words:(${words})`;
}
