import { type AskedWord, wordFactor, wordsAsked, wordWeights } from "../../recall/index.ts";
import type { Connection } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { numberOf, placeOf, textOf } from "./rows.ts";

/** How many passages a scope has, and how many words those have. */
type ScopeStatistics = { readonly passages: number; readonly words: number };

/** A question's words in the scopes that are searched. */
export type Question = {
  /** For the words' index: passages of the scopes that have some of the words. */
  readonly query: string;
  readonly stems: readonly string[];
  /** 0 to 1: the share of the most that the question could reach. `words` are those of the passage that were asked for. */
  readonly scoreOf: (words: readonly string[], length: number) => number;
  readonly matchedBy: (words: ReadonlySet<string>) => readonly string[];
};

/** What the weights of words follow from. */
export class Statistics {
  readonly #connection: Connection;
  readonly #nowMs: () => number;
  readonly #scopes = new Map<string, ScopeStatistics & { readonly atMs: number }>();

  constructor(connection: Connection, nowMs: () => number) {
    this.#connection = connection;
    this.#nowMs = nowMs;
  }

  /** Of scopes together; of large ones as they were a moment ago. */
  async of(scopes: readonly string[]): Promise<ScopeStatistics> {
    const nowMs = this.#nowMs();
    const unknown = scopes.filter((scope) => {
      const known = this.#scopes.get(scope);
      return !known || known.passages < NEO4J_LIMITS.freshPassagesMax || nowMs - known.atMs > NEO4J_LIMITS.statisticsMs;
    });
    if (this.#scopes.size + unknown.length > NEO4J_LIMITS.scopesKnownMax) this.#scopes.clear();
    for (const scope of unknown) this.#scopes.set(scope, { passages: 0, words: 0, atMs: nowMs });
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
      this.#scopes.set(textOf(row["scope"]), { passages, words, atMs: nowMs });
    }
    return scopes
      .map((scope) => this.#scopes.get(scope) ?? { passages: 0, words: 0 })
      .reduce((all, one) => ({ passages: all.passages + one.passages, words: all.words + one.words }), {
        passages: 0,
        words: 0,
      });
  }
}

/** What a question asks for, each word with how many passages of the scopes have it. */
type CountedWords = { readonly asked: readonly AskedWord[]; readonly frequencies: readonly number[] };

/** Undefined when there are no words. */
export async function countWords(
  connection: Connection,
  text: string,
  scopes: readonly string[],
): Promise<CountedWords | undefined> {
  const asked = wordsAsked(text);
  return asked.length === 0 ? undefined : { asked, frequencies: await count(connection, asked, scopes) };
}

export function questionOf(
  { asked, frequencies }: CountedWords,
  of: { readonly scopes: readonly string[]; readonly statistics: ScopeStatistics },
): Question {
  const { weights, scoreMax } = wordWeights(asked, { texts: of.statistics.passages, frequencies });
  const meanLength = Math.max(1, of.statistics.words / Math.max(1, of.statistics.passages));
  return {
    query: queryOf(
      asked.map(({ stem }) => stem),
      of.scopes,
    ),
    stems: asked.map(({ stem }) => stem),
    scoreOf: (words, length) => {
      const counts = Map.groupBy(words, (word) => word);
      const parts = asked.map(({ stem }, at) => {
        const times = counts.get(stem)?.length ?? 0;
        return times === 0 ? 0 : (weights[at] ?? 0) * wordFactor(times, length, meanLength);
      });
      return scoreMax > 0 ? Math.min(1, parts.reduce((sum, part) => sum + part, 0) / scoreMax) : 0;
    },
    matchedBy: (words) => asked.filter(({ stem }) => words.has(stem)).map(({ written }) => written),
  };
}

/** In how many passages of the scopes each word is, in the words' order. */
async function count(
  connection: Connection,
  asked: readonly AskedWord[],
  scopes: readonly string[],
): Promise<readonly number[]> {
  // The longest say the most; those behind the bound count as rare.
  const counted = [...asked.entries()]
    .toSorted(([, one], [, other]) => other.stem.length - one.stem.length)
    .slice(0, NEO4J_LIMITS.wordsCountedMax)
    .map(([at, { stem }]) => ({ at, query: queryOf([stem], scopes) }));
  const rows = await connection.read(
    `UNWIND $p.counted AS word
     CALL db.index.fulltext.queryNodes('caxton_words', word.query, {limit: toInteger($p.limit)}) YIELD node
     RETURN word.at AS at, count(node) AS n`,
    { counted, limit: NEO4J_LIMITS.countedMax },
  );
  const counts = new Map(rows.map((row) => [numberOf(row["at"]), numberOf(row["n"])] as const));
  return asked.map((_, at) => counts.get(at) ?? 0);
}

/** In the language of the index, in which nothing of a quoted word means anything but the word. */
function queryOf(stems: readonly string[], scopes: readonly string[]): string {
  const words = stems.map((stem) => `"${stem.replaceAll(/["\\]/gu, "\\$&")}"`).join(" ");
  return `+place:(${scopes.map(placeOf).join(" ")})^0 +words:(${words})`;
}
