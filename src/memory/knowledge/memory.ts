import { addAbortListener } from "node:events";
import type { Clock } from "../../kernel/clock.ts";
import type { EntityId, RelationId } from "../../kernel/ids.ts";
import { Capacity } from "./capacity.ts";
import { Changes } from "./changes.ts";
import type { Embedder } from "./embedder.ts";
import { Embeddings } from "./embeddings.ts";
import type { Change, Entity, EntityDiff, Provenance, Relation } from "./entity.ts";
import type { FactQuestion } from "./fact-ranking.ts";
import { MemoryCounts, type MemoryFigures } from "./figures.ts";
import type {
  EntityFilter,
  EntityHistory,
  Forgotten,
  ForgetTarget,
  MemoryPage,
  MemoryStore,
  PageOf,
  StoreFigures,
  StoreProblem,
  StoreWalk,
  WalkStep,
} from "./memory-store.ts";
import { readOffset, writeOffset } from "./page-offset.ts";
import { notFound } from "./relating.ts";
import type { Hide } from "./remembering.ts";
import type { ScopeKey } from "./scope.ts";
import {
  pageOfHits,
  readSearch,
  type SearchDefaults,
  type SearchInput,
  type SearchNotice,
  type SearchResult,
  spanOf,
  type Temporal,
  within,
} from "./searching.ts";
import { type Stock, StockTaking } from "./stock.ts";
import { CHANGE_MEASURE, ENTITY_MEASURE, fittingInto, measureOfEntities, pageWithin } from "./token-budget.ts";
import { MEMORY_LIMITS, readNarrowing } from "./values.ts";
import { type Blame, blameOf, diffOf, entityAt } from "./versions.ts";

/** Entities around some others, nearest first, with the relations among all of them. */
export type Graph = {
  readonly entities: readonly {
    readonly entity: Entity;
    readonly depth: number;
    readonly via: RelationId | undefined;
  }[];
  readonly relations: readonly Relation[];
  /** There was more than was asked for. */
  readonly isCut: boolean;
  /** Where it goes on; undefined also where no walk goes further. */
  readonly next: string | undefined;
};

/**
 * A page of a walk. A cursor is a place in the order of a walk breadth first, as it is when asked: what is changed in between may be
 * missed or come twice.
 */
export type GraphInput = StoreWalk & {
  /** Entities of the page; 1 to 10,000. */
  readonly visitsMax: number;
  readonly cursor?: string | undefined;
  /** About so many tokens of entities at most; the first is always there, cut if it must be. */
  readonly tokensMax?: number | undefined;
};

/** A page within about so many tokens of what is told, without: of any size; the first entry is always there, cut if it must be. */
type BoundedPage = PageOf & { readonly tokensMax?: number | undefined };

/** An entity of a walk, and how many were visited with it. */
type Visited = Graph["entities"][number] & { readonly end: number };

/** Relations that are read at a time, and at most, to find those among the entities of a walk: a hub's others are read too. */
const RELATIONS_PAGE = 1_000;
const RELATIONS_READ_MAX = 10_000;

export type MemoryDeps = {
  readonly store: MemoryStore;
  readonly embedder: Embedder | undefined;
  /** A quick embedder that ranks the facts of hits where the other is slow. */
  readonly ranker?: Embedder | undefined;
  /** Makes the embedder of a model that was used before, when it still can be had. */
  readonly formerly?: (id: string) => Embedder | undefined;
  readonly clock: Clock;
  readonly defaults: SearchDefaults;
  /** What must not be kept; absent keeps all. */
  readonly hide?: Hide | undefined;
  /** Entities at most; 0 or absent: as many as there are. */
  readonly entitiesMax?: number | undefined;
};

/**
 * What agents know. All methods may reject with what the store rejects with.
 * knowledge.memory.M5. A memory without vectors still answers, by words, and says so.
 */
export class Memory implements AsyncDisposable {
  readonly store: MemoryStore;
  readonly changes: Changes;
  readonly embeddings: Embeddings;
  readonly capacity: Capacity;
  readonly #clock: Clock;
  readonly #defaults: SearchDefaults;
  readonly #counts: MemoryCounts;
  readonly #stock: StockTaking;

  constructor(deps: MemoryDeps) {
    this.store = deps.store;
    this.#clock = deps.clock;
    this.#defaults = deps.defaults;
    const counts = new MemoryCounts(deps.clock);
    this.#counts = counts;
    this.#stock = new StockTaking(() => this.figures(), deps.clock);
    this.embeddings = new Embeddings({ ...deps, counts });
    this.capacity = new Capacity(deps);
    this.changes = new Changes({ ...deps, counts, embeddings: this.embeddings, capacity: this.capacity });
  }

  /** Before anything else; begins to make missing vectors in the background. */
  async open(): Promise<void> {
    await this.embeddings.open();
  }

  /** Throws MemoryValueError, MemoryCursorError, CancelledError. */
  async search(input: SearchInput, signal?: AbortSignal): Promise<SearchResult> {
    const read = readSearch(input, this.#defaults, this.#clock.nowMs());
    const result = await this.#counts.timed("search", () => this.#search(input, read, signal));
    this.#counts.found(result.hits.length);
    return result;
  }

  async #search(
    input: SearchInput,
    { search, mode, offset, limit, span }: ReturnType<typeof readSearch>,
    signal: AbortSignal | undefined,
  ): Promise<SearchResult> {
    const question = mode === "keyword" ? undefined : await this.embeddings.forSearching(input.text, signal);
    const found = question?.type === "vector" ? question : undefined;
    const looked = this.store.search({
      ...search,
      // Where there is no vector, words are all there is.
      text: found ? search.text : input.text,
      keywordWeight: found ? search.keywordWeight : 1,
      vector: found?.vector,
      model: found?.model,
    });
    const { hits, isPartial, lacksVectors = false } = await unlessAborted(looked, signal);
    const notices: SearchNotice[] = [
      ...(question?.type === "none" ? [question.why] : []),
      ...(isPartial ? (["indexing"] as const) : []),
      ...(found && lacksVectors ? (["vectors-full"] as const) : []),
    ];
    const { tokensMax, measure } = input;
    const facts: FactQuestion = {
      text: input.text,
      keywordWeight: found ? search.keywordWeight : 1,
      embed: found && this.embeddings.factEmbedder(signal),
    };
    return { ...(await pageOfHits(hits, { question: facts, offset, limit, tokensMax, measure, span })), notices };
  }

  /** Throws EntityNotFoundError. */
  async get(scope: ScopeKey, name: string): Promise<Entity> {
    const [entity] = await this.store.find([{ scope, name: name.normalize("NFC").trim() }]);
    if (!entity) throw notFound(scope, name);
    return entity;
  }

  /** Those of the names that are known, in the order of the names. Throws MemoryCursorError. */
  async named(scope: ScopeKey, names: readonly string[], { limit, cursor }: PageOf): Promise<MemoryPage<Entity>> {
    const offset = readOffset(cursor, names.length);
    const found = await this.store.find(names.slice(offset).map((name) => ({ scope, name })));
    const known = found.flatMap((entity, at) => (entity ? [{ entity, end: offset + at + 1 }] : []));
    const page = known.slice(0, limit);
    const last = page.at(-1);
    const next = last && page.length < known.length ? writeOffset(last.end) : undefined;
    return { entries: page.map(({ entity }) => entity), next };
  }

  /** By name; of all times unless it says when. Throws MemoryValueError, MemoryCursorError. */
  async list(
    {
      temporal = "all",
      ...narrowed
    }: Omit<EntityFilter, "validFromMs" | "validToMs"> & { readonly temporal?: Temporal },
    { cursor, ...bounds }: BoundedPage,
  ): Promise<MemoryPage<Entity>> {
    const span = spanOf(temporal, this.#clock.nowMs());
    const filter = readNarrowing({ ...narrowed, validFromMs: span?.fromMs, validToMs: span?.toMs });
    const read = async (limit: number) => {
      const { entries, next } = await this.store.list(filter, { limit, cursor });
      return { entries: entries.map((one) => within(one, span)), next };
    };
    return pageWithin(read, bounds, ENTITY_MEASURE);
  }

  /** What is around entities, with the relations among all that is found: over pages, each with the later of its ends. Throws MemoryCursorError. */
  async graph({ cursor, tokensMax, ...walk }: GraphInput): Promise<Graph> {
    const { visitsMax: reach } = MEMORY_LIMITS;
    const offset = readOffset(cursor, reach);
    const { steps, isCut } = await this.store.walk({ ...walk, visitsMax: Math.min(offset + walk.visitsMax, reach) });
    const page = steps.slice(offset);
    const found = await this.store.get(page.map(({ entity }) => entity));
    const there = page.flatMap(({ depth, via }, index): readonly Visited[] => {
      const entity = found[index];
      return entity ? [{ entity, depth, via, end: offset + index + 1 }] : [];
    });
    const { fitting } = fittingInto(tokensMax, there, measureOfEntities<Visited>());
    // Who was forgotten meanwhile is passed over.
    const end = fitting.length === there.length ? steps.length : (fitting.at(-1)?.end ?? steps.length);
    const entities = fitting.map(({ entity, depth, via }) => ({ entity, depth, via }));
    const among = await this.#relationsAmong(walk.scopes, {
      page: steps.slice(offset, end),
      before: steps.slice(0, offset),
    });
    const hasMore = isCut || end < steps.length;
    return {
      entities,
      relations: among.relations,
      isCut: hasMore || !among.isAll,
      next: hasMore && end > offset && end < reach ? writeOffset(end) : undefined,
    };
  }

  /** Those among entities of a page, and between them and those before; of too many at least those by which each was found. */
  async #relationsAmong(
    scopes: readonly ScopeKey[],
    { page: steps, before }: { readonly page: readonly WalkStep[]; readonly before: readonly WalkStep[] },
  ): Promise<{ readonly relations: readonly Relation[]; readonly isAll: boolean }> {
    const entities = steps.map(({ entity }) => entity);
    const seen = new Set([...before, ...steps].map(({ entity }) => entity));
    const among = new Map<RelationId, Relation>();
    let cursor: string | undefined;
    let read = 0;
    do {
      // oxlint-disable-next-line no-await-in-loop -- Where a page begins is known by the one before.
      const page = await this.store.relations({ scopes, entities }, { limit: RELATIONS_PAGE, cursor });
      for (const relation of page.entries) {
        if (seen.has(relation.from) && seen.has(relation.to)) among.set(relation.id, relation);
      }
      read += page.entries.length;
      cursor = page.next;
    } while (cursor !== undefined && read < RELATIONS_READ_MAX);
    const missing = steps.flatMap(({ via }) => (via === undefined || among.has(via) ? [] : [via]));
    const ways = cursor === undefined ? [] : await Promise.all(missing.map((id) => this.store.relation(id)));
    return { relations: [...among.values(), ...ways.flatMap((way) => way ?? [])], isAll: cursor === undefined };
  }

  /** Throws EntityNotFoundError. */
  async history(scope: ScopeKey, name: string): Promise<EntityHistory> {
    const history = await this.store.history((await this.get(scope, name)).id);
    if (!history) throw notFound(scope, name);
    return history;
  }

  /** As it was at a version. Throws EntityNotFoundError, EntityVersionNotFoundError. */
  async at(scope: ScopeKey, name: string, version: number): Promise<Entity> {
    return entityAt(await this.history(scope, name), version);
  }

  /** Throws EntityNotFoundError, EntityVersionNotFoundError. */
  async diff(
    scope: ScopeKey,
    name: string,
    versions: { readonly from: number; readonly to: number },
  ): Promise<EntityDiff> {
    return diffOf(await this.history(scope, name), versions.from, versions.to);
  }

  /** Who said what counts now, when. Throws EntityNotFoundError. */
  async blame(scope: ScopeKey, name: string): Promise<readonly Blame[]> {
    return blameOf(await this.history(scope, name));
  }

  /** Newest first. Throws MemoryCursorError. */
  async log(
    of: { readonly entity: EntityId } | { readonly scopes: readonly ScopeKey[] },
    { cursor, ...bounds }: BoundedPage,
  ): Promise<MemoryPage<Change>> {
    return pageWithin((limit) => this.store.log(of, { limit, cursor }), bounds, CHANGE_MEASURE);
  }

  /** Removes without a trace but for the numbers. What is not there is passed over. */
  async forget(target: ForgetTarget, provenance: Provenance): Promise<Forgotten> {
    const forgotten = await this.store.forget(target, { provenance, atMs: this.#clock.nowMs() });
    this.capacity.freed(forgotten.entities);
    // What is left of an entity is cut into other passages, which have no vectors yet.
    if (target.type === "observations" && forgotten.observations > 0) this.embeddings.catchUp();
    return forgotten;
  }

  /** What is not as it should be; `mend` repairs what is derived, and what is indexed by that gets its vectors. */
  async check(mend: boolean): Promise<readonly StoreProblem[]> {
    const problems = await this.store.check(mend);
    if (problems.some(({ isMended }) => isMended)) this.embeddings.catchUp();
    return problems;
  }

  /** How often and how long, since the start. */
  counts(): MemoryFigures {
    return this.#counts.now();
  }

  /** What there is, as `StockTaking.now` says: quickly, and maybe not quite as it is now. */
  async stock(waitMs: number): Promise<Stock | undefined> {
    return this.#stock.now(waitMs);
  }

  async figures(): Promise<StoreFigures> {
    const figures = await this.store.figures();
    this.capacity.counted(figures);
    return figures;
  }

  /** Ends what goes on in the background; then closes the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.embeddings[Symbol.asyncDispose]();
    await this.store.close();
  }
}

/** What the work gives; rejects with the signal's reason when that aborts first, and the work goes on for nobody. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return work;
  const stopped = Promise.withResolvers<never>();
  const listener = addAbortListener(signal, () => stopped.reject(signal.reason));
  return await Promise.race([work, stopped.promise]).finally(() => listener[Symbol.dispose]());
}
