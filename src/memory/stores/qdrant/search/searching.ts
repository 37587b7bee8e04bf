import type { EntityId } from "../../../../kernel/ids.ts";
import { type StoreHit, type StoreHits, type StoreSearch, weightsOf } from "../../../knowledge/index.ts";
import {
  type QueriedWord,
  type Found as Fusable,
  fuse,
  wordFactor,
  queriedWords,
  wordsOf,
  wordWeights,
} from "../../../search-index/index.ts";
import type { Archive } from "../archive.ts";
import type { Corpora } from "./corpus.ts";
import { DOCUMENT_FIELDS, entityOf, type StoredDocument, toStored, textsOf, wordNumber } from "../documents.ts";
import { filterOf, passes } from "../filters.ts";
import { QDRANT_LIMITS } from "../limits.ts";
import type { Models } from "../models.ts";
import { type Filter, type Found, hasId, type Place } from "../place.ts";
import { isUnknownVector } from "../errors.ts";
import { WORDS } from "../schema.ts";
import { walk } from "./walking.ts";

/** Entities fetched for each hit wanted, by meaning and by words: the best of both together may be far down in each. */
const PER_HIT = 2;
const MORE = 32;
/** Neighbours that Qdrant's graph of vectors looks at, at least. */
const LOOKED_AT_MIN = 128;
/** Hits whose relations are followed, and how far it goes. */
const EXPANDED = 10;
const EXPANDED_VISITS_MAX = 500;

/** What is known of an entity that was found. */
type Candidate = {
  readonly filed: StoredDocument;
  similarity: number | undefined;
  keyword: number;
  graph: number;
  matched: readonly string[];
};
type Candidates = Map<EntityId, Candidate>;
type Scored = Found & { readonly score: number };

export class Searching {
  readonly #deps: {
    readonly place: Place;
    readonly archive: Archive;
    readonly models: Models;
    readonly corpora: Corpora;
  };

  constructor(deps: {
    readonly place: Place;
    readonly archive: Archive;
    readonly models: Models;
    readonly corpora: Corpora;
  }) {
    this.#deps = deps;
  }

  async search(search: StoreSearch): Promise<StoreHits> {
    const using = search.vector && search.model ? (await this.#deps.models.find(search.model))?.vectors : undefined;
    try {
      return await this.#search(search, using);
    } catch (error) {
      if (using === undefined || !isUnknownVector(error)) throw error;
      // Another server has switched to another model in the meantime.
      await this.#deps.models.load();
      return { ...(await this.#search(search, undefined)), isPartial: true };
    }
  }

  async #search(search: StoreSearch, using: string | undefined): Promise<StoreHits> {
    const filter = filterOf(search.filter);
    const asked = search.keywordWeight > 0 && search.text !== "" ? queriedWords(search.text) : [];
    const [near, worded] = await Promise.all([
      this.#byMeaning(search, using, filter),
      this.#byWords(search, asked, filter),
    ]);
    const found = new Map([...near, ...worded.found].map((one) => [one.id, toStored(one)]));
    const settled = await this.#deps.archive.settled([...found.values()]);
    const candidates: Candidates = new Map(settled.map((filed) => [filed.head.id, candidateOf(filed)]));
    for (const { id, score } of near) {
      const entity = found.get(id)?.head.id;
      const candidate = entity && candidates.get(entity);
      if (candidate) candidate.similarity = score;
    }
    for (const [id, candidate] of candidates) {
      const best = worded.scoreOf(candidate.filed);
      candidate.keyword = best.score;
      candidate.matched = best.matched;
      // Another word with the same number, and nothing near.
      if (best.score === 0 && candidate.similarity === undefined) candidates.delete(id);
    }
    const bare = [...candidates.values()].filter(({ similarity }) => similarity === undefined);
    await this.#complete(search, using, bare);
    if (search.expand > 0) await this.#expand(search, using, candidates);
    return { hits: ranked(search, candidates), isPartial: false };
  }

  async #byMeaning(search: StoreSearch, using: string | undefined, filter: Filter): Promise<readonly Scored[]> {
    const { vector } = search;
    if (!vector || using === undefined) return [];
    const limit = fetchedFor(search.limit);
    const answer = await this.#deps.place.ask((client, collection) =>
      client.query(collection, {
        query: { nearest: [...vector] },
        using,
        filter,
        limit,
        score_threshold: search.similarityMin,
        params: { hnsw_ef: Math.max(LOOKED_AT_MIN, limit) },
        with_payload: DOCUMENT_FIELDS,
      }),
    );
    return answer.points.map(scoredOf);
  }

  /** Candidates by a sum of their words' weights; then each passage is scored as everywhere. */
  async #byWords(search: StoreSearch, asked: readonly QueriedWord[], filter: Filter) {
    if (asked.length === 0) return { found: [], scoreOf: () => ({ score: 0, matched: [] }) };
    const corpus = await this.#deps.corpora.of(search.filter.scopes, asked);
    const { weights, discriminative, scoreMax } = wordWeights(asked, corpus);
    const finding = asked.map(({ stem }, index) => [wordNumber(stem), weights[index] ?? 0] as const);
    const numbers = new Map(finding.filter((_, index) => discriminative[index]));
    const indices = [...numbers.keys()].toSorted((one, other) => one - other);
    const answer = await this.#deps.place.ask((client, collection) =>
      client.query(collection, {
        query: { nearest: { indices, values: indices.map((one) => numbers.get(one) ?? 0) } },
        using: WORDS,
        filter,
        limit: fetchedFor(search.limit),
        with_payload: DOCUMENT_FIELDS,
      }),
    );
    const scoreOf = (filed: StoredDocument) =>
      scoreIn(textsOf(filed), asked, { weights, discriminative, scoreMax, meanLength: corpus.meanLength });
    return { found: answer.points.map(scoredOf), scoreOf };
  }

  /** What was found otherwise is as near as it is; or its score would depend on where the list ended. */
  async #complete(search: StoreSearch, using: string | undefined, bare: readonly Candidate[]): Promise<void> {
    const { vector } = search;
    if (!vector || using === undefined || bare.length === 0) return;
    for (let at = 0; at < bare.length; at += QDRANT_LIMITS.idsMax) {
      const some = bare.slice(at, at + QDRANT_LIMITS.idsMax);
      const answer = await this.#deps.place.ask((client, collection) =>
        client.query(collection, {
          query: { nearest: [...vector] },
          using,
          filter: { must: [hasId(some.map(({ filed }) => filed.point))] },
          limit: some.length,
          params: { exact: true },
          with_payload: false,
        }),
      );
      const scores = new Map(answer.points.map(({ id, score }) => [String(id), score]));
      for (const candidate of some) candidate.similarity = scores.get(candidate.filed.point);
    }
  }

  async #expand(search: StoreSearch, using: string | undefined, candidates: Candidates): Promise<void> {
    const list = ordered(candidates);
    const start = fuse(fusable(list), weightsOf(search, EXPANDED)).flatMap(({ row }) => list[row]?.filed.head.id ?? []);
    const { steps } = await walk(this.#deps, {
      scopes: search.filter.scopes,
      start,
      depth: search.expand,
      direction: "both",
      order: "breadth",
      strengthMin: 0,
      visitsMax: EXPANDED_VISITS_MAX,
    });
    const near = steps.filter(({ depth }) => depth > 0);
    const missing = near.map(({ entity }) => entity).filter((id) => !candidates.has(id));
    const added: Candidate[] = [];
    for (const [id, filed] of await this.#deps.archive.current(missing)) {
      if (!passes(filed, search.filter)) continue;
      const candidate = candidateOf(filed);
      candidates.set(id, candidate);
      added.push(candidate);
    }
    for (const { entity, depth } of near) {
      const candidate = candidates.get(entity);
      if (candidate) candidate.graph = Math.max(candidate.graph, 1 / 2 ** (depth - 1));
    }
    await this.#complete(search, using, added);
  }
}

/** The score of the passage that has the words best, and all words that any of them has. */
function scoreIn(
  texts: readonly string[],
  asked: readonly QueriedWord[],
  of: ReturnType<typeof wordWeights> & { readonly meanLength: number },
): { readonly score: number; readonly matched: readonly string[] } {
  const matched = new Set<string>();
  let best = 0;
  for (const { counts, length } of texts.map(wordsOf)) {
    let sum = 0;
    let isMatched = false;
    for (const [index, { stem, written }] of asked.entries()) {
      const count = counts.get(stem);
      if (count === undefined) continue;
      matched.add(written);
      isMatched ||= of.discriminative[index] === true;
      sum += (of.weights[index] ?? 0) * wordFactor(count, length, of.meanLength);
    }
    if (isMatched) best = Math.max(best, sum);
  }
  return { score: of.scoreMax > 0 ? Math.min(1, best / of.scoreMax) : 0, matched: [...matched] };
}

const fetchedFor = (limit: number): number => limit * PER_HIT + MORE;

const candidateOf = (filed: StoredDocument): Candidate => ({
  filed,
  similarity: undefined,
  keyword: 0,
  graph: 0,
  matched: [],
});

const scoredOf = ({
  id,
  payload,
  score,
}: {
  readonly id: string | number;
  readonly payload?: unknown;
  readonly score: number;
}): Scored => ({ id: String(id), payload, vector: undefined, score });

/** Oldest first, by id: the order of equal scores. */
const ordered = (candidates: Candidates): readonly Candidate[] =>
  [...candidates.values()].toSorted((one, other) => (one.filed.head.id < other.filed.head.id ? -1 : 1));

const fusable = (list: readonly Candidate[]): Fusable[] =>
  list.map(({ similarity, keyword, graph }, row) => ({ row, similarity, keyword, graph }));

function ranked(search: StoreSearch, candidates: Candidates): readonly StoreHit[] {
  const list = ordered(candidates);
  const found = fusable(list).map((one) => ({
    ...one,
    ageMs: search.nowMs - (list[one.row]?.filed.head.updatedAtMs ?? 0),
  }));
  return fuse(found, weightsOf(search, search.limit)).flatMap(({ row, score, similarity, parts }): StoreHit[] => {
    const candidate = list[row];
    if (!candidate) return [];
    const { keyword, recency, graph } = parts;
    return [
      {
        entity: entityOf(candidate.filed),
        score: { total: score, similarity, keyword, recency, graph, matched: candidate.matched },
      },
    ];
  });
}
