import type { EntityId } from "../kernel/ids.ts";
import { CancelledError } from "../kernel/errors.ts";
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
} from "../memory/index.ts";

/** How far a migration is, as it is noted: what is copied, and from where on changes of the old place are still to follow. */
export type MigrationState = {
  readonly phase: "entities" | "relations" | "changes";
  /** The scope that is being copied, and the page after which it goes on. */
  readonly scope: ScopeKey | undefined;
  readonly cursor: string | undefined;
  readonly entities: number;
  readonly relations: number;
  /** The last change of the old place that the new one has, once all is copied. */
  readonly seq: number;
};

export type MigrationProgress = MigrationState & {
  /** How many there are of both. */
  readonly all: number;
  /** Entities that were changed since they were copied, and were copied again. */
  readonly followed: number;
};

export type MigrationDeps = {
  readonly from: MemoryStore;
  readonly to: MemoryStore;
  /** Makes the vectors of what is copied. */
  readonly embeddings: Memory["embeddings"];
  readonly state: MigrationState | undefined;
  /** All up to there is in the new place. */
  readonly note: (progress: MigrationProgress) => Promise<void>;
  /** Resolves when the changes of the old place that are under way have ended: some places number them before they are seen. */
  readonly settled: () => Promise<void>;
  readonly nowMs: () => number;
  readonly signal: AbortSignal | undefined;
};

const PAGE = 50;
const RELATIONS_PAGE = 500;
const ROUNDS_MAX = 20;
const BY: Provenance = { source: "import", sourceId: "migration", agent: undefined };

/** Entities, then relations, then what was changed meanwhile. Rejects with what the stores reject with, CancelledError. */
export class Migration {
  readonly #deps: MigrationDeps;
  #state: MigrationState;
  #all = 0;
  #followed = 0;
  #scopes: readonly ScopeKey[] = [];

  constructor(deps: MigrationDeps) {
    this.#deps = deps;
    const start = { scope: undefined, cursor: undefined, entities: 0, relations: 0, seq: -1 };
    this.#state = deps.state ?? { phase: "entities", ...start };
  }

  async run(): Promise<MigrationProgress> {
    await this.#look();
    if (this.#state.seq < 0) await this.#go({ seq: await this.#seenUpTo(this.#scopes) });
    if (this.#state.phase === "entities") await this.#copyEntities();
    if (this.#state.phase === "relations") await this.#copyRelations();
    await this.follow();
    return this.progress();
  }

  /** Takes over what was changed since. False: it was changed again each time. */
  async follow(): Promise<boolean> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) if (!(await this.#follow())) return true;
    return false;
  }

  async #look(): Promise<void> {
    const { scopes } = await this.#deps.from.figures();
    this.#scopes = scopes.map(({ scope }) => scope).toSorted();
    this.#all = scopes.reduce((sum, { entities, relations }) => sum + entities + relations, 0);
  }

  progress(): MigrationProgress {
    return { ...this.#state, all: this.#all, followed: this.#followed };
  }

  async #go(change: Partial<MigrationState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await this.#deps.note(this.progress());
    if (this.#deps.signal?.aborted === true) throw new CancelledError("the migration");
  }

  async #copyEntities(): Promise<void> {
    const { from } = this.#deps;
    const begun = this.#state.scope;
    for (const scope of this.#scopes.filter((one) => begun === undefined || one >= begun)) {
      let cursor = scope === begun ? this.#state.cursor : undefined;
      do {
        const { entries, next } = await from.list({ scopes: [scope] }, { limit: PAGE, cursor });
        await this.#copy(entries.map(({ id }) => id));
        cursor = next;
        await this.#go({ scope, cursor, entities: this.#state.entities + entries.length });
      } while (cursor !== undefined);
    }
    await this.#go({ phase: "relations", scope: undefined, cursor: undefined });
  }

  /** The number of the last change, when all before it can be seen. */
  async #seenUpTo(scopes: readonly ScopeKey[]): Promise<number> {
    const seq = await latestSeq(this.#deps.from, scopes);
    await this.#deps.settled();
    return seq;
  }

  /** What is gone meanwhile is left out; it is in the log. */
  async #copy(ids: readonly EntityId[]): Promise<readonly EntityHistory[]> {
    const found = await Promise.all(ids.map((id) => this.#deps.from.history(id)));
    // A name that went to another while they were read: the log says so, and both are copied again.
    const byName = new Map(
      found.flatMap((one) => (one ? [[`${one.head.scope}\n${one.head.name}`, one] as const] : [])),
    );
    const histories = [...byName.values()];
    if (histories.length === 0) return [];
    const restores = await this.#withVectors(histories);
    await this.#freeNames(histories);
    if (this.#state.phase === "changes") await this.#forgetLost(histories);
    await this.#deps.to.restore(restores, []);
    return histories;
  }

  /**
   * Whoever has such a name in the new place only is gone or named otherwise in the old one: the log says so, and then it is
   * copied again if it is still there.
   */
  async #freeNames(histories: readonly EntityHistory[]): Promise<void> {
    const { to, nowMs } = this.#deps;
    const there = await to.find(histories.map(({ head: { scope, name } }) => ({ scope, name })));
    const ids = there.flatMap((one, at) => (one && one.id !== histories[at]?.head.id ? [one.id] : []));
    if (ids.length > 0) await to.forget({ type: "entities", ids }, { provenance: BY, atMs: nowMs() });
  }

  /** What was forgotten of entities that stay is forgotten as such, so that no snapshot of the new place has it either. */
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
    const texts = histories.map(({ head, observations }) => passagesOf({ ...head, observations: nowOf(observations) }));
    const { vectors, model } = await this.#deps.embeddings.forWriting(texts.flat());
    if (model !== undefined && (await this.#deps.to.model()) === undefined) await this.#deps.to.switchModel(model);
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
        await this.#go({ cursor, relations: this.#state.relations + page.entries.length });
      } while (cursor !== undefined);
    }
    await this.#go({ phase: "changes", scope: undefined, cursor: undefined });
  }

  /** Copies again what was changed since; false when there was nothing. */
  async #follow(): Promise<boolean> {
    await this.#look();
    const scopes = await this.#knownScopes();
    if (scopes.length === 0) return false;
    const seq = await this.#seenUpTo(scopes);
    if (seq <= this.#state.seq) return false;
    const { touched, emptied } = await this.#changedUpTo(seq, scopes);
    const by = { provenance: BY, atMs: this.#deps.nowMs() };
    for (const scope of emptied) await this.#deps.to.forget({ type: "scope", scope }, by);
    // Whoever came after a scope was emptied is in the log too.
    const all = [...touched];
    for (let at = 0; at < all.length; at += PAGE) {
      const ids = all.slice(at, at + PAGE);
      const histories = await this.#copy(ids);
      const there = new Set(histories.map(({ head }) => head.id));
      const gone = ids.filter((id) => !there.has(id));
      if (gone.length > 0) await this.#deps.to.forget({ type: "entities", ids: gone }, by);
      for (const history of histories) await this.#relationsOf(history);
      this.#followed += ids.length;
      if (this.#deps.signal?.aborted === true) throw new CancelledError("the migration");
    }
    await this.#go({ seq });
    return true;
  }

  /** Also those that are empty by now in the old place. */
  async #knownScopes(): Promise<readonly ScopeKey[]> {
    const { scopes } = await this.#deps.to.figures();
    return [...new Set([...this.#scopes, ...scopes.map(({ scope }) => scope)])];
  }

  /** What was changed since; later changes are for the next time. */
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

  /** Makes the relations at an entity those of the old place. */
  async #relationsOf({ head }: EntityHistory): Promise<void> {
    const { from, to, nowMs } = this.#deps;
    const [wanted, there] = await Promise.all([allRelations(from, head), allRelations(to, head)]);
    const ids = new Set(wanted.map(({ id }) => id));
    const gone = there.filter(({ id }) => !ids.has(id));
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
    if (wanted.length > 0) await to.restore([], wanted);
  }
}

/** The number of the last change of some scopes; 0 where there was none. */
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
