import { addAbortListener } from "node:events";
import type { Clock } from "../../kernel/clock.ts";
import type { RelationId } from "../../kernel/ids.ts";
import { Capacity } from "./capacity.ts";
import { Changes } from "./changes.ts";
import type { Embedder } from "./embedder.ts";
import { Embeddings } from "./embeddings.ts";
import type { Change, Entity, EntityDiff, Provenance, Relation } from "./entity.ts";
import type { FactQuestion } from "./search/fact-ranking.ts";
import { MemoryCounts, type MemoryStats } from "./stats.ts";
import type {
  EntityFilter,
  EntityHistory,
  Forgotten,
  ForgetTarget,
  MemoryPage,
  MemoryStore,
  PageOf,
  StoreStats,
  StoreProblem,
  StoreWalk,
  WalkStep,
  ChangeFilter,
} from "./memory-store.ts";
import { readOffset, writeOffset } from "./cursors.ts";
import { notFound } from "./relating.ts";
import type { Redact } from "./remembering.ts";
import { isOfWorkspace, type ScopeKey } from "./scope.ts";
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
} from "./search/searching.ts";
import { type MemorySize, CachedStats } from "./cached-stats.ts";
import {
  CHANGE_MEASURE,
  ENTITY_MEASURE,
  takeWithinBudget,
  measureOfEntities,
  pageWithin,
} from "./search/token-budget.ts";
import { MEMORY_LIMITS, readFilter } from "./values.ts";
import { type Blame, blameOf, diffOf, entityAt } from "./versions.ts";

/** Entities around others, nearest first, with the relations among all of them. */
export type Graph = {
  readonly entities: readonly {
    readonly entity: Entity;
    readonly depth: number;
    readonly via: RelationId | undefined;
  }[];
  readonly relations: readonly Relation[];
  /** More entities exist than were requested. */
  readonly isCut: boolean;
  /** Cursor of the next page; undefined if the walk is complete. */
  readonly next: string | undefined;
};

/**
 * A page of a graph walk. A cursor is a position in a breadth-first walk at the time of the call: entities changed between two pages can
 * be missed or repeated.
 */
export type GraphInput = StoreWalk & {
  /** Entities of the page; 1 to 10,000. */
  readonly visitsMax: number;
  readonly cursor?: string | undefined;
  /** Approximate maximum of tokens; the first entity is always returned, cut if necessary. */
  readonly tokensMax?: number | undefined;
};

/** A page of approximately at most `tokensMax` tokens; unlimited if absent. The first entry is always returned, cut if necessary. */
type BoundedPage = PageOf & { readonly tokensMax?: number | undefined };

/** An entity of a walk, with the number of entities visited up to it. */
type Visited = Graph["entities"][number] & { readonly end: number };

/** Relations read at a time, and in total, to find those among the entities of a walk. A hub's other relations are read as well. */
const RELATIONS_PAGE = 1_000;
const RELATIONS_READ_MAX = 10_000;

export type MemoryDeps = {
  readonly store: MemoryStore;
  readonly embedder: Embedder | undefined;
  /** A quick embedder that ranks facts of hits if the main one is slow. */
  readonly ranker?: Embedder | undefined;
  /** Opens the embedder of a model that was used before, if it is still available. */
  readonly formerly?: (id: string) => Embedder | undefined;
  readonly clock: Clock;
  readonly defaults: SearchDefaults;
  /** Redacts confidential text; absent: no redaction. */
  readonly hide?: Redact | undefined;
  /** Maximum number of entities; 0 or absent: unlimited. */
  readonly entitiesMax?: number | undefined;
};

/**
 * Agents' memory. All methods may reject with the errors of the store.
 * knowledge.memory.M5. Without vectors, memory answers by keywords and reports it.
 */
export class Memory implements AsyncDisposable {
  readonly store: MemoryStore;
  readonly changes: Changes;
  readonly embeddings: Embeddings;
  readonly capacity: Capacity;
  readonly #clock: Clock;
  readonly #defaults: SearchDefaults;
  readonly #counts: MemoryCounts;
  readonly #cachedStats: CachedStats;

  constructor(deps: MemoryDeps) {
    this.store = deps.store;
    this.#clock = deps.clock;
    this.#defaults = deps.defaults;
    const counts = new MemoryCounts(deps.clock);
    this.#counts = counts;
    this.#cachedStats = new CachedStats(() => this.figures(), deps.clock);
    this.embeddings = new Embeddings({ ...deps, counts });
    this.capacity = new Capacity(deps);
    this.changes = new Changes({ ...deps, counts, embeddings: this.embeddings, capacity: this.capacity });
  }

  /** Call first. Starts to compute missing vectors in the background. */
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
      // Without a vector only keywords are left.
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

  /** The entities that exist, in the order of the names. Throws MemoryCursorError. */
  async named(scope: ScopeKey, names: readonly string[], { limit, cursor }: PageOf): Promise<MemoryPage<Entity>> {
    const offset = readOffset(cursor, names.length);
    const found = await this.store.find(names.slice(offset).map((name) => ({ scope, name })));
    const known = found.flatMap((entity, at) => (entity ? [{ entity, end: offset + at + 1 }] : []));
    const page = known.slice(0, limit);
    const last = page.at(-1);
    const next = last && page.length < known.length ? writeOffset(last.end) : undefined;
    return { entries: page.map(({ entity }) => entity), next };
  }

  /** By name; of all times unless the filter has a time. Throws MemoryValueError, MemoryCursorError. */
  async list(
    {
      temporal = "all",
      ...narrowed
    }: Omit<EntityFilter, "validFromMs" | "validToMs"> & { readonly temporal?: Temporal },
    { cursor, ...bounds }: BoundedPage,
  ): Promise<MemoryPage<Entity>> {
    const span = spanOf(temporal, this.#clock.nowMs());
    const filter = readFilter({ ...narrowed, validFromMs: span?.fromMs, validToMs: span?.toMs });
    const read = async (limit: number) => {
      const { entries, next } = await this.store.list(filter, { limit, cursor });
      return { entries: entries.map((one) => within(one, span)), next };
    };
    return pageWithin(read, bounds, ENTITY_MEASURE);
  }

  /**
   * The graph around entities, with the relations among all of them. Over pages, each relation is on the page of its later end. Throws
   * MemoryCursorError.
   */
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
    const { fitting } = takeWithinBudget(tokensMax, there, measureOfEntities<Visited>());
    // Entities deleted during the walk are skipped.
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

  /**
   * Relations among the entities of a page, and between them and earlier ones. If there are too many, at least those by which each entity
   * was found.
   */
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
      // oxlint-disable-next-line no-await-in-loop -- Each page needs the cursor of the previous one.
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

  /** The entity at a version. Throws EntityNotFoundError, EntityVersionNotFoundError. */
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

  /** Provenance of each current observation. Throws EntityNotFoundError. */
  async blame(scope: ScopeKey, name: string): Promise<readonly Blame[]> {
    return blameOf(await this.history(scope, name));
  }

  /** Newest first. Throws MemoryCursorError. */
  async log(of: ChangeFilter, { cursor, ...bounds }: BoundedPage): Promise<MemoryPage<Change>> {
    return pageWithin((limit) => this.store.log(of, { limit, cursor }), bounds, CHANGE_MEASURE);
  }

  /** Deletes permanently; only counts remain. Unknown targets are ignored. */
  async forget(target: ForgetTarget, provenance: Provenance): Promise<Forgotten> {
    const forgotten = await this.store.forget(target, { provenance, atMs: this.#clock.nowMs() });
    this.capacity.freed(forgotten.entities);
    // The rest of an entity is divided into new passages, which have no vectors yet.
    if (target.type === "observations" && forgotten.observations > 0) this.embeddings.catchUp();
    return forgotten;
  }

  /** Deletes the scopes of a workspace permanently. */
  async deleteWorkspace(workspace: string, provenance: Provenance): Promise<void> {
    for (const { scope } of (await this.figures()).scopes)
      if (isOfWorkspace(workspace, scope)) await this.forget({ type: "scope", scope }, provenance);
  }

  /** Returns inconsistencies; `repair` repairs derived data, and repaired passages get their vectors. */
  async check(repair: boolean): Promise<readonly StoreProblem[]> {
    const problems = await this.store.check(repair);
    if (problems.some(({ isRepaired }) => isRepaired)) this.embeddings.catchUp();
    return problems;
  }

  /** Operation counts and durations since the start. */
  counts(): MemoryStats {
    return this.#counts.now();
  }

  /** Size of memory, quick and possibly outdated: see `CachedStats.now`. */
  async size(waitMs: number): Promise<MemorySize | undefined> {
    return this.#cachedStats.now(waitMs);
  }

  async figures(): Promise<StoreStats> {
    const stats = await this.store.stats();
    this.capacity.counted(stats);
    return stats;
  }

  /** Stops background work, then closes the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.embeddings[Symbol.asyncDispose]();
    await this.store.close();
  }
}

/** Returns the result of `work`. Rejects with the signal's reason if it aborts first; `work` then continues and its result is ignored. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return work;
  const stopped = Promise.withResolvers<never>();
  const listener = addAbortListener(signal, () => stopped.reject(signal.reason));
  return await Promise.race([work, stopped.promise]).finally(() => listener[Symbol.dispose]());
}
