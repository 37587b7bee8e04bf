import type { Clock } from "../../kernel/clock.ts";
import { idsIn, MemoryCursorError, type MemoryPage, type MemoryStore, type PageOf } from "../knowledge/index.ts";

/** A store with its number of running calls. */
type ActiveStore = { readonly store: MemoryStore; calls: number; isReplaced: boolean };

/** `late`: writes could not be quiesced or work did not finish in time, and the store was not exchanged. */
export type QuiesceResult<Value> = { readonly type: "done"; readonly value: Value } | { readonly type: "late" };

/**
 * A store that can be exchanged at runtime for another one with the same data.
 * transfer.switchable-store.L1. One store answers each call; a replaced store is closed after its last call.
 * transfer.switchable-store.L2. While the store is quiesced, writes wait and reads continue. The quiesced state ends automatically, and waiting writes then run.
 */
export class SwitchableStore implements MemoryStore {
  readonly #clock: Clock;
  #used: ActiveStore;
  /** Prefix of all cursors since the first exchange: numbers of one store are meaningless in another. */
  #cursorPrefix = "";
  #exchanges = 0;
  /** Running writes. */
  readonly #changing = new Set<Promise<unknown>>();
  #blocked: PromiseWithResolvers<void> | undefined;
  #onDrained: (() => void) | undefined;

  constructor(deps: { readonly store: MemoryStore; readonly clock: Clock }) {
    this.#used = { store: deps.store, calls: 0, isReplaced: false };
    this.#clock = deps.clock;
  }

  get name(): string {
    return this.#used.store.name;
  }

  /** The active store. */
  get current(): MemoryStore {
    return this.#used.store;
  }

  /**
   * Quiesces the store: drains running writes, blocks new ones, then runs `work`. The work may end with a call of `exchange`. After `ms`
   * without one, writes continue on the previous store and `exchange` returns false.
   */
  async quiesce<Value>(
    ms: number,
    work: (exchange: (to: MemoryStore, commit: () => Promise<void>) => Promise<boolean>) => Promise<Value>,
  ): Promise<QuiesceResult<Value>> {
    await this.#blocked?.promise;
    const blocked = Promise.withResolvers<void>();
    this.#blocked = blocked;
    const stop = new AbortController();
    let phase: "open" | "committing" | "late" = "open";
    const isLate = (): boolean => phase === "late";
    const release = (): void => {
      if (this.#blocked !== blocked) return;
      this.#blocked = undefined;
      blocked.resolve();
    };
    const giveUp = async (): Promise<void> => {
      await this.#clock.sleep(ms, stop.signal);
      if (phase !== "open") return;
      phase = "late";
      release();
      this.#onDrained?.();
    };
    const late = giveUp().catch(() => undefined);
    try {
      await this.#drain();
      if (isLate()) return { type: "late" };
      const value = await work(async (to, commit) => {
        if (isLate()) return false;
        phase = "committing";
        await commit();
        this.#exchange(to);
        return true;
      });
      return isLate() ? { type: "late" } : { type: "done", value };
    } finally {
      stop.abort();
      release();
      await late;
    }
  }

  /** Runs an operation that changes memory outside this store; it waits, and is waited for, like a write. */
  async changing<Value>(work: () => Promise<Value>): Promise<Value> {
    return this.#change(work);
  }

  /** Resolves when the writes that run now have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#changing);
  }

  /** Resolves when no write is running, or when time is up. */
  async #drain(): Promise<void> {
    if (this.#changing.size === 0) return;
    const drained = Promise.withResolvers<void>();
    this.#onDrained = drained.resolve;
    await drained.promise;
    this.#onDrained = undefined;
  }

  #exchange(to: MemoryStore): void {
    const replaced = this.#used;
    replaced.isReplaced = true;
    this.#used = { store: to, calls: 0, isReplaced: false };
    this.#exchanges += 1;
    this.#cursorPrefix = `x${this.#exchanges}.`;
    void this.#closeReplaced(replaced);
  }

  async #closeReplaced(left: ActiveStore): Promise<void> {
    if (left.isReplaced && left.calls === 0) await left.store.close().catch(() => undefined);
  }

  async #ask<Value>(call: (store: MemoryStore) => Promise<Value>): Promise<Value> {
    const used = this.#used;
    used.calls += 1;
    try {
      return await call(used.store);
    } finally {
      used.calls -= 1;
      void this.#closeReplaced(used);
    }
  }

  /** Reads a page of the active store; rejects with MemoryCursorError for a cursor of another store. */
  async #page<Entry>(
    { limit, cursor: marked }: PageOf,
    call: (store: MemoryStore, page: PageOf) => Promise<MemoryPage<Entry>>,
  ): Promise<MemoryPage<Entry>> {
    const mark = this.#cursorPrefix;
    if (marked?.startsWith(mark) === false) {
      throw new MemoryCursorError(
        "the memory backend changed since the previous page",
        "Start again with the first page, without a cursor.",
        { cursor: marked.slice(0, 100) },
      );
    }
    const cursor = marked?.slice(mark.length);
    const { entries, next } = await this.#ask((store) => call(store, { limit, cursor }));
    return { entries, next: next === undefined ? undefined : mark + next };
  }

  async #change<Value>(call: (store: MemoryStore) => Promise<Value>): Promise<Value> {
    while (this.#blocked) await this.#blocked.promise;
    const change = this.#ask(call);
    this.#changing.add(change);
    try {
      return await change;
    } finally {
      this.#changing.delete(change);
      if (this.#changing.size === 0) this.#onDrained?.();
    }
  }

  readonly write: MemoryStore["write"] = (writes) => this.#change((store) => store.write(writes));
  readonly restore: MemoryStore["restore"] = (...of) => this.#change((store) => store.restore(...of));
  readonly forget: MemoryStore["forget"] = (...of) => this.#change((store) => store.forget(...of));
  readonly embedded: MemoryStore["embedded"] = (of) => this.#change((store) => store.embedded(of));
  readonly switchModel: MemoryStore["switchModel"] = (model) => this.#change((store) => store.switchModel(model));
  readonly dropOthers: MemoryStore["dropOthers"] = (...of) => this.#change((store) => store.dropOthers(...of));
  readonly check: MemoryStore["check"] = (repair) =>
    repair ? this.#change((store) => store.check(repair)) : this.#ask((store) => store.check(repair));
  readonly find: MemoryStore["find"] = (keys) => this.#ask((store) => store.find(keys));
  readonly findIds: NonNullable<MemoryStore["findIds"]> = (scope, names) =>
    this.#ask((store) => idsIn(store, scope, names));
  readonly lacks: NonNullable<MemoryStore["lacks"]> = (scope, name) => this.#used.store.lacks?.(scope, name) ?? false;
  readonly get: MemoryStore["get"] = (ids) => this.#ask((store) => store.get(ids));
  readonly search: MemoryStore["search"] = (search) => this.#ask((store) => store.search(search));
  readonly list: MemoryStore["list"] = (of, page) => this.#page(page, (store, at) => store.list(of, at));
  readonly relations: MemoryStore["relations"] = (of, page) => this.#page(page, (store, at) => store.relations(of, at));
  readonly relation: MemoryStore["relation"] = (id) => this.#ask((store) => store.relation(id));
  readonly walk: MemoryStore["walk"] = (walk) => this.#ask((store) => store.walk(walk));
  readonly log: MemoryStore["log"] = (of, page) => this.#page(page, (store, at) => store.log(of, at));
  readonly history: MemoryStore["history"] = (id) => this.#ask((store) => store.history(id));
  readonly unembedded: MemoryStore["unembedded"] = (...of) => this.#ask((store) => store.unembedded(...of));
  readonly model: MemoryStore["model"] = () => this.#ask((store) => store.model());
  readonly stats: MemoryStore["stats"] = () => this.#ask((store) => store.stats());
  readonly problem: NonNullable<MemoryStore["problem"]> = () => this.#used.store.problem?.();
  readonly reindex: MemoryStore["reindex"] = (progress) => this.#ask((store) => store.reindex(progress));

  async close(): Promise<void> {
    await this.#used.store.close();
  }
}
