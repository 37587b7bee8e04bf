import { type StoreSearch, weightsOf } from "../../knowledge/index.ts";
import { fuse, type Found, type KeywordQuestion } from "../../search-index/index.ts";
import type { Facts } from "./facts.ts";
import type { Indexes, FilterCheck } from "./indexing/indexes.ts";
import type { Indexing } from "./indexing/indexing.ts";
import type { PackedHits } from "./files/packing.ts";
import type { PackedEntity } from "./rows.ts";

/** Passages fetched for each hit wanted: several of one entity may be near. */
const PASSAGES_PER_HIT = 4;
const PASSAGES_MORE = 32;
/** Hits whose relations are followed. */
const EXPANDED = 10;
const EXPANDED_VISITS_MAX = 500;

/** What is known of an entity that was found. */
type Candidate = { similarity: number | undefined; keyword: number; graph: number };
type Candidates = Map<number, Candidate>;

/** Looks a question up in the indexes, and reads what was found. */
export class Lookup {
  readonly #facts: Facts;
  readonly #indexing: Indexing;

  constructor(deps: { readonly facts: Facts; readonly indexing: Indexing }) {
    this.#facts = deps.facts;
    this.#indexing = deps.indexing;
  }

  get #indexes(): Indexes {
    return this.#indexing.indexes;
  }

  /** `isPartial` only when a filter took too long; the caller knows whether all is indexed, and has its vector. */
  search(search: StoreSearch): Omit<PackedHits, "lacksVectors"> {
    const { keep, isExhausted } = this.#indexes.filterCheck(search.filter);
    const candidates: Candidates = new Map();
    const isByWords = search.keywordWeight > 0 && search.text !== "";
    const words = isByWords ? this.#indexes.keywords.ask(search.text, search.filter.scopes) : undefined;
    this.#byMeaning(search, keep, candidates);
    if (words) this.#byWords(words, { limit: passagesFor(search.limit), keep }, candidates);
    this.#complete(search, words, candidates);
    if (search.expand > 0) this.#expand(search, keep, candidates);
    return { ...this.#ranked(search, words, candidates), isPartial: isExhausted() };
  }

  #candidate(candidates: Candidates, entity: number): Candidate {
    let candidate = candidates.get(entity);
    if (!candidate) candidates.set(entity, (candidate = { similarity: undefined, keyword: 0, graph: 0 }));
    return candidate;
  }

  #byMeaning(search: StoreSearch, keep: FilterCheck["keep"], candidates: Candidates): void {
    const { vectors } = this.#indexes;
    if (!search.vector || !vectors) return;
    const hits = vectors.search(search.vector, {
      scopes: search.filter.scopes,
      limit: passagesFor(search.limit),
      floor: search.similarityMin,
      isExact: search.isExact,
      keep: keep && ((passage) => keep(this.#indexes.entityOf(passage))),
    });
    for (const { row, similarity } of hits) {
      const candidate = this.#candidate(candidates, this.#indexes.entityOf(row));
      candidate.similarity = Math.max(candidate.similarity ?? -1, similarity);
    }
  }

  #byWords(
    words: KeywordQuestion,
    { limit, keep }: { readonly limit: number; readonly keep: FilterCheck["keep"] },
    candidates: Candidates,
  ): void {
    for (const { row, score } of words.best(limit, keep && ((passage) => keep(this.#indexes.entityOf(passage))))) {
      const candidate = this.#candidate(candidates, this.#indexes.entityOf(row));
      candidate.keyword = Math.max(candidate.keyword, score);
    }
  }

  /** What one index found is looked up in the other too, or its score would depend on where the others ended. */
  #complete(search: StoreSearch, words: KeywordQuestion | undefined, candidates: Candidates): void {
    const without = [...candidates].filter(([, { similarity }]) => similarity === undefined).map(([entity]) => entity);
    this.#compare(search, without, candidates);
    if (!words) return;
    const unsaid = [...candidates].filter(([, { keyword }]) => keyword === 0).map(([entity]) => entity);
    const passages = unsaid.flatMap((entity) => this.#indexes.passagesOf(entity));
    for (const [index, score] of words.scoresOf(passages).entries()) {
      const candidate = this.#candidate(candidates, this.#indexes.entityOf(passages[index] ?? 0));
      candidate.keyword = Math.max(candidate.keyword, score);
    }
  }

  /** Sets the similarity of entities that are candidates, by their nearest passages. */
  #compare({ vector }: StoreSearch, entities: readonly number[], candidates: Candidates): void {
    const { vectors } = this.#indexes;
    if (!vector || !vectors || entities.length === 0) return;
    const passages = entities.flatMap((entity) => this.#indexes.passagesOf(entity));
    for (const [index, similarity] of vectors.similaritiesOf(vector, passages).entries()) {
      if (Number.isNaN(similarity)) continue;
      const candidate = this.#candidate(candidates, this.#indexes.entityOf(passages[index] ?? 0));
      candidate.similarity = Math.max(candidate.similarity ?? -1, similarity);
    }
  }

  #expand(search: StoreSearch, keep: FilterCheck["keep"], candidates: Candidates): void {
    const start = fuse(foundOf(candidates), weightsOf(search, EXPANDED)).map(({ row }) => row);
    const scopes = new Set(search.filter.scopes.flatMap((key) => this.#facts.scopeNumber(key) ?? []));
    const { visited } = this.#indexes.graph.walk(start, {
      depth: search.expand,
      direction: "both",
      visitsMax: EXPANDED_VISITS_MAX,
      keep: (row) => this.#indexes.isOfScopes(row, scopes),
    });
    const fresh: number[] = [];
    for (const { row, depth } of visited) {
      if (depth === 0 || keep?.(row) === false) continue;
      if (!candidates.has(row)) fresh.push(row);
      const candidate = this.#candidate(candidates, row);
      candidate.graph = Math.max(candidate.graph, 1 / 2 ** (depth - 1));
    }
    this.#compare(search, fresh, candidates);
  }

  #ranked(
    search: StoreSearch,
    words: KeywordQuestion | undefined,
    candidates: Candidates,
  ): Pick<PackedHits, "entities" | "scores" | "matched"> {
    const found = foundOf(candidates).map((one) => ({
      ...one,
      ageMs: search.nowMs - this.#indexes.updatedAtMs(one.row),
    }));
    const best = fuse(found, weightsOf(search, search.limit));
    const read = this.#facts.packed(best.map(({ row }) => row));
    const entities: PackedEntity[] = [];
    const scores: number[] = [];
    const matched = this.#matched(
      best.map(({ row }) => row),
      words,
    );
    const has: (readonly string[])[] = [];
    for (const [index, { row, score, similarity, parts }] of best.entries()) {
      const entity = read[index];
      if (!entity) continue;
      entities.push(entity);
      scores.push(score, similarity ?? Number.NaN, parts.keyword, parts.recency, parts.graph);
      has.push([...(matched.get(row) ?? [])]);
    }
    return { entities, scores, matched: has };
  }

  /** Words of the question that each entity has in any of its passages. */
  #matched(entities: readonly number[], words: KeywordQuestion | undefined): ReadonlyMap<number, ReadonlySet<string>> {
    const passages = words ? entities.flatMap((entity) => this.#indexes.passagesOf(entity)) : [];
    const matched = new Map<number, Set<string>>();
    for (const [index, has] of (words?.matchedBy(passages) ?? []).entries()) {
      const entity = this.#indexes.entityOf(passages[index] ?? 0);
      matched.set(entity, new Set([...(matched.get(entity) ?? []), ...has]));
    }
    return matched;
  }
}

const passagesFor = (limit: number): number => Math.min(limit * PASSAGES_PER_HIT + PASSAGES_MORE, 10_000);

const foundOf = (candidates: Candidates): Found[] =>
  [...candidates].map(([row, { similarity, keyword, graph }]) => ({ row, similarity, keyword, graph }));
