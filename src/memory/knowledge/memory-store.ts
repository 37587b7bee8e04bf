import type { EntityId, ObservationId, RelationId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Change, ChangeAction, Entity, EntityHead, Observation, Provenance, Relation } from "./entity.ts";
import type { ScopeKey } from "./scope.ts";

/** A part of an entity's text with its vector. An entity has one or more, numbered from 0; searches match each separately. */
export type Passage = {
  readonly ordinal: number;
  /** Name, type and some observations, as embedded and indexed for keyword search. */
  readonly text: string;
  /** A unit vector; while it is undefined, only keyword search finds the passage. */
  readonly vector: Float32Array | undefined;
};

/** An atomic change of an entity. */
export type EntityWrite = {
  readonly type: "entity";
  readonly action: Exclude<ChangeAction, "relate" | "unrelate" | "forget">;
  /** Version that the entity must have; 0: no entity may have the scope and name. Otherwise nothing is written. */
  readonly expected: number;
  /** The new head; `version` is `expected + 1`. */
  readonly head: EntityHead;
  readonly added: readonly Observation[];
  readonly withdrawn: readonly ObservationId[];
  /** New or changed passages. Others stay, except those from `passageCount` on. */
  readonly passages: readonly Passage[];
  readonly passageCount: number;
  /** The model of the vectors. */
  readonly model: string | undefined;
  readonly provenance: Provenance;
  readonly details: JsonObject;
};

/** Creates a relation, replaces the one with the same ends and type, or deletes it. */
export type RelationWrite = {
  readonly type: "relation";
  readonly action: "relate" | "unrelate";
  readonly relation: Relation;
  readonly provenance: Provenance;
  readonly atMs: number;
};

/** `conflict`: the entity has another version than expected, or an end of the relation does not exist. */
export type WriteOutcome = "written" | "conflict";

/** Selects entities; absent fields match all. */
export type EntityFilter = {
  /** At least one. */
  readonly scopes: readonly ScopeKey[];
  readonly types?: readonly string[] | undefined;
  /** Has an observation stated by this agent. */
  readonly agent?: string | undefined;
  /** Each key has exactly this value. */
  readonly metadata?: JsonObject | undefined;
  readonly confidenceMin?: number | undefined;
  readonly updatedFromMs?: number | undefined;
  readonly updatedToMs?: number | undefined;
  /** Is valid at some time of this range, both ends included. */
  readonly validFromMs?: number | undefined;
  readonly validToMs?: number | undefined;
};

export type StoreSearch = {
  readonly filter: EntityFilter;
  /** The keywords; empty: keyword search is off. */
  readonly text: string;
  /** The query as a unit vector of `model`; undefined: keyword search only. */
  readonly vector: Float32Array | undefined;
  readonly model: string | undefined;
  /** Maximum number of hits; 1 to 1,000. */
  readonly limit: number;
  /** Minimum cosine of a semantic hit; keyword hits are not affected. */
  readonly similarityMin: number;
  /** Weight of keywords relative to the cosine; 0: keyword search is off. */
  readonly keywordWeight: number;
  /** Score factor of an entity changed now; 1: none. The boost halves each day. */
  readonly recencyBoost: number;
  /** Relations followed from hits to further entities; 0 to 3. */
  readonly expand: number;
  /** Compares all vectors, where the embedded store would use an approximation. */
  readonly isExact?: boolean | undefined;
  readonly nowMs: number;
};

/** Components of a score: `total` is `(similarity + keyword + graph) * recency`, each already weighted. */
export type ScoreParts = {
  readonly total: number;
  /** Cosine of the most similar passage, -1 to 1; undefined: not a semantic hit. */
  readonly similarity: number | undefined;
  /** 0 to `keywordWeight`. */
  readonly keyword: number;
  readonly recency: number;
  readonly graph: number;
  /** Keywords of the query that it contains. */
  readonly matched: readonly string[];
};

export type StoreHit = { readonly entity: Entity; readonly score: ScoreParts };

export type StoreHits = {
  readonly hits: readonly StoreHit[];
  /** Indexing is incomplete, so hits may be missing. */
  readonly isPartial: boolean;
  /** The vector index is full: some entities are found by keywords only. */
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
  /** Maximum number of entities visited; 1 to 10,000. */
  readonly visitsMax: number;
};

export type WalkStep = { readonly entity: EntityId; readonly depth: number; readonly via: RelationId | undefined };

/** `isCut`: `visitsMax` was reached. */
export type StoreWalked = { readonly steps: readonly WalkStep[]; readonly isCut: boolean };

/**
 * Entries in a stable order; pass `next` to read the following ones. With a selective filter a page can have fewer entries than
 * requested, or none, and still have a `next`.
 */
export type MemoryPage<Entry> = { readonly entries: readonly Entry[]; readonly next: string | undefined };

/** Identifies an entity by its unique name in a scope. */
export type EntityKey = { readonly scope: ScopeKey; readonly name: string };

/** Relations that begin or end at any of the entities; all relations of the scopes if no entities are given. */
export type RelationFilter = {
  readonly scopes: readonly ScopeKey[];
  readonly entities: readonly EntityId[] | undefined;
};

/** Changes of one entity or of scopes. */
export type ChangeFilter = { readonly entity: EntityId } | { readonly scopes: readonly ScopeKey[] };

/** Passages of one version of an entity, with vectors of the model. */
export type PassageUpdate<Item = Passage> = {
  readonly id: EntityId;
  readonly version: number;
  readonly model: string;
  readonly passages: readonly Item[];
};

export type PageOf = { readonly limit: number; readonly cursor: string | undefined };

/** What to delete permanently. */
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

export type ScopeStats = {
  readonly scope: ScopeKey;
  readonly entities: number;
  readonly observations: number;
  readonly relations: number;
};

export type StoreStats = {
  readonly scopes: readonly ScopeStats[];
  /** Bytes on disk; undefined if the backend does not report it. */
  readonly bytes: number | undefined;
  /** Number of passages with a vector, by model, and without one. */
  readonly passagesByModel: Readonly<Record<string, number>>;
  readonly passagesWithoutVector: number;
  /** Capacity of the vector index, if it is bounded: vectors held, and vectors that did not fit. */
  readonly vectorRoom?: { readonly used: number; readonly max: number; readonly refused: number } | undefined;
  /** Fraction that is indexed; 1: all. */
  readonly indexed: number;
};

/** An inconsistency; `isRepaired`: the check repaired it. `isPending`: a temporary state that is no fault; `what` names its end. */
export type StoreProblem = {
  readonly what: string;
  readonly hint: string;
  readonly isRepaired: boolean;
  readonly isPending?: true;
};

/** The complete history of an entity. */
export type EntityHistory = {
  readonly head: EntityHead;
  /** Also retracted ones; by age. */
  readonly observations: readonly Observation[];
  /** Oldest first. */
  readonly changes: readonly Change[];
};

/** An entity copied from another memory; it replaces the one with its id. */
export type EntityRestore = EntityHistory & {
  readonly passages: readonly Passage[];
  readonly model: string | undefined;
};

/**
 * Port of a memory backend. All methods may reject with MemoryUnavailableError and storage errors.
 * knowledge.memory-store.S1. When `write` resolves, the change is on disk and the next search finds it.
 * knowledge.memory-store.S2. Each write is atomic; the writes of one call are applied in order and independently.
 * knowledge.memory-store.S3. A search names its scopes and reads nothing outside them.
 * knowledge.memory-store.S4. When `forget` resolves, the data is in no row, index, history or free page.
 * knowledge.memory-store.S5. Vectors are only compared with vectors of the same model.
 */
export interface MemoryStore {
  readonly name: string;
  write(writes: readonly (EntityWrite | RelationWrite)[]): Promise<readonly WriteOutcome[]>;
  /** By scope and name, in the order of the keys. */
  find(keys: readonly EntityKey[]): Promise<readonly (Entity | undefined)[]>;
  /** The ids only, by name. Stores for which that is not cheaper omit it. */
  findIds?(scope: ScopeKey, names: readonly string[]): Promise<readonly (EntityId | undefined)[]>;
  /**
   * Whether the scope certainly has no entity of the name; never waits, and returns false if a lookup would be necessary. Optional. The
   * caller then writes with `expected` 0, and looks the entity up on conflict.
   */
  lacks?(scope: ScopeKey, name: string): boolean;
  get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]>;
  search(search: StoreSearch): Promise<StoreHits>;
  /** By name, then id. */
  list(filter: EntityFilter, page: PageOf): Promise<MemoryPage<Entity>>;
  /** Oldest first. */
  relations(of: RelationFilter, page: PageOf): Promise<MemoryPage<Relation>>;
  relation(id: RelationId): Promise<Relation | undefined>;
  walk(walk: StoreWalk): Promise<StoreWalked>;
  /** Newest first. */
  log(of: ChangeFilter, page: PageOf): Promise<MemoryPage<Change>>;
  /** All observations that were not deleted, including retracted ones, with all changes, oldest first. */
  history(id: EntityId): Promise<EntityHistory | undefined>;
  /** Inserts entities and relations unchanged, with their ids, versions and history. Idempotent. */
  restore(entities: readonly EntityRestore[], relations: readonly Relation[]): Promise<void>;
  forget(target: ForgetTarget, by: ForgetBy): Promise<Forgotten>;
  /** Entities with passages that have no vector of the model, at most `limit`. */
  unembedded(model: string, limit: number): Promise<readonly Entity[]>;
  /** Stores vectors of an entity; returns false if it has another version. */
  embedded(of: PassageUpdate): Promise<boolean>;
  /** Searches use this model's vectors from now on; those of others are dropped. */
  switchModel(model: string): Promise<void>;
  /**
   * Deletes vectors of models other than this one, of about `limit` passages: models whose re-embedding was abandoned. Returns false if
   * none is left, or if this is not the active model.
   */
  dropOthers(model: string, limit: number): Promise<boolean>;
  /** The model that searches use; undefined in an empty memory. */
  model(): Promise<string | undefined>;
  stats(): Promise<StoreStats>;
  /** Why writes are refused, with a remedy, as far as it is known without I/O. Optional. */
  problem?(): string | undefined;
  /** Checks all data; `repair` repairs derived data. */
  check(repair: boolean): Promise<readonly StoreProblem[]>;
  /** Rebuilds derived data from the stored facts. */
  reindex(progress: (done: number, all: number) => void): Promise<void>;
  /** Warms up a backend whose first operations are slow; leaves no data. Optional. */
  warmUp?(): Promise<void>;
  close(): Promise<void>;
}

/** Returns the weights of a search's score components for `limit` hits. */
export const weightsOf = ({ similarityMin, keywordWeight, recencyBoost }: StoreSearch, limit: number) => ({
  limit,
  similarityMin,
  keywordWeight,
  recencyBoost: recencyBoost - 1,
});

/** Returns ids by name, in the order of the names, from any store. */
export const idsIn = async (
  store: MemoryStore,
  scope: ScopeKey,
  names: readonly string[],
): Promise<readonly (EntityId | undefined)[]> => {
  if (store.findIds) return store.findIds(scope, names);
  const found = await store.find(names.map((name) => ({ scope, name })));
  return found.map((entity) => entity?.id);
};
