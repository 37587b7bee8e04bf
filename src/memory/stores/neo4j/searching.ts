import * as z from "zod";
import { EntityId } from "../../../kernel/ids.ts";
import { type Entity, type StoreHit, type StoreHits, type StoreSearch, weightsOf } from "../../knowledge/index.ts";
import { type QueriedWord, type Found, fuse, queriedWords } from "../../search-index/index.ts";
import type { Connection } from "./connection.ts";
import { KEEP, keepParameters } from "./filters.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { placeOfModel } from "./models.ts";
import { isWithoutIndex } from "./errors.ts";
import { numberOf } from "./rows.ts";
import { walk } from "./walking.ts";
import { queryOf, type Question, questionOf, type Statistics } from "./words.ts";

/** Passages fetched for each hit wanted: several of one entity may be near. */
const PASSAGES_PER_HIT = 4;
const PASSAGES_MORE = 32;
/** Hits whose relations are followed. */
const EXPANDED = 10;
const EXPANDED_VISITS_MAX = 500;
/** How many more an index is asked for, when of what it gave too little was wanted. */
const GROWTH = 4;

const CandidateRow = z.object({ id: EntityId, isKept: z.boolean(), isBelow: z.boolean().optional() });
const PassageRow = z.object({ words: z.string(), length: z.number(), similarity: z.number().nullish() });
const DetailRow = z.object({ id: EntityId, updatedAtMs: z.number(), passages: z.array(PassageRow) });

/** Passages of the scopes that are compared one by one; where there are more the vector index is asked. */
export type SearchLimits = { readonly comparedMax: number };

/** What is known of an entity that may be a hit. */
type Candidate = Omit<Found, "row"> & { readonly id: EntityId; readonly matched: readonly string[] };
type Asked = {
  readonly search: StoreSearch;
  /** The words that are asked for, and those of them that passages are looked for by. */
  readonly stems: ReadonlySet<string>;
  readonly finding: readonly string[];
  /** Undefined until it is known how common the words are, and without words. */
  readonly question: Question | undefined;
  /** The vector's, while it is of the model that counts. */
  readonly vector: readonly number[] | undefined;
  readonly property: string | undefined;
  readonly index: string | undefined;
  readonly passages: number;
};
type Ids = { readonly ids: readonly EntityId[]; readonly isPartial: boolean };

/** Finds what is near in meaning and what has the words, and puts the scores together as every backend does. */
export class Searching {
  readonly #connection: Connection;
  readonly #statistics: Statistics;
  readonly #limits: SearchLimits;
  readonly #active: () => Promise<string | undefined>;
  readonly #read: (ids: readonly EntityId[]) => Promise<readonly (Entity | undefined)[]>;
  /** The model that counted last. */
  #assumed: string | undefined;

  constructor(deps: {
    readonly connection: Connection;
    readonly statistics: Statistics;
    readonly limits: SearchLimits;
    /** The model that counts. */
    readonly active: () => Promise<string | undefined>;
    readonly read: (ids: readonly EntityId[]) => Promise<readonly (Entity | undefined)[]>;
  }) {
    this.#connection = deps.connection;
    this.#statistics = deps.statistics;
    this.#limits = deps.limits;
    this.#active = deps.active;
    this.#read = deps.read;
  }

  /** By the model that counted last, which is looked up meanwhile: by another one when it is another by now. */
  async search(search: StoreSearch): Promise<StoreHits> {
    if (!search.vector) return this.#searchBy(search, undefined);
    const last = this.#assumed;
    const assumed = last ?? (await this.#active());
    const [hits, active] = await Promise.all([
      this.#searchBy(search, assumed),
      last === undefined ? assumed : this.#active(),
    ]);
    this.#assumed = active;
    return active === assumed ? hits : this.#searchBy(search, active);
  }

  async #searchBy(search: StoreSearch, active: string | undefined): Promise<StoreHits> {
    const scopes = [...new Set(search.filter.scopes)];
    const words = search.keywordWeight > 0 && search.text !== "" ? queriedWords(search.text) : [];
    const statistics = await this.#statistics.of(scopes);
    if (statistics.passages === 0) return { hits: [], isPartial: false };
    const vector = active !== undefined && search.model === active && search.vector ? [...search.vector] : undefined;
    const place = vector && active !== undefined ? placeOfModel(active) : undefined;
    const stems = new Set(words.map(({ stem }) => stem));
    const begun: Asked = {
      search,
      stems,
      finding: findingOf(words),
      question: undefined,
      vector,
      property: place?.property,
      index: place?.index,
      passages: statistics.passages,
    };
    const [near, worded, frequencies] = await Promise.all([
      this.#byMeaning(begun),
      this.#byWords(begun, scopes),
      this.#statistics.frequencies(words, { scopes, statistics }),
    ]);
    const asked = { ...begun, question: words.length > 0 ? questionOf(words, { statistics, frequencies }) : undefined };
    const found = await this.#details(asked, [...new Set([...near.ids, ...worded.ids])], true);
    const candidates = search.expand > 0 ? await this.#expand(asked, found) : found;
    return { hits: await this.#ranked(search, candidates), isPartial: near.isPartial || worded.isPartial };
  }

  /**
   * Compares all vectors if that is quick. Otherwise queries the index, which has no scopes: it is asked for as many more as there are
   * passages in other scopes; if it finds too few, all vectors are compared.
   */
  async #byMeaning(asked: Asked): Promise<Ids> {
    const { property, passages } = asked;
    if (property === undefined) return NONE;
    if (passages <= this.#limits.comparedMax) return this.#compare(asked, property);
    const found = await this.#byIndex(asked, property);
    const isLate = found.isPartial && passages <= NEO4J_LIMITS.comparedLateMax;
    return isLate ? this.#compare(asked, property) : found;
  }

  async #byIndex({ search, vector, index, passages }: Asked, property: string): Promise<Ids> {
    const share = passages / Math.max(await this.#statistics.passages(), passages);
    try {
      return await this.#grow(
        search,
        `CALL db.index.vector.queryNodes($p.index, toInteger($p.asked), $p.vector) YIELD node AS p
         MATCH (e:CaxtonEntity)-[:PASSAGE]->(p)
         WITH e, 2 * vector.similarity.cosine(p.${property}, $p.vector) - 1 < $p.floor AS isBelow
         RETURN e.id AS id, e.scope IN $p.scopes AND NOT isBelow AND ${KEEP} AS isKept, isBelow`,
        { index, vector, floor: search.similarityMin },
        share,
      );
    } catch (error) {
      // It is being built.
      if (!isWithoutIndex(error)) throw error;
      return { ids: [], isPartial: true };
    }
  }

  async #compare({ search, vector }: Asked, property: string): Promise<Ids> {
    const rows = await this.#connection.read(
      `MATCH (p:CaxtonPassage) WHERE p.scope IN $p.scopes AND p.length >= 0
       WITH p, 2 * vector.similarity.cosine(p.${property}, $p.vector) - 1 AS similarity WHERE similarity >= $p.floor
       MATCH (e:CaxtonEntity)-[:PASSAGE]->(p) WHERE ${KEEP}
       RETURN e.id AS id, true AS isKept ORDER BY similarity DESC LIMIT toInteger($p.limit)`,
      { ...keepParameters(search.filter), vector, floor: search.similarityMin, limit: passagesFor(search.limit) },
    );
    return { ids: rows.map((row) => CandidateRow.parse(row).id), isPartial: false };
  }

  async #byWords({ search, finding }: Asked, scopes: readonly string[]): Promise<Ids> {
    if (finding.length === 0) return NONE;
    return this.#grow(
      search,
      `CALL db.index.fulltext.queryNodes('caxton_words', $p.query, {limit: toInteger($p.asked)}) YIELD node AS p
       MATCH (e:CaxtonEntity)-[:PASSAGE]->(p) RETURN e.id AS id, e.scope IN $p.scopes AND ${KEEP} AS isKept`,
      { query: queryOf(finding, scopes) },
    );
  }

  /** Asks an index for more and more, until enough of it is wanted or there is no more. `share` of what it has is of the scopes. */
  async #grow(search: StoreSearch, statement: string, parameters: object, share = 1): Promise<Ids> {
    const wanted = passagesFor(search.limit);
    const max = NEO4J_LIMITS.candidatesMax;
    let asked = Math.ceil(wanted / share);
    if (asked > max) return { ids: [], isPartial: true };
    for (; ; asked = Math.min(asked * GROWTH, max)) {
      const rows = await this.#connection.read(statement, { ...keepParameters(search.filter), ...parameters, asked });
      const candidates = rows.map((row) => CandidateRow.parse(row));
      const ids = candidates.filter(({ isKept }) => isKept).map(({ id }) => id);
      // Of those that come in the order of their nearness nothing follows on one that is too far.
      const isAll = candidates.length < asked || candidates.at(-1)?.isBelow === true;
      if (isAll || ids.length >= wanted) return { ids: ids.slice(0, wanted), isPartial: false };
      if (asked >= max) return { ids, isPartial: true };
    }
  }

  /** What one index found is looked up in the other too, or its score would depend on where the others ended. */
  async #details(asked: Asked, ids: readonly EntityId[], isFound: boolean): Promise<readonly Candidate[]> {
    if (ids.length === 0) return [];
    const { search, stems, question, vector, property } = asked;
    const similarity = property === undefined ? "null" : `2 * vector.similarity.cosine(p.${property}, $p.vector) - 1`;
    const rows = await this.#connection.read(
      `UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id})-[:PASSAGE]->(p:CaxtonPassage)
       RETURN id, e.updatedAtMs AS updatedAtMs, collect({
         words: CASE WHEN $p.isByWords THEN p.words ELSE '' END,
         length: p.length, similarity: ${similarity}
       }) AS passages`,
      { ids, isByWords: stems.size > 0, vector: vector ?? null },
    );
    return rows.map((row): Candidate => {
      const { id, updatedAtMs, passages: written } = DetailRow.parse(row);
      // Taken apart here: the server would take several times as long.
      const passages = written.map((one) => ({
        ...one,
        words: one.words.split(" ").filter((word) => stems.has(word)),
      }));
      const similarities = passages.flatMap((one) => one.similarity ?? []);
      const scores = isFound && question ? passages.map(({ words, length }) => question.scoreOf(words, length)) : [];
      return {
        id,
        similarity: similarities.length > 0 ? Math.max(...similarities) : undefined,
        keyword: Math.max(0, ...scores),
        graph: 0,
        ageMs: search.nowMs - updatedAtMs,
        matched: question?.matchedBy(new Set(passages.flatMap(({ words }) => words))) ?? [],
      };
    });
  }

  /** Adds what is related to the best. */
  async #expand(asked: Asked, found: readonly Candidate[]): Promise<readonly Candidate[]> {
    const { search } = asked;
    const rows = rowsOf(found);
    const start = fuse(rows, weightsOf(search, EXPANDED)).map(({ row }) => row);
    const { steps } = await walk(this.#connection, {
      scopes: search.filter.scopes,
      start: start.flatMap((row) => rows[row]?.id ?? []),
      depth: search.expand,
      direction: "both",
      order: "breadth",
      strengthMin: 0,
      visitsMax: EXPANDED_VISITS_MAX,
    });
    const depths = new Map(steps.filter(({ depth }) => depth > 0).map(({ entity, depth }) => [entity, depth] as const));
    const kept = await this.#connection.read(
      `UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id}) WHERE ${KEEP} RETURN id, true AS isKept`,
      { ...keepParameters(search.filter), ids: [...depths.keys()] },
    );
    const related = new Set(kept.map((row) => CandidateRow.parse(row).id));
    const known = new Set(found.map(({ id }) => id));
    const fresh = await this.#details(
      asked,
      [...related].filter((id) => !known.has(id)),
      false,
    );
    return [...found, ...fresh].map((one) => {
      const depth = related.has(one.id) ? depths.get(one.id) : undefined;
      return depth === undefined ? one : { ...one, graph: 1 / 2 ** (depth - 1) };
    });
  }

  async #ranked(search: StoreSearch, candidates: readonly Candidate[]): Promise<readonly StoreHit[]> {
    const rows = rowsOf(candidates);
    const best = fuse(rows, weightsOf(search, search.limit));
    const entities = await this.#read(best.flatMap(({ row }) => rows[numberOf(row)]?.id ?? []));
    return best.flatMap(({ row, score, similarity, parts }, at): StoreHit[] => {
      const entity = entities[at];
      if (!entity) return [];
      const { keyword, recency, graph } = parts;
      const matched = rows[row]?.matched ?? [];
      return [{ entity, score: { total: score, similarity, keyword, recency, graph, matched } }];
    });
  }
}

/** How many have a word is not known yet; which are common in any text is. */
function findingOf(words: readonly QueriedWord[]): readonly string[] {
  const uncommon = words.filter(({ isCommon }) => !isCommon);
  return (uncommon.length > 0 ? uncommon : words).map(({ stem }) => stem);
}

const NONE: Ids = { ids: [], isPartial: false };

const passagesFor = (limit: number): number =>
  Math.min(limit * PASSAGES_PER_HIT + PASSAGES_MORE, NEO4J_LIMITS.candidatesMax);

/** Numbered by their ids, which rise with time: of those that are as good the oldest comes first. */
const rowsOf = (candidates: readonly Candidate[]) =>
  candidates.toSorted((one, other) => (one.id < other.id ? -1 : 1)).map((one, row) => ({ ...one, row }));
