import {
  type ScoreParts,
  type StoreHit,
  type StoreHits,
  type StoreSearch,
  weightsOf,
} from "../../../knowledge/index.ts";
import { type Found, fuse } from "../../../search-index/index.ts";
import type { Connections } from "../connections.ts";
import { filtering } from "./filters.ts";
import { foundByWords, type Keywords, type Question, type WordScore, wordScores } from "./keywords.ts";
import { nearestTo, similaritiesOf } from "./nearest.ts";
import type { SurrogateKeys } from "../surrogate-keys.ts";
import { ENTITIES, entityOf, numberOf } from "../rows.ts";
import { type Session, Values } from "../session.ts";
import { activeModel } from "../vectors.ts";
import { walkRows } from "./walking.ts";

/** Passages fetched for each hit wanted: several of one entity may be near. */
const PASSAGES_PER_HIT = 4;
const PASSAGES_MORE = 32;
const PASSAGES_MAX = 10_000;
/** Hits whose relations are followed. */
const EXPANDED = 10;
const EXPANDED_VISITS_MAX = 500;

type Known = {
  readonly similarities: ReadonlyMap<number, number>;
  readonly words: ReadonlyMap<number, WordScore>;
  readonly graph: ReadonlyMap<number, number>;
};

/** Looks a question up by meaning, by words and along relations, and reads what was found. */
export class Lookup {
  readonly #connections: Connections;
  readonly #numbers: SurrogateKeys;
  readonly #keywords: Keywords;
  readonly #exactMax: number;

  constructor(deps: {
    readonly connections: Connections;
    readonly numbers: SurrogateKeys;
    readonly keywords: Keywords;
    /** Up to so many passages of the scopes are compared one by one. */
    readonly exactMax: number;
  }) {
    this.#connections = deps.connections;
    this.#numbers = deps.numbers;
    this.#keywords = deps.keywords;
    this.#exactMax = deps.exactMax;
  }

  async search(search: StoreSearch): Promise<StoreHits> {
    const wordNumber = await this.#numbers.wordNumbers();
    // All of it as of one moment.
    return this.#connections.readWith("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", async (session) => {
      const active = await activeModel(session);
      const model = search.vector && active?.name === search.model ? active : undefined;
      const near = { search, model, exactMax: this.#exactMax, limit: passagesFor(search.limit) };
      const byMeaning = model ? await nearestTo(session, near) : new Map<number, number>();
      const { scopes } = search.filter;
      const isWorded = search.keywordWeight > 0 && search.text !== "";
      const question = isWorded
        ? await this.#keywords.ask(session, { text: search.text, scopes, wordNumber })
        : undefined;
      const byWords = question
        ? await foundByWords(session, question, { filter: search.filter, limit: passagesFor(search.limit) })
        : new Set<number>();
      // What one way found is looked up the other way too, or its score would depend on where the others ended.
      const known = await complete(session, { near, question, byMeaning, byWords });
      const graph = search.expand > 0 ? await expand(session, search, known) : new Map<number, number>();
      const added = [...graph.keys()].filter((row) => !known.similarities.has(row) && !known.words.has(row));
      const further = model ? await similaritiesOf(session, near, added) : new Map<number, number>();
      const similarities = new Map([...known.similarities, ...further]);
      return { hits: await ranked(session, search, { ...known, similarities, graph }), isPartial: false };
    });
  }
}

async function complete(
  session: Session,
  of: {
    readonly near: Parameters<typeof nearestTo>[1];
    readonly question: Question | undefined;
    readonly byMeaning: ReadonlyMap<number, number>;
    readonly byWords: ReadonlySet<number>;
  },
): Promise<Known> {
  const entities = [...new Set([...of.byMeaning.keys(), ...of.byWords])];
  const { scopes } = of.near.search.filter;
  const words = of.question
    ? await wordScores(session, of.question, { scopes, entities })
    : new Map<number, WordScore>();
  const unknown = [...of.byWords].filter((entity) => !of.byMeaning.has(entity));
  const more = of.near.model ? await similaritiesOf(session, of.near, unknown) : new Map<number, number>();
  return { similarities: new Map([...of.byMeaning, ...more]), words, graph: new Map() };
}

/** How near others are to the best by relations: 1 for one step, half of it for each more. */
async function expand(session: Session, search: StoreSearch, known: Known): Promise<ReadonlyMap<number, number>> {
  const start = fuse(foundOf(known), weightsOf(search, EXPANDED)).map(({ row }) => row);
  const { visited } = await walkRows(session, {
    scopes: search.filter.scopes,
    start,
    depth: search.expand,
    direction: "both",
    strengthMin: 0,
    visitsMax: EXPANDED_VISITS_MAX,
  });
  const reached = visited.filter(({ depth }) => depth > 0);
  const values = new Values();
  const rows = values.add(reached.map(({ row }) => row));
  const kept = await session.rows(
    `SELECT e.row FROM entity e WHERE e.row = ANY(${rows}::bigint[]) AND ${filtering(search.filter, values)}`,
    values.all,
  );
  const isKept = new Set(kept.map(({ row }) => numberOf(row)));
  return new Map(reached.filter(({ row }) => isKept.has(row)).map(({ row, depth }) => [row, 1 / 2 ** (depth - 1)]));
}

async function ranked(session: Session, search: StoreSearch, known: Known): Promise<readonly StoreHit[]> {
  const found = foundOf(known);
  const dated = await session.rows("SELECT row, updated_at_ms FROM entity WHERE row = ANY($1::bigint[])", [
    found.map(({ row }) => row),
  ]);
  const updated = new Map(dated.map(({ row, updated_at_ms }) => [numberOf(row), numberOf(updated_at_ms)]));
  const fused = fuse(
    found.map((one) => ({ ...one, ageMs: search.nowMs - (updated.get(one.row) ?? 0) })),
    weightsOf(search, search.limit),
  );
  const rows = await session.rows(`${ENTITIES} WHERE e.row = ANY($1::bigint[])`, [fused.map(({ row }) => row)]);
  const entities = new Map(rows.map((row) => [numberOf(row["row"]), entityOf(row)]));
  return fused.flatMap(({ row, score, similarity, parts }): StoreHit[] => {
    const entity = entities.get(row);
    if (!entity) return [];
    const { keyword, recency, graph } = parts;
    const matched = known.words.get(row)?.matched ?? [];
    const explained: ScoreParts = { total: score, similarity, keyword, recency, graph, matched };
    return [{ entity, score: explained }];
  });
}

const passagesFor = (limit: number): number => Math.min(limit * PASSAGES_PER_HIT + PASSAGES_MORE, PASSAGES_MAX);

function foundOf({ similarities, words, graph }: Known): Found[] {
  const rows = new Set([...similarities.keys(), ...words.keys(), ...graph.keys()]);
  return [...rows].map((row) => ({
    row,
    similarity: similarities.get(row),
    keyword: words.get(row)?.score ?? 0,
    graph: graph.get(row) ?? 0,
  }));
}
