import type { Clock } from "../../../../kernel/clock.ts";
import type { EntityFilter, ScopeKey } from "../../../knowledge/index.ts";
import {
  type QueriedWord,
  WORD_FACTOR,
  WORD_FACTOR_MAX,
  wordFactor,
  queriedWords,
  wordWeights,
} from "../../../search-index/index.ts";
import { narrowing } from "./filters.ts";
import { numberOf, scopesOf } from "../rows.ts";
import { type Session, Values } from "../session.ts";

/** Texts and postings of a word are counted exactly up to here each time, */
const COUNTED_MAX = 10_000;
/** beyond it, at this interval. */
const COUNTS_KEPT_MS = 60_000;
const COUNTS_KEPT_MAX = 10_000;
/** Postings by which texts are found; of words that many have, only the weight counts. */
const FOUND_BY_MAX = 20_000;
/** Texts that are scored whole: the best by those words, where the others could change who is among them. */
const SCORED_MAX = 1_000;

/** What is asked for, with what its words weigh in the scopes. */
export type Question = {
  readonly words: readonly (QueriedWord & {
    readonly number: string;
    readonly weight: number;
    /** Texts are found by it. */
    readonly isDiscriminative: boolean;
    readonly texts: number;
  })[];
  readonly scoreMax: number;
  readonly meanLength: number;
};

/** The score of a text from 0 to 1, and which words of the question it has. */
export type WordScore = { readonly score: number; readonly matched: readonly string[] };

/**
 * Texts by their words: BM25 with the statistics of the scopes, the same as in the embedded memory, whose words these are.
 * PostgreSQL's own full text search has other words, ranks without knowing how rare a word is, and its index never
 * loses a word again, also not one that was forgotten.
 */
export class Keywords {
  readonly #clock: Clock;
  /** Counts that were too long to be made each time. */
  readonly #kept = new Map<string, { readonly value: number; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when it has no words, or the scopes have no texts. */
  async ask(
    session: Session,
    of: {
      readonly text: string;
      readonly scopes: readonly ScopeKey[];
      readonly wordNumber: (stem: string) => string;
    },
  ): Promise<Question | undefined> {
    const asked = queriedWords(of.text);
    if (asked.length === 0) return undefined;
    const numbers = asked.map(({ stem }) => of.wordNumber(stem));
    const scopes = scopesOf("$1");
    const [row] = await session.rows(
      `SELECT t.texts, t.words, ARRAY(SELECT (SELECT count(*)::int FROM (
           SELECT 1 FROM posting WHERE scope = ${scopes} AND word = w.word LIMIT ${COUNTED_MAX}) few)
         FROM unnest($2::bigint[]) WITH ORDINALITY w(word, i) ORDER BY i) AS frequencies
       FROM (SELECT count(*)::int AS texts, coalesce(sum(length), 0)::float8 AS words
         FROM (SELECT length FROM passage WHERE scope = ${scopes} LIMIT ${COUNTED_MAX}) few) t`,
      [of.scopes, numbers],
    );
    const counted = { texts: numberOf(row?.["texts"]), words: numberOf(row?.["words"]) };
    if (counted.texts === 0) return undefined;
    const all = await this.#all(session, of.scopes, counted);
    const few: readonly unknown[] = Array.isArray(row?.["frequencies"]) ? row["frequencies"] : [];
    const frequencies: number[] = [];
    for (const [index, number] of numbers.entries()) {
      frequencies.push(await this.#frequency(session, { scopes: of.scopes, number, counted: numberOf(few[index]) }));
    }
    const { weights, discriminative, scoreMax } = wordWeights(asked, { texts: all.texts, frequencies });
    const words = asked.map((word, index) => ({
      ...word,
      number: numbers[index] ?? "",
      weight: weights[index] ?? 0,
      isDiscriminative: discriminative[index] === true,
      texts: frequencies[index] ?? 0,
    }));
    return { words, scoreMax, meanLength: Math.max(1, all.words / all.texts) };
  }

  async #all(
    session: Session,
    scopes: readonly ScopeKey[],
    counted: { readonly texts: number; readonly words: number },
  ) {
    if (counted.texts < COUNTED_MAX) return counted;
    const count = (sql: string) => async () =>
      numberOf(
        (await session.rows(`SELECT ${sql} AS n FROM passage WHERE scope = ${scopesOf("$1")}`, [scopes]))[0]?.["n"],
      );
    const key = scopes.toSorted().join("\n");
    return {
      texts: await this.#keep(`texts\n${key}`, count("count(*)")),
      words: await this.#keep(`words\n${key}`, count("sum(length)")),
    };
  }

  async #frequency(
    session: Session,
    {
      scopes,
      number,
      counted,
    }: { readonly scopes: readonly ScopeKey[]; readonly number: string; readonly counted: number },
  ): Promise<number> {
    if (counted < COUNTED_MAX) return counted;
    return this.#keep(`${number}\n${scopes.toSorted().join("\n")}`, async () => {
      const sql = `SELECT count(*) AS n FROM posting WHERE scope = ${scopesOf("$1")} AND word = $2`;
      return numberOf((await session.rows(sql, [scopes, number]))[0]?.["n"]);
    });
  }

  async #keep(key: string, count: () => Promise<number>): Promise<number> {
    const now = this.#clock.monotonicMs();
    const known = this.#kept.get(key);
    if (known && known.untilMs > now) return known.value;
    const value = await count();
    if (this.#kept.size >= COUNTS_KEPT_MAX) this.#kept.clear();
    this.#kept.set(key, { value, untilMs: now + COUNTS_KEPT_MS });
    return value;
  }
}

/** Entities whose texts may be among the best: all that can, as long as they are not more than a thousand. */
export async function foundByWords(
  session: Session,
  question: Question,
  { filter, limit }: { readonly filter: EntityFilter; readonly limit: number },
): Promise<ReadonlySet<number>> {
  const [finding, rest] = divided(question);
  if (finding.length === 0) return new Set();
  const scoring = question.words.filter(({ texts, isDiscriminative }) => texts > 0 && !isDiscriminative);
  const bound = mostOf([...rest, ...scoring]);
  const some = await bestBy(session, question, { words: finding, bound, filter, limit });
  // What has none of these words cannot come among the best.
  if (rest.length === 0 || some.least > bound) return some.entities;
  const all = { words: [...finding, ...rest], bound: mostOf(scoring), filter, limit };
  return (await bestBy(session, question, all)).entities;
}

/** What words add to a score at most. */
const mostOf = (words: Question["words"]): number =>
  words.reduce((sum, { weight }) => sum + weight * WORD_FACTOR_MAX, 0);

/** Of the words that texts are found by: the rarest, up to so many postings; and the others that some text has. */
function divided({ words }: Question): readonly [Question["words"], Question["words"]] {
  const known = words
    .filter(({ texts, isDiscriminative }) => texts > 0 && isDiscriminative)
    .toSorted((one, other) => one.texts - other.texts);
  let postings = 0;
  const finding = known.filter(({ texts }, index) => (postings += texts) <= FOUND_BY_MAX || index === 0);
  return [finding, known.filter((word) => !finding.includes(word))];
}

/** A number as a machine's, which PostgreSQL reckons with much faster than with decimals that are exact. */
const real = (value: number): string => `${value}::float8`;

/** By some words; also who would be among the best if the others gave it `bound` more. `least`: of the best, 0 while there are fewer. */
async function bestBy(
  session: Session,
  { meanLength }: Question,
  asked: {
    readonly words: Question["words"];
    readonly bound: number;
    readonly filter: EntityFilter;
    readonly limit: number;
  },
): Promise<{ readonly entities: ReadonlySet<number>; readonly least: number }> {
  const values = new Values();
  const scopes = scopesOf(values.add(asked.filter.scopes));
  const numbers = values.add(asked.words.map(({ number }) => number));
  const weights = values.add(asked.words.map(({ weight }) => weight));
  const mean = values.add(meanLength);
  const most = values.add(asked.limit);
  const bound = values.add(asked.bound);
  const narrow = narrowing(asked.filter, values);
  const kept =
    narrow === "" ? "" : `JOIN passage p ON p.row = t.passage JOIN entity e ON e.row = p.entity WHERE ${narrow}`;
  const { k1, b } = WORD_FACTOR;
  const rows = await session.rows(
    `WITH sums AS MATERIALIZED (SELECT t.passage, t.score FROM (
       SELECT o.passage, sum(w.weight * o.count * ${real(k1 + 1)}
         / (o.count + ${real(k1)} * (${real(1 - b)} + ${real(b)} * o.length / ${mean}::float8))) AS score
       FROM unnest(${numbers}::bigint[], ${weights}::float8[]) w(word, weight)
       CROSS JOIN LATERAL (SELECT passage, count, length FROM posting
         WHERE scope = ${scopes} AND word = w.word OFFSET 0) o GROUP BY o.passage) t ${kept}),
     least AS (SELECT coalesce((SELECT score FROM sums ORDER BY score DESC OFFSET ${most}::int - 1 LIMIT 1), 0) AS score)
     SELECT DISTINCT p.entity, least.score AS least FROM (
       SELECT sums.passage FROM sums, least WHERE sums.score >= least.score - ${bound}::float8
       ORDER BY sums.score DESC LIMIT ${Math.max(SCORED_MAX, asked.limit)}) best
     JOIN passage p ON p.row = best.passage, least`,
    values.all,
  );
  return { entities: new Set(rows.map(({ entity }) => numberOf(entity))), least: numberOf(rows[0]?.["least"]) };
}

/** The best score of each entity's passages; those without any of the words are not there. */
export async function wordScores(
  session: Session,
  { words, scoreMax, meanLength }: Question,
  of: { readonly scopes: readonly ScopeKey[]; readonly entities: readonly number[] },
): Promise<ReadonlyMap<number, WordScore>> {
  const asked = words.filter(({ texts }) => texts > 0);
  if (asked.length === 0 || of.entities.length === 0) return new Map();
  const rows = await session.rows(
    // Each passage's few postings by its own index, whatever the planner thinks of the table (OFFSET 0 keeps it apart).
    `SELECT p.entity, p.row, p.length, array_position($2::bigint[], o.word) AS i, o.count FROM passage p
     CROSS JOIN LATERAL (SELECT word, count FROM posting WHERE passage = p.row AND word = ANY($2::bigint[]) OFFSET 0) o
     WHERE p.entity = ANY($1::bigint[])`,
    [of.entities, asked.map(({ number }) => number)],
  );
  const scores = new Map<number, WordScore>();
  for (const postings of Map.groupBy(rows, ({ row }) => numberOf(row)).values()) {
    const isMatched = postings.some(({ i }) => asked[numberOf(i) - 1]?.isDiscriminative === true);
    const sum = postings.reduce((so, { i, count, length }) => {
      const weight = asked[numberOf(i) - 1]?.weight ?? 0;
      return so + (isMatched ? weight * wordFactor(numberOf(count), numberOf(length), meanLength) : 0);
    }, 0);
    const entity = numberOf(postings[0]?.["entity"]);
    const before = scores.get(entity);
    const matched = new Set(before?.matched);
    for (const { i } of postings) matched.add(asked[numberOf(i) - 1]?.written ?? "");
    scores.set(entity, { score: Math.max(before?.score ?? 0, Math.min(1, sum / scoreMax)), matched: [...matched] });
  }
  return scores;
}
