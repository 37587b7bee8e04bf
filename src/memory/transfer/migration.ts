import type { EntityId } from "../../kernel/ids.ts";
import { CancelledError } from "../../kernel/errors.ts";
import {
  type Entity,
  type EntityHistory,
  type EntityRestore,
  type Memory,
  type MemoryStore,
  type Passage,
  passagesOf,
  type Provenance,
  type Relation,
  type ScopeKey,
} from "../knowledge/index.ts";

/** Checkpoint of a migration: what is copied, and the change from which to follow the source. */
export type MigrationState = {
  readonly phase: "entities" | "relations" | "changes";
  /** The scope being copied, and the page after which to continue. */
  readonly scope: ScopeKey | undefined;
  readonly cursor: string | undefined;
  readonly entities: number;
  readonly relations: number;
  /** The last change of the source that the target has, once all is copied. */
  readonly seq: number;
};

export type MigrationProgress = MigrationState & {
  /** Number of entities and relations. */
  readonly all: number;
  /** Entities that changed after they were copied, and were copied again. */
  readonly followed: number;
};

export type MigrationDeps = {
  readonly from: MemoryStore;
  readonly to: MemoryStore;
  /** Computes the vectors of copied entities. */
  readonly embeddings: Memory["embeddings"];
  readonly state: MigrationState | undefined;
  /** Saves a checkpoint: everything up to there is in the target. */
  readonly saveCheckpoint: (progress: MigrationProgress) => Promise<void>;
  /** Resolves when the running writes of the source have ended. Some backends number changes before they become visible. */
  readonly settled: () => Promise<void>;
  readonly nowMs: () => number;
  readonly signal: AbortSignal | undefined;
};

/** Entities read at once. */
const PAGE = 50;
/** Maximum entities, or characters of their texts, written at once. */
const PIECE = 200;
const PIECE_TEXT = 8_000_000;
const RELATIONS_PAGE = 500;
const BY: Provenance = { source: "import", sourceId: "migration", agent: undefined };

/** Entities as they are written. */
type Copy = { readonly histories: readonly EntityHistory[]; readonly restores: readonly EntityRestore[] };
/** Some of them, with the checkpoint after them. */
type Piece = Copy & Pick<MigrationState, "scope" | "cursor"> & { readonly count: number };

/** Copies entities, then relations, then concurrent changes. Rejects with the errors of the stores, CancelledError. */
export class Migration {
  readonly #deps: MigrationDeps;
  #state: MigrationState;
  #all = 0;
  #followed = 0;
  /** The active embedding model of the target. */
  #model: string | undefined;
  #scopes: readonly ScopeKey[] = [];
  /** All scopes that either store had when it was read: the source no longer lists scopes that are empty now. */
  readonly #known = new Set<ScopeKey>();

  constructor(deps: MigrationDeps) {
    this.#deps = deps;
    const start = { scope: undefined, cursor: undefined, entities: 0, relations: 0, seq: -1 };
    this.#state = deps.state ?? { phase: "entities", ...start };
  }

  /** Scopes that the target may have data of. */
  get scopes(): readonly ScopeKey[] {
    return [...this.#known];
  }

  async run(): Promise<MigrationProgress> {
    for (const { scope } of (await this.#deps.to.stats()).scopes) this.#known.add(scope);
    await this.#readScopes();
    if (this.#state.seq < 0) await this.#advance({ seq: await this.#seenUpTo(this.#scopes) });
    if (this.#state.phase === "entities") await this.#copyEntities();
    if (this.#state.phase === "relations") await this.#copyRelations();
    await this.follow();
    return this.progress();
  }

  /** Copies later changes, as long as each round has fewer. Returns false if the rounds do not converge. */
  async follow(): Promise<boolean> {
    for (let before = Number.POSITIVE_INFINITY; ;) {
      const followed = await this.#follow();
      if (followed === 0) return true;
      if (followed >= before) return false;
      before = followed;
    }
  }

  async #readScopes(): Promise<void> {
    const { scopes } = await this.#deps.from.stats();
    this.#scopes = scopes.map(({ scope }) => scope).toSorted();
    for (const scope of this.#scopes) this.#known.add(scope);
    this.#all = scopes.reduce((sum, { entities, relations }) => sum + entities + relations, 0);
  }

  progress(): MigrationProgress {
    return { ...this.#state, all: this.#all, followed: this.#followed };
  }

  async #advance(change: Partial<MigrationState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await this.#deps.saveCheckpoint(this.progress());
    if (this.#deps.signal?.aborted === true) throw new CancelledError("the migration");
  }

  async #copyEntities(): Promise<void> {
    for await (const { count, scope, cursor, ...copy } of ahead(this.#pieces())) {
      await this.#put(copy);
      await this.#advance({ scope, cursor, entities: this.#state.entities + count });
    }
    await this.#advance({ phase: "relations", scope: undefined, cursor: undefined });
  }

  /** Entities from the checkpoint on; small scopes are combined. */
  async *#pieces(): AsyncGenerator<Piece, void, undefined> {
    const { scope: begun, cursor: from } = this.#state;
    let [ids, text]: [EntityId[], number] = [[], 0];
    let last: ScopeKey | undefined;
    for (const scope of this.#scopes.filter((one) => begun === undefined || one >= begun)) {
      let cursor = scope === begun ? from : undefined;
      do {
        const { entries, next } = await this.#deps.from.list({ scopes: [scope] }, { limit: PAGE, cursor });
        ids.push(...entries.map(({ id }) => id));
        text += entries.reduce((sum, { observations }) => sum + lengthOf(observations), 0);
        cursor = next;
        if (ids.length >= PIECE || text >= PIECE_TEXT) {
          yield { ...(await this.#read(ids)), count: ids.length, scope, cursor };
          [ids, text] = [[], 0];
        }
      } while (cursor !== undefined);
      last = scope;
    }
    if (ids.length > 0) yield { ...(await this.#read(ids)), count: ids.length, scope: last, cursor: undefined };
  }

  /** The number of the last change before which all changes are visible. */
  async #seenUpTo(scopes: readonly ScopeKey[]): Promise<number> {
    const seq = await latestSeq(this.#deps.from, scopes);
    await this.#deps.settled();
    return seq;
  }

  /** Entities deleted in the meantime are left out; the log has them. */
  async #read(ids: readonly EntityId[]): Promise<Copy> {
    const found: (EntityHistory | undefined)[] = [];
    for (let at = 0; at < ids.length; at += PAGE) {
      found.push(...(await Promise.all(ids.slice(at, at + PAGE).map((id) => this.#deps.from.history(id)))));
    }
    // A name can move to another entity while they are read. The log has this change, and both are copied again.
    const byName = new Map(
      found.flatMap((one) => (one ? [[`${one.head.scope}\n${one.head.name}`, one] as const] : [])),
    );
    const histories = [...byName.values()];
    return { histories, restores: await this.#withVectors(histories) };
  }

  async #put({ histories, restores }: Copy): Promise<void> {
    if (histories.length === 0) return;
    const model = restores[0]?.model;
    if (model !== undefined && (this.#model ??= await this.#deps.to.model()) === undefined) {
      await this.#deps.to.switchModel(model);
    }
    await this.#freeNames(histories);
    if (this.#state.phase === "changes") await this.#forgetLost(histories);
    await this.#deps.to.restore(restores, []);
  }

  /**
   * Deletes entities of the target whose name another entity of the source has now. They were deleted or renamed in the source: the log
   * has this change, and they are copied again if they still exist.
   */
  async #freeNames(histories: readonly EntityHistory[]): Promise<void> {
    const { to, nowMs } = this.#deps;
    const there = await to.find(histories.map(({ head: { scope, name } }) => ({ scope, name })));
    const ids = there.flatMap((one, at) => (one && one.id !== histories[at]?.head.id ? [one.id] : []));
    if (ids.length > 0) await to.forget({ type: "entities", ids }, { provenance: BY, atMs: nowMs() });
  }

  /** Deletes facts that were deleted from remaining entities, so that no snapshot of the target has them either. */
  async #forgetLost(histories: readonly EntityHistory[]): Promise<void> {
    const { to, nowMs } = this.#deps;
    const there = await Promise.all(histories.map(({ head }) => to.history(head.id)));
    for (const [at, { head, observations }] of histories.entries()) {
      const kept = new Set(observations.map(({ id }) => id));
      const ids = (there[at]?.observations ?? []).map(({ id }) => id).filter((id) => !kept.has(id));
      const target = { type: "observations", entity: head.id, ids } as const;
      if (ids.length > 0) await to.forget(target, { provenance: BY, atMs: nowMs() });
    }
  }

  async #withVectors(histories: readonly EntityHistory[]): Promise<readonly EntityRestore[]> {
    if (histories.length === 0) return [];
    const texts = histories.map(({ head, observations }) => passagesOf({ ...head, observations: nowOf(observations) }));
    const { vectors, model } = await this.#deps.embeddings.forWriting(texts.flat());
    let next = 0;
    return histories.map((history, at) => ({
      ...history,
      model,
      passages: (texts[at] ?? []).map((text, ordinal): Passage => ({ ordinal, text, vector: vectors[next++] })),
    }));
  }

  async #copyRelations(): Promise<void> {
    if (this.#scopes.length > 0) {
      let { cursor } = this.#state;
      do {
        const page = await this.#deps.from.relations(
          { scopes: this.#scopes, entities: undefined },
          { limit: RELATIONS_PAGE, cursor },
        );
        if (page.entries.length > 0) await this.#deps.to.restore([], page.entries);
        cursor = page.next;
        await this.#advance({ cursor, relations: this.#state.relations + page.entries.length });
      } while (cursor !== undefined);
    }
    await this.#advance({ phase: "changes", scope: undefined, cursor: undefined });
  }

  /** Copies entities changed since the checkpoint. Returns the number of entities and scopes. */
  async #follow(): Promise<number> {
    await this.#readScopes();
    const { scopes } = this;
    if (scopes.length === 0) return 0;
    const seq = await this.#seenUpTo(scopes);
    if (seq <= this.#state.seq) return 0;
    const { touched, emptied } = await this.#changedUpTo(seq, scopes);
    const by = { provenance: BY, atMs: this.#deps.nowMs() };
    for (const scope of emptied) await this.#deps.to.forget({ type: "scope", scope }, by);
    // The log also has entities created after a scope was emptied.
    const all = [...touched];
    for (let at = 0; at < all.length; at += PAGE) {
      const ids = all.slice(at, at + PAGE);
      const copy = await this.#read(ids);
      await this.#put(copy);
      const there = new Set(copy.histories.map(({ head }) => head.id));
      const gone = ids.filter((id) => !there.has(id));
      if (gone.length > 0) await this.#deps.to.forget({ type: "entities", ids: gone }, by);
      await this.#relationsOf(copy.histories);
      this.#followed += ids.length;
      if (this.#deps.signal?.aborted === true) throw new CancelledError("the migration");
    }
    await this.#advance({ seq });
    return touched.size + emptied.size;
  }

  /** Changes since the checkpoint; later ones are for the next round. */
  async #changedUpTo(seq: number, scopes: readonly ScopeKey[]) {
    const touched = new Set<EntityId>();
    const emptied = new Set<ScopeKey>();
    let cursor: string | undefined;
    for (;;) {
      const page = await this.#deps.from.log({ scopes }, { limit: RELATIONS_PAGE, cursor });
      for (const change of page.entries) {
        if (change.seq <= this.#state.seq) return { touched, emptied };
        if (change.seq > seq) continue;
        if (change.entity === undefined) emptied.add(change.scope);
        else touched.add(change.entity);
      }
      if (page.next === undefined) return { touched, emptied };
      cursor = page.next;
    }
  }

  /** Replaces the relations of entities by those of the source. */
  async #relationsOf(histories: readonly EntityHistory[]): Promise<void> {
    const { from, to, nowMs } = this.#deps;
    const relationsIn = async (store: MemoryStore) =>
      // A relation with both ends among them is listed twice.
      new Map(
        (await Promise.all(histories.map(({ head }) => allRelations(store, head)))).flat().map((one) => [one.id, one]),
      );
    const [wanted, there] = await Promise.all([relationsIn(from), relationsIn(to)]);
    const gone = [...there.values()].filter(({ id }) => !wanted.has(id));
    if (gone.length > 0) {
      await to.write(
        gone.map((relation) => ({
          type: "relation",
          action: "unrelate",
          relation,
          provenance: BY,
          atMs: nowMs(),
        })),
      );
    }
    if (wanted.size > 0) await to.restore([], [...wanted.values()]);
  }
}

const lengthOf = (observations: Entity["observations"]): number =>
  observations.reduce((sum, { text }) => sum + text.length, 0);

/** Prefetches: computes the next value while the current one is used. */
async function* ahead<One>(all: AsyncGenerator<One, void, undefined>): AsyncGenerator<One, void, undefined> {
  let next = all.next();
  try {
    for (let one = await next; one.done !== true; one = await next) {
      next = all.next();
      // The consumer receives the error when it requests the value, but not after an earlier error.
      next.catch(() => undefined);
      yield one.value;
    }
  } finally {
    await next.catch(() => undefined);
  }
}

/** Returns the number of the last change of some scopes; 0 without any. */
export async function latestSeq(store: MemoryStore, scopes: readonly ScopeKey[]): Promise<number> {
  if (scopes.length === 0) return 0;
  const { entries } = await store.log({ scopes }, { limit: 1, cursor: undefined });
  return entries[0]?.seq ?? 0;
}

const nowOf = (observations: EntityHistory["observations"]): Entity["observations"] =>
  observations.filter(({ until }) => until === undefined);

async function allRelations(store: MemoryStore, { id, scope }: EntityHistory["head"]): Promise<readonly Relation[]> {
  const all: Relation[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.relations({ scopes: [scope], entities: [id] }, { limit: RELATIONS_PAGE, cursor });
    all.push(...page.entries);
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}
