import type { ScoreParts, StoreHit, StoreHits, StoreSearch } from "../../../memory/index.ts";
import { fuse, type Found } from "../../../recall/index.ts";
import type { Facts } from "./facts.ts";
import type { Indexes } from "./indexes.ts";

/** Passages fetched for each hit wanted: several of one entity may be near. */
const PASSAGES_PER_HIT = 4;
const PASSAGES_MORE = 32;
/** Hits whose relations are followed. */
const EXPANDED = 10;
const EXPANDED_VISITS_MAX = 500;
/** What the nearest relation is worth. */
const GRAPH_WEIGHT = 0.1;

/** What is known of an entity that was found. */
type Candidate = {
  similarity: number | undefined;
  keyword: number;
  graph: number;
  readonly matched: Set<string>;
};

/** Looks a question up in the indexes, and reads what was found. */
export class Lookup {
  readonly #facts: Facts;
  readonly #indexes: Indexes;

  constructor(deps: { readonly facts: Facts; readonly indexes: Indexes }) {
    this.#facts = deps.facts;
    this.#indexes = deps.indexes;
  }

  /** `isPartial` only when a filter took too long; the caller knows whether all is indexed. */
  search(search: StoreSearch): StoreHits {
    const { keep, isExhausted } = this.#indexes.keeper(search.filter);
    const candidates = new Map<number, Candidate>();
    this.#byMeaning(search, keep, candidates);
    this.#byWords(search, keep, candidates);
    this.#complete(search, candidates);
    if (search.expand > 0) this.#expand(search, keep, candidates);
    return { hits: this.#ranked(search, candidates), isPartial: isExhausted() };
  }

  #candidate(candidates: Map<number, Candidate>, entity: number): Candidate {
    let candidate = candidates.get(entity);
    if (!candidate) {
      candidate = { similarity: undefined, keyword: 0, graph: 0, matched: new Set() };
      candidates.set(entity, candidate);
    }
    return candidate;
  }

  #byMeaning(search: StoreSearch, keep: (entity: number) => boolean, candidates: Map<number, Candidate>): void {
    const { vectors } = this.#indexes;
    if (!search.vector || !vectors) return;
    const hits = vectors.search(search.vector, {
      scopes: search.filter.scopes,
      limit: passagesFor(search.limit),
      floor: search.similarityMin,
      keep: (passage) => keep(this.#indexes.entityOf(passage)),
    });
    for (const { row, similarity } of hits) {
      const candidate = this.#candidate(candidates, this.#indexes.entityOf(row));
      candidate.similarity = Math.max(candidate.similarity ?? -1, similarity);
    }
  }

  #byWords(search: StoreSearch, keep: (entity: number) => boolean, candidates: Map<number, Candidate>): void {
    if (search.keywordWeight === 0 || search.text === "") return;
    const hits = this.#indexes.keywords.search(search.text, {
      scopes: search.filter.scopes,
      limit: passagesFor(search.limit),
      keep: (passage) => keep(this.#indexes.entityOf(passage)),
    });
    for (const { row, score, matched } of hits) {
      const candidate = this.#candidate(candidates, this.#indexes.entityOf(row));
      candidate.keyword = Math.max(candidate.keyword, score);
      for (const word of matched) candidate.matched.add(word);
    }
  }

  /** What one index found is looked up in the other too, or its score would depend on where the others ended. */
  #complete(search: StoreSearch, candidates: ReadonlyMap<number, Candidate>): void {
    for (const [entity, candidate] of candidates) {
      const passages = [...this.#indexes.passagesOf(entity)];
      if (candidate.similarity === undefined) candidate.similarity = this.#similarity(search, passages);
      if (candidate.keyword === 0 && search.keywordWeight > 0 && search.text !== "") {
        candidate.keyword = Math.max(0, ...this.#indexes.keywords.scoresOf(search.text, passages));
      }
    }
  }

  #similarity({ vector }: StoreSearch, passages: readonly number[]): number | undefined {
    const { vectors } = this.#indexes;
    if (!vector || !vectors) return undefined;
    const known = [...vectors.similaritiesOf(vector, passages)].filter((one) => !Number.isNaN(one));
    return known.length > 0 ? Math.max(...known) : undefined;
  }

  #expand(search: StoreSearch, keep: (entity: number) => boolean, candidates: Map<number, Candidate>): void {
    const start = fuse(foundOf(candidates), weightsOf(search, EXPANDED)).map(({ row }) => row);
    const scopes = new Set(search.filter.scopes.flatMap((key) => this.#facts.scopeNumber(key) ?? []));
    const { visited } = this.#indexes.graph.walk(start, {
      depth: search.expand,
      direction: "both",
      visitsMax: EXPANDED_VISITS_MAX,
      keep: (row) => this.#indexes.isOfScopes(row, scopes),
    });
    for (const { row, depth } of visited) {
      if (depth === 0 || !keep(row)) continue;
      const isNew = !candidates.has(row);
      const candidate = this.#candidate(candidates, row);
      candidate.graph = Math.max(candidate.graph, 1 / 2 ** (depth - 1));
      if (isNew) candidate.similarity = this.#similarity(search, [...this.#indexes.passagesOf(row)]);
    }
  }

  #ranked(search: StoreSearch, candidates: ReadonlyMap<number, Candidate>): readonly StoreHit[] {
    const found = foundOf(candidates).map((one) => ({
      ...one,
      ageMs: search.nowMs - this.#indexes.updatedAtMs(one.row),
    }));
    return fuse(found, weightsOf(search, search.limit)).flatMap(({ row, score, similarity, parts }): StoreHit[] => {
      const filed = this.#facts.at(row);
      if (!filed) return [];
      const { keyword, recency, graph } = parts;
      const explained: ScoreParts = {
        total: score,
        similarity,
        keyword,
        recency,
        graph,
        matched: [...(candidates.get(row)?.matched ?? [])],
      };
      return [{ entity: filed.entity, score: explained }];
    });
  }
}

const passagesFor = (limit: number): number => Math.min(limit * PASSAGES_PER_HIT + PASSAGES_MORE, 10_000);

const foundOf = (candidates: ReadonlyMap<number, Candidate>): Found[] =>
  [...candidates].map(([row, { similarity, keyword, graph }]) => ({ row, similarity, keyword, graph }));

const weightsOf = ({ keywordWeight, recencyBoost }: StoreSearch, limit: number) => ({
  limit,
  keywordWeight,
  graphWeight: GRAPH_WEIGHT,
  recencyBoost: recencyBoost - 1,
});
