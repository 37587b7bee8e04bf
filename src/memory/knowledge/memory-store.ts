import type { EntityId, ObservationId, RelationId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Change, ChangeAction, Entity, EntityHead, Observation, Provenance, Relation } from "./entity.ts";
import type { ScopeKey } from "./scope.ts";

/** A piece of an entity's text with its vector. An entity has one or more, numbered from 0; each is found by itself. */
export type Passage = {
  readonly ordinal: number;
  /** Name, type and some observations, as they were embedded and are searched by words. */
  readonly text: string;
  /** A unit vector, or undefined while none is known: then the passage is found by its words alone. */
  readonly vector: Float32Array | undefined;
};

/** All that one change does to an entity; done whole or not at all. */
export type EntityWrite = {
  readonly type: "entity";
  readonly action: Exclude<ChangeAction, "relate" | "unrelate" | "forget">;
  /** The version it must have now; 0: there must be none of the scope and name. Otherwise nothing is written. */
  readonly expected: number;
  /** As it is afterwards; `version` is `expected + 1`. */
  readonly head: EntityHead;
  readonly added: readonly Observation[];
  readonly withdrawn: readonly ObservationId[];
  /** Those that are new or otherwise than before; others stay, except those from `passageCount` on. */
  readonly passages: readonly Passage[];
  readonly passageCount: number;
  /** The model of the vectors. */
  readonly model: string | undefined;
  readonly provenance: Provenance;
  readonly details: JsonObject;
};

/** A relation put in the place of the one with the same ends and type, or taken away. */
export type RelationWrite = {
  readonly type: "relation";
  readonly action: "relate" | "unrelate";
  readonly relation: Relation;
  readonly provenance: Provenance;
  readonly atMs: number;
};

/** `conflict`: the entity has another version than was expected, or an end of the relation is gone. */
export type WriteOutcome = "written" | "conflict";

/** Which entities are meant; what is absent does not narrow. */
export type EntityFilter = {
  /** At least one. */
  readonly scopes: readonly ScopeKey[];
  readonly types?: readonly string[] | undefined;
  /** An observation of it was said by this agent. */
  readonly agent?: string | undefined;
  /** Each key has exactly this value. */
  readonly metadata?: JsonObject | undefined;
  readonly confidenceMin?: number | undefined;
  readonly updatedFromMs?: number | undefined;
  readonly updatedToMs?: number | undefined;
  /** It is valid at some moment of this span, both ends included. */
  readonly validFromMs?: number | undefined;
  readonly validToMs?: number | undefined;
};

export type StoreSearch = {
  readonly filter: EntityFilter;
  /** The words; empty: none count. */
  readonly text: string;
  /** The question as a unit vector of `model`; undefined: words alone. */
  readonly vector: Float32Array | undefined;
  readonly model: string | undefined;
  /** Hits at most; 1 to 1,000. */
  readonly limit: number;
  /** Cosine below which a hit by meaning does not count; hits by words stay. */
  readonly similarityMin: number;
  /** What words weigh beside the cosine; 0: words do not count. */
  readonly keywordWeight: number;
  /** How much a hit of this moment gains over an old one, 1: nothing; it halves each day. */
  readonly recencyBoost: number;
  /** How many relations away from hits others are found too; 0 to 3. */
  readonly expand: number;
  /** All vectors are compared with the question's, where the embedded memory would leave some out to be quicker. */
  readonly isExact?: boolean | undefined;
  readonly nowMs: number;
};

/** Why a hit is where it is: `total` is `(similarity + keyword + graph) * recency`, each already weighed. */
export type ScoreParts = {
  readonly total: number;
  /** Cosine of its nearest passage, -1 to 1; undefined: it was not found by meaning. */
  readonly similarity: number | undefined;
  /** 0 to `keywordWeight`. */
  readonly keyword: number;
  readonly recency: number;
  readonly graph: number;
  /** Words of the question that it has. */
  readonly matched: readonly string[];
};

export type StoreHit = { readonly entity: Entity; readonly score: ScoreParts };

export type StoreHits = {
  readonly hits: readonly StoreHit[];
  /** Not all is indexed yet, so that something may be missing. */
  readonly isPartial: boolean;
  /** There was no room for some vectors: what has them is found by its words alone. */
  readonly lacksVectors?: boolean | undefined;
};

export type StoreWalk = {
  readonly scopes: readonly ScopeKey[];
  readonly start: readonly EntityId[];
  /** 1 to 10. */
  readonly depth: number;
  readonly direction: "outgoing" | "incoming" | "both";
  readonly order: "breadth" | "depth";
  readonly types?: readonly string[] | undefined;
  readonly strengthMin: number;
  /** Entities visited at most; 1 to 10,000. */
  readonly visitsMax: number;
};

export type WalkStep = { readonly entity: EntityId; readonly depth: number; readonly via: RelationId | undefined };

/** `isCut`: there was more than `visitsMax`. */
export type StoreWalked = { readonly steps: readonly WalkStep[]; readonly isCut: boolean };

/**
 * Entries in a fixed order; `next` is given back for those that follow. Where a filter lets few pass, a page may have fewer
 * entries than were asked for, or none, and still name a next one.
 */
export type MemoryPage<Entry> = { readonly entries: readonly Entry[]; readonly next: string | undefined };

export type PageOf = { readonly limit: number; readonly cursor: string | undefined };

/** What is to be removed without a trace. */
export type ForgetTarget =
  | { readonly type: "entities"; readonly ids: readonly EntityId[] }
  | { readonly type: "observations"; readonly entity: EntityId; readonly ids: readonly ObservationId[] }
  | { readonly type: "scope"; readonly scope: ScopeKey };

export type Forgotten = { readonly entities: number; readonly observations: number; readonly relations: number };
/** Who forgets, and when. */
export type ForgetBy = { readonly provenance: Provenance; readonly atMs: number };

export const addForgotten = (one: Forgotten, other: Forgotten): Forgotten => ({
  entities: one.entities + other.entities,
  observations: one.observations + other.observations,
  relations: one.relations + other.relations,
});

export type ScopeFigures = {
  readonly scope: ScopeKey;
  readonly entities: number;
  readonly observations: number;
  readonly relations: number;
};

export type StoreFigures = {
  readonly scopes: readonly ScopeFigures[];
  /** On disk; undefined where the place does not say. */
  readonly bytes: number | undefined;
  /** Passages that have a vector of each model, and those without. */
  readonly passagesByModel: Readonly<Record<string, number>>;
  readonly passagesWithoutVector: number;
  /** Where searches have room for so many vectors only: how much is taken, and how many vectors found none. */
  readonly vectorRoom?: { readonly used: number; readonly max: number; readonly refused: number } | undefined;
  /** Of what is indexed; 1: all. */
  readonly indexed: number;
};

/**
 * Something that is not as it should be; `isMended` when looking mended it. `isPending`: it is so for a while and no fault, and
 * `what` says until when.
 */
export type StoreProblem = {
  readonly what: string;
  readonly hint: string;
  readonly isMended: boolean;
  readonly isPending?: true;
};

/** All there is of an entity. */
export type EntityHistory = {
  readonly head: EntityHead;
  /** Also what was withdrawn; by age. */
  readonly observations: readonly Observation[];
  /** Oldest first. */
  readonly changes: readonly Change[];
};

/** An entity as another memory had it; it takes the place of the one with its id. */
export type EntityRestore = EntityHistory & {
  readonly passages: readonly Passage[];
  readonly model: string | undefined;
};

/**
 * Where memory is kept. All methods may reject with MemoryUnavailableError and storage errors.
 * knowledge.memory-store.S1. What `write` answered is on disk and is found by the next search.
 * knowledge.memory-store.S2. Each write is done whole or not at all; the writes of one call are done in order and do
 *   not depend on each other.
 * knowledge.memory-store.S3. A search names its scopes; nothing outside of them is read for it.
 * knowledge.memory-store.S4. What `forget` answered is in no row, index, history or free page any more.
 * knowledge.memory-store.S5. Vectors are compared with vectors of the same model only.
 */
export interface MemoryStore {
  readonly name: string;
  write(writes: readonly (EntityWrite | RelationWrite)[]): Promise<readonly WriteOutcome[]>;
  /** By scope and name, in the order asked for. */
  find(keys: readonly { readonly scope: ScopeKey; readonly name: string }[]): Promise<readonly (Entity | undefined)[]>;
  /** The ids alone, by name; a store where that is no less work lacks it. */
  findIds?(scope: ScopeKey, names: readonly string[]): Promise<readonly (EntityId | undefined)[]>;
  /**
   * Whether nobody of the scope and name is there, as far as that can be said at once: false also where one would have to look.
   * A store may lack it. Who goes by it writes with `expected` 0, and looks when that conflicts.
   */
  lacks?(scope: ScopeKey, name: string): boolean;
  get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]>;
  search(search: StoreSearch): Promise<StoreHits>;
  /** By name, then id. */
  list(filter: EntityFilter, page: PageOf): Promise<MemoryPage<Entity>>;
  /** Those that begin or end at any of the entities, oldest first; without entities all of the scopes. */
  relations(
    of: { readonly scopes: readonly ScopeKey[]; readonly entities: readonly EntityId[] | undefined },
    page: PageOf,
  ): Promise<MemoryPage<Relation>>;
  relation(id: RelationId): Promise<Relation | undefined>;
  walk(walk: StoreWalk): Promise<StoreWalked>;
  /** Newest first; of one entity or of scopes. */
  log(
    of: { readonly entity: EntityId } | { readonly scopes: readonly ScopeKey[] },
    page: PageOf,
  ): Promise<MemoryPage<Change>>;
  /** All that was ever said of it and not forgotten, also what was withdrawn; with all changes, oldest first. */
  history(id: EntityId): Promise<EntityHistory | undefined>;
  /** Puts entities and relations in as they are, ids, versions and history with them. The same again changes nothing. */
  restore(entities: readonly EntityRestore[], relations: readonly Relation[]): Promise<void>;
  forget(target: ForgetTarget, by: ForgetBy): Promise<Forgotten>;
  /** Entities with passages that have no vector of the model, at most so many. */
  unembedded(model: string, limit: number): Promise<readonly Entity[]>;
  /** Gives vectors to an entity that still has the version; false: it has another by now. */
  embedded(of: {
    readonly id: EntityId;
    readonly version: number;
    readonly model: string;
    readonly passages: readonly Passage[];
  }): Promise<boolean>;
  /** Searches use this model's vectors from now on; those of others are dropped. */
  switchModel(model: string): Promise<void>;
  /**
   * Removes vectors of models other than this one, of about so many passages at most: of models that were begun and given up.
   * False: none is left, or this one does not count.
   */
  dropOthers(model: string, limit: number): Promise<boolean>;
  /** The model that searches use; undefined in an empty memory. */
  model(): Promise<string | undefined>;
  figures(): Promise<StoreFigures>;
  /** Why nothing new is kept, and what to do, as far as that is known without asking; a store may lack it. */
  trouble?(): string | undefined;
  /** Looks all through; `mend` repairs what is derived. */
  check(mend: boolean): Promise<readonly StoreProblem[]>;
  /** Builds what is derived anew from what is kept. */
  reindex(progress: (done: number, all: number) => void): Promise<void>;
  /** Where a place does slowly what it does for the first time: does it, and leaves nothing of it. */
  rehearse?(): Promise<void>;
  close(): Promise<void>;
}

/** Ids by name, in the order asked for, from any store. */
export const idsIn = async (
  store: MemoryStore,
  scope: ScopeKey,
  names: readonly string[],
): Promise<readonly (EntityId | undefined)[]> => {
  if (store.findIds) return store.findIds(scope, names);
  const found = await store.find(names.map((name) => ({ scope, name })));
  return found.map((entity) => entity?.id);
};
