import type { EntityId } from "../../kernel/ids.ts";
import type { Entity, Memory, MemoryStore, ScopeKey, StoreSearch } from "../knowledge/index.ts";

/** Result of comparing two backends. */
export type Comparison = {
  /** Scopes with equal numbers of entities, facts and relations, of all scopes. */
  readonly scopes: { readonly same: number; readonly all: number };
  /** Entities that are equal in both, of those compared. */
  readonly samples: { readonly same: number; readonly all: number };
  /** For each query, the fraction of hits that both return. */
  readonly queries: readonly number[];
  /** The combined result, 0 to 1. */
  readonly consistency: number;
};

/** Minimum consistency of a trusted migration. */
export const CONSISTENCY_MIN = 0.95;

const SAMPLES = 100;
const QUERIES = 5;
const HITS = 10;

/** Entities and queries for a comparison. */
export type Samples = { readonly ids: readonly EntityId[]; readonly searches: readonly StoreSearch[] };

/** Draws entities from all scopes, and queries that match some of them. `chance` returns 0 to 1. */
export async function drawSamples(
  from: MemoryStore,
  {
    embeddings,
    nowMs,
    chance,
  }: { readonly embeddings: Memory["embeddings"]; readonly nowMs: number; readonly chance: () => number },
): Promise<Samples> {
  const { scopes } = await from.stats();
  const drawn = await draw(
    from,
    scopes.map(({ scope }) => scope),
    chance,
  );
  const searches: StoreSearch[] = [];
  for (const entity of drawn.slice(0, QUERIES)) {
    const text = entity.observations[0]?.text.slice(0, 500) ?? entity.name;
    const question = await embeddings.forSearching(text, undefined);
    const vector = question.type === "vector" ? question : undefined;
    searches.push({
      filter: { scopes: [entity.scope] },
      text,
      vector: vector?.vector,
      model: vector?.model,
      limit: HITS,
      similarityMin: 0.3,
      keywordWeight: 0.3,
      recencyBoost: 1,
      expand: 0,
      nowMs,
    });
  }
  return { ids: drawn.map(({ id }) => id), searches };
}

/** Compares counts, sampled entities and query results. */
export async function compareStores(
  from: MemoryStore,
  to: MemoryStore,
  { ids, searches }: Samples,
): Promise<Comparison> {
  const [one, other] = await Promise.all([from.stats(), to.stats()]);
  const counts = new Map(other.scopes.map((figures) => [figures.scope, JSON.stringify(countsOf(figures))]));
  const same = one.scopes.filter((figures) => counts.get(figures.scope) === JSON.stringify(countsOf(figures))).length;
  const scopes = { same, all: Math.max(one.scopes.length, other.scopes.length) };
  const [here, there] = await Promise.all([from.get(ids), to.get(ids)]);
  const samples = { same: ids.filter((_id, at) => textOf(here[at]) === textOf(there[at])).length, all: ids.length };
  const queries: number[] = [];
  for (const search of searches) {
    const [was, is] = await Promise.all([from.search(search), to.search(search)]);
    const found = new Set(is.hits.map((hit) => hit.entity.id));
    queries.push(share(was.hits.filter((hit) => found.has(hit.entity.id)).length, was.hits.length));
  }
  const shares = [
    share(scopes.same, scopes.all),
    share(samples.same, samples.all),
    share(sum(queries), queries.length),
  ];
  return { scopes, samples, queries, consistency: sum(shares) / shares.length };
}

const share = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);
const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

const countsOf = (figures: {
  readonly entities: number;
  readonly observations: number;
  readonly relations: number;
}) => [figures.entities, figures.observations, figures.relations];

/** The comparable part of an entity. Numbers are compared as text, because backends store different precision. */
const textOf = (entity: Entity | undefined): string =>
  JSON.stringify(
    entity && [
      entity.scope,
      entity.name,
      entity.type,
      entity.version,
      entity.confidence.toPrecision(6),
      entity.strength.toPrecision(6),
      entity.observations.map(({ id, text, atMs, provenance }) => [
        id,
        text,
        atMs,
        provenance.source,
        provenance.agent,
      ]),
    ],
  );

/** Draws entities from all scopes, uniformly within each scope. */
async function draw(store: MemoryStore, scopes: readonly ScopeKey[], chance: () => number): Promise<readonly Entity[]> {
  const drawn: Entity[] = [];
  let seen = 0;
  for (const scope of scopes) {
    let cursor: string | undefined;
    do {
      const page = await store.list({ scopes: [scope] }, { limit: SAMPLES, cursor });
      for (const entity of page.entries) {
        seen += 1;
        if (drawn.length < SAMPLES) drawn.push(entity);
        else {
          const place = Math.floor(chance() * seen);
          if (place < SAMPLES) drawn[place] = entity;
        }
      }
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return drawn;
}
