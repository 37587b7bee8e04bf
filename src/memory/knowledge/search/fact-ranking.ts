import { wordFactor, queriedWords, wordsOf, wordWeights } from "../../search-index/index.ts";
import type { Entity, Observation } from "../entity.ts";
import type { StoreHit } from "../memory-store.ts";
import { ENTITY_MEASURE, type Measure } from "./token-budget.ts";

/** A fact of a hit with its relevance to the query: the cosine of its text, its keyword score and a fraction of its entity's score. */
export type RankedFact = { readonly fact: Observation; readonly score: number };

/** A hit with its facts, best first; equal ones newest first. */
export type RankedHit = StoreHit & { readonly ranked: readonly RankedFact[] };

/** Fraction of the entity's score that is added to a fact's score, so that facts of the queried entity come first. */
const ENTITY_WEIGHT = 0.3;

/** Maximum number of facts embedded for one search; the rest is ranked by keywords. */
const EMBEDDED_MAX = 2_000;

/** Maximum characters used to rank one fact, and all facts of a search together. Their words are read on the main thread. */
const FACT_CHARS_MAX = 4_000;
const CHARS_MAX = 400_000;
const FACT_CHARS_MIN = 100;

export type FactQuestion = {
  readonly text: string;
  /** Weight of a full keyword match, relative to a cosine of 1. */
  readonly keywordWeight: number;
  /** Returns unit vectors of texts, none on failure. Absent if the embedder is too slow for a search. */
  readonly embed?: ((texts: readonly string[]) => Promise<readonly Float32Array[]>) | undefined;
};

/** Ranks the facts of each hit by the query. Term weights are computed over all facts of the hits. */
export async function rankFacts(hits: readonly StoreHit[], question: FactQuestion): Promise<readonly RankedHit[]> {
  // A hit with one fact was found by that fact: its score needs no second calculation.
  if (hits.every(({ entity }) => entity.observations.length <= 1))
    return hits.map((hit) => ({ ...hit, ranked: hit.entity.observations.map((fact) => scoredAs(hit, fact)) }));
  const count = hits.reduce((sum, { entity }) => sum + entity.observations.length, 0);
  const length = Math.max(FACT_CHARS_MIN, Math.min(FACT_CHARS_MAX, Math.floor(CHARS_MAX / count)));
  const plain = hits.map(({ entity: { name, observations } }) => {
    const without = nameless(name);
    return {
      question: without(question.text),
      facts: observations.map(({ text }) => without(text.slice(0, length))),
    };
  });
  const texts = plain.flatMap(({ facts }) => facts);
  const words = wordScores(texts, question.text);
  // Few entities are named in the query, so most hits share one.
  const questions = [...new Set(plain.map((one) => one.question))];
  const vectors = (await question.embed?.([...questions, ...texts].slice(0, EMBEDDED_MAX))) ?? [];
  let at = 0;
  return hits.map((hit, index) => {
    const asked = vectors[questions.indexOf(plain[index]?.question ?? "")];
    const byEntity = ENTITY_WEIGHT * hit.score.total;
    const ranked = hit.entity.observations.map((fact): RankedFact => {
      const cosine = dot(asked, vectors[questions.length + at]);
      const byWords = question.keywordWeight * (words[at] ?? 0);
      at += 1;
      return { fact, score: cosine + byWords + byEntity };
    });
    return { ...hit, ranked: ranked.toReversed().toSorted((one, other) => other.score - one.score) };
  });
}

/**
 * Returns a function that removes the words of an entity's name from a text. They identify the entity, not one of its facts: facts that
 * repeat the name would win over those that write "she".
 */
function nameless(name: string): (text: string) => string {
  const words = name.match(/[\p{L}\p{N}]+/gu);
  if (words === null) return (text) => text;
  let any: RegExp | undefined;
  const lower = words.map((word) => word.toLowerCase());
  return (text) => {
    const plain = text.toLowerCase();
    // Most texts name no person, and the expression is slow.
    if (!lower.some((word) => plain.includes(word))) return text;
    any ??= new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})(?:['’]s)?(?![\\p{L}\\p{N}])`, "giu");
    const left = text.replaceAll(any, " ");
    return left.trim() === "" ? text : left;
  };
}

/** The cosine of two unit vectors; 0 without them. */
function dot(one: Float32Array | undefined, other: Float32Array | undefined): number {
  if (one === undefined || other === undefined) return 0;
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += (one[at] ?? 0) * (other[at] ?? 0);
  return sum;
}

const scoredAs = ({ score }: StoreHit, fact: Observation): RankedFact => ({
  fact,
  score: (score.similarity ?? 0) + score.keyword,
});

/** Keyword score of each fact, 0 to 1: BM25 over these facts. */
function wordScores(facts: readonly string[], question: string): readonly number[] {
  const asked = queriedWords(question);
  const texts = facts.map((text) => wordsOf(text));
  const frequencies = asked.map(({ stem }) => texts.filter(({ counts }) => counts.has(stem)).length);
  const { weights, scoreMax } = wordWeights(asked, { texts: texts.length, frequencies });
  const meanLength = Math.max(1, texts.reduce((sum, { length }) => sum + length, 0) / Math.max(1, texts.length));
  return texts.map(({ counts, length }) => {
    const sum = asked.reduce((total, { stem }, index) => {
      const count = counts.get(stem);
      return count === undefined ? total : total + (weights[index] ?? 0) * wordFactor(count, length, meanLength);
    }, 0);
    return scoreMax > 0 ? sum / scoreMax : 0;
  });
}

/**
 * Returns the hits that fit into the token limit. Each keeps its best fact; the remaining tokens go to the best facts of all hits. Facts
 * stay ordered by age. The first hit is always returned, cut if necessary; `next` continues after the last hit that fits.
 */
export function fitFacts(
  hits: readonly RankedHit[],
  tokensMax: number | undefined,
  measure: Measure<Entity> = ENTITY_MEASURE,
): { readonly fitting: readonly RankedHit[]; readonly tokens: number } {
  const whole = hits.reduce((sum, { entity }) => sum + measure.tokensOf(entity), 0);
  if (tokensMax === undefined || whole <= tokensMax) return { fitting: hits, tokens: whole };
  const chosen = new Map<RankedHit, Set<Observation>>();
  let tokens = 0;
  for (const hit of hits) {
    const best = hit.ranked.slice(0, 1).map(({ fact }) => fact);
    const least = { ...hit.entity, observations: best };
    const cost = measure.tokensOf(least);
    if (tokens + cost > tokensMax) {
      if (chosen.size > 0) break;
      const { isCut: _, ...entity } = measure.cutTo(least, tokensMax);
      const ranked = hit.ranked.filter(({ fact }) => entity.observations.includes(fact));
      return { fitting: [cutTo(hit, entity, ranked)], tokens: measure.tokensOf(entity) };
    }
    chosen.set(hit, new Set(best));
    tokens += cost;
  }
  const rest = [...chosen.keys()].flatMap((hit) =>
    hit.ranked.slice(1).map(({ fact, score }) => ({ hit, fact, score })),
  );
  for (const { hit, fact } of rest.toSorted((one, other) => other.score - one.score)) {
    const bare = { ...hit.entity, observations: [] };
    const cost = measure.tokensOf({ ...bare, observations: [fact] }) - measure.tokensOf(bare);
    if (tokens + cost > tokensMax) continue;
    chosen.get(hit)?.add(fact);
    tokens += cost;
  }
  const fitting = [...chosen].map(([hit, facts]): RankedHit => {
    const observations = hit.entity.observations.filter((fact) => facts.has(fact));
    const ranked = hit.ranked.filter(({ fact }) => facts.has(fact));
    return cutTo(hit, { ...hit.entity, observations }, ranked);
  });
  return { fitting, tokens };
}

const cutTo = (hit: RankedHit, entity: Entity, ranked: readonly RankedFact[]): RankedHit => ({
  ...hit,
  entity: { ...entity, ...(entity.observations.length < hit.entity.observations.length && { isCut: true }) },
  ranked,
});
