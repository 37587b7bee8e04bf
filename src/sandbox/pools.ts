import type { LiveServer } from "./live-server.ts";
import type { Slot } from "./slot.ts";

/** Calls more that a child must have than another before a server is compiled there too. */
const SPREAD_AT = 8;
/** A child that a guest holds up is the last to be given more. */
const SILENT_COST = 1_000;
/** A child that is not there yet costs the time to start it. */
const ABSENT_COST = 4;

/**
 * Which children a server may run in: those of a trust group, `default` when nothing is said, or one of its own. What a
 * guest that broke out could reach is what the servers of its child are granted together.
 */
export type Placement = { readonly group: string } | "dedicated";

/** The children of one trust group, started as they are needed. */
export class Pool {
  readonly slots: readonly Slot[];

  constructor(slots: readonly Slot[]) {
    this.slots = slots;
  }

  /** The child with least to do; a server is compiled in a second one only when the first is busy. */
  pick(server: LiveServer): Slot {
    const cost = (slot: Slot): number =>
      slot.load +
      (slot.has(server) ? 0 : SPREAD_AT) +
      (slot.isSilent ? SILENT_COST : 0) +
      (slot.isStarted ? 0 : ABSENT_COST) +
      slot.serverCount / 1_000;
    return this.slots.reduce((best, slot) => (cost(slot) < cost(best) ? slot : best));
  }
}

/** Every child there is. Tool servers of two trust groups are never in one child. */
export class Pools {
  readonly #count: number;
  readonly #newSlot: () => Slot;
  readonly #groups = new Map<string, Pool>();
  readonly #dedicated = new Map<string, Pool>();

  /** `count` children at most for each group. */
  constructor(count: number, newSlot: () => Slot) {
    this.#count = count;
    this.#newSlot = newSlot;
  }

  /** The children of a server that is placed so. */
  of(placement: Placement | undefined, server: string): Pool {
    if (placement === "dedicated") return this.#found(this.#dedicated, server, 1);
    return this.#found(this.#groups, placement?.group ?? "default", this.#count);
  }

  slots(): readonly Slot[] {
    return [...this.#groups.values(), ...this.#dedicated.values()].flatMap(({ slots }) => slots);
  }

  async close(): Promise<void> {
    await Promise.all(this.slots().map((slot) => slot.close()));
  }

  #found(pools: Map<string, Pool>, name: string, count: number): Pool {
    let pool = pools.get(name);
    if (pool === undefined) {
      pool = new Pool(Array.from({ length: count }, this.#newSlot));
      pools.set(name, pool);
    }
    return pool;
  }
}
