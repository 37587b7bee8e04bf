import type { Clock } from "../../kernel/clock.ts";
import { idsIn, MemoryCursorError, type MemoryPage, type MemoryStore, type PageOf } from "../knowledge/index.ts";

/** A store, with how many calls it is at. */
type Used = { readonly store: MemoryStore; calls: number; isLeft: boolean };

/** `late`: it could not be done in time, and nothing was exchanged. */
export type Stilled<Value> = { readonly type: "done"; readonly value: Value } | { readonly type: "late" };

/**
 * The store in use, which can be exchanged for another one that holds the same, while it is used.
 * transfer.memory-place.L1. A call is answered by one store, whole; the one that was left is closed after its last
 *   call.
 * transfer.memory-place.L2. While memory is held still, changes wait and reads go on. It ends by itself, and those
 *   who waited go on.
 */
export class MemoryPlace implements MemoryStore {
  readonly #clock: Clock;
  #used: Used;
  /** Before each cursor since the first exchange: numbers of one place mean something else in another. */
  #mark = "";
  #exchanges = 0;
  /** Changes that are under way. */
  readonly #changing = new Set<Promise<unknown>>();
  #held: PromiseWithResolvers<void> | undefined;
  #whenStill: (() => void) | undefined;

  constructor(deps: { readonly store: MemoryStore; readonly clock: Clock }) {
    this.#used = { store: deps.store, calls: 0, isLeft: false };
    this.#clock = deps.clock;
  }

  get name(): string {
    return this.#used.store.name;
  }

  /** The one that answers now. */
  get current(): MemoryStore {
    return this.#used.store;
  }

  /**
   * Lets the changes that are under way end, keeps new ones waiting, and does the work. It calls `exchange` at its end, if at
   * all; after `ms` without that everybody goes on with the store of before, and `exchange` refuses.
   */
  async whileStill<Value>(
    ms: number,
    work: (exchange: (to: MemoryStore, commit: () => Promise<void>) => Promise<boolean>) => Promise<Value>,
  ): Promise<Stilled<Value>> {
    await this.#held?.promise;
    const held = Promise.withResolvers<void>();
    this.#held = held;
    const stop = new AbortController();
    let phase: "open" | "committing" | "late" = "open";
    const isLate = (): boolean => phase === "late";
    const release = (): void => {
      if (this.#held !== held) return;
      this.#held = undefined;
      held.resolve();
    };
    const giveUp = async (): Promise<void> => {
      await this.#clock.sleep(ms, stop.signal);
      if (phase !== "open") return;
      phase = "late";
      release();
      this.#whenStill?.();
    };
    const late = giveUp().catch(() => undefined);
    try {
      await this.#still();
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

  /** Something that changes memory past this store: it waits like a change, and is waited for. */
  async changing<Value>(work: () => Promise<Value>): Promise<Value> {
    return this.#change(work);
  }

  /** Resolves when the changes that are under way at this moment have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#changing);
  }

  /** Resolves when no change is under way, or it is too late for that. */
  async #still(): Promise<void> {
    if (this.#changing.size === 0) return;
    const still = Promise.withResolvers<void>();
    this.#whenStill = still.resolve;
    await still.promise;
    this.#whenStill = undefined;
  }

  #exchange(to: MemoryStore): void {
    const left = this.#used;
    left.isLeft = true;
    this.#used = { store: to, calls: 0, isLeft: false };
    this.#exchanges += 1;
    this.#mark = `x${this.#exchanges}.`;
    void this.#closeLeft(left);
  }

  async #closeLeft(left: Used): Promise<void> {
    if (left.isLeft && left.calls === 0) await left.store.close().catch(() => undefined);
  }

  async #ask<Value>(call: (store: MemoryStore) => Promise<Value>): Promise<Value> {
    const used = this.#used;
    used.calls += 1;
    try {
      return await call(used.store);
    } finally {
      used.calls -= 1;
      void this.#closeLeft(used);
    }
  }

  /** A page of the store in use; one whose cursor is of another store rejects with MemoryCursorError. */
  async #page<Entry>(
    { limit, cursor: marked }: PageOf,
    call: (store: MemoryStore, page: PageOf) => Promise<MemoryPage<Entry>>,
  ): Promise<MemoryPage<Entry>> {
    const mark = this.#mark;
    if (marked?.startsWith(mark) === false) {
      throw new MemoryCursorError(
        "memory went over to another place since the page before",
        "Begin anew with the first page: without a cursor.",
        { cursor: marked.slice(0, 100) },
      );
    }
    const cursor = marked?.slice(mark.length);
    const { entries, next } = await this.#ask((store) => call(store, { limit, cursor }));
    return { entries, next: next === undefined ? undefined : mark + next };
  }

  async #change<Value>(call: (store: MemoryStore) => Promise<Value>): Promise<Value> {
    while (this.#held) await this.#held.promise;
    const change = this.#ask(call);
    this.#changing.add(change);
    try {
      return await change;
    } finally {
      this.#changing.delete(change);
      if (this.#changing.size === 0) this.#whenStill?.();
    }
  }

  readonly write: MemoryStore["write"] = (writes) => this.#change((store) => store.write(writes));
  readonly restore: MemoryStore["restore"] = (...of) => this.#change((store) => store.restore(...of));
  readonly forget: MemoryStore["forget"] = (...of) => this.#change((store) => store.forget(...of));
  readonly embedded: MemoryStore["embedded"] = (of) => this.#change((store) => store.embedded(of));
  readonly switchModel: MemoryStore["switchModel"] = (model) => this.#change((store) => store.switchModel(model));
  readonly dropOthers: MemoryStore["dropOthers"] = (...of) => this.#change((store) => store.dropOthers(...of));
  readonly check: MemoryStore["check"] = (mend) =>
    mend ? this.#change((store) => store.check(mend)) : this.#ask((store) => store.check(mend));
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
  readonly figures: MemoryStore["figures"] = () => this.#ask((store) => store.figures());
  readonly trouble: NonNullable<MemoryStore["trouble"]> = () => this.#used.store.trouble?.();
  readonly reindex: MemoryStore["reindex"] = (progress) => this.#ask((store) => store.reindex(progress));

  async close(): Promise<void> {
    await this.#used.store.close();
  }
}
