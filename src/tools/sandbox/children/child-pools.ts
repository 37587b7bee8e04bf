import type { LiveServer } from "../live-server.ts";
import { rebalanceCalls } from "./rebalance.ts";
import type { ProcessStats } from "../sandbox-options.ts";
import type { IdlePolicy } from "./child-supervisor-deps.ts";
import type { ChildSupervisor } from "./child-supervisor.ts";

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
export type TrustGroup = { readonly group: string } | "dedicated";

/** The children of one trust group, started as they are needed; and one in reserve, for while guests hold all of them up. */
export class ChildPool {
  /** All of them, the reserve last. */
  readonly slots: readonly ChildSupervisor[];
  readonly #ordinary: readonly ChildSupervisor[];

  constructor(ordinary: readonly ChildSupervisor[], reserve?: ChildSupervisor) {
    this.#ordinary = ordinary;
    this.slots = reserve === undefined ? ordinary : [...ordinary, reserve];
  }

  /** Without a reserve that no child is in. */
  get shown(): readonly ChildSupervisor[] {
    return this.slots.filter((slot) => slot.isStarted || this.#ordinary.includes(slot));
  }

  /** The child with least to do; a server is compiled in a second one only when the first is busy. */
  pick(server: LiveServer): ChildSupervisor {
    const cost = (slot: ChildSupervisor): number =>
      slot.load +
      (slot.has(server) ? 0 : SPREAD_AT) +
      (slot.isSilent ? SILENT_COST : 0) +
      (slot.isStarted ? 0 : ABSENT_COST) +
      slot.serverCount / 1_000;
    const choice = this.#ordinary.every(({ isBlocked }) => isBlocked) ? this.slots : this.#ordinary;
    return choice.reduce((best, slot) => (cost(slot) < cost(best) ? slot : best));
  }
}

export type ChildPoolsOptions = {
  /** Children at most for each group, the reserve apart. */
  readonly count: number;
  /** How long a child with nothing in it is kept. */
  readonly idleMs: number;
  /** Idle timeout of a reserve child; undefined if groups have none. */
  readonly reserveIdleMs: number | undefined;
  readonly newSlot: (rest: IdlePolicy) => ChildSupervisor;
};

/** Every child there is. Tool servers of two trust groups are never in one child. */
export class ChildPools {
  readonly #options: ChildPoolsOptions;
  readonly #groups = new Map<string, ChildPool>();
  readonly #dedicated = new Map<string, ChildPool>();

  constructor(options: ChildPoolsOptions) {
    this.#options = options;
  }

  /** The children of a server that is placed so. */
  of(placement: TrustGroup | undefined, server: string): ChildPool {
    if (placement === "dedicated") return this.#found(this.#dedicated, server, () => new ChildPool([this.#newSlot()]));
    return this.#found(
      this.#groups,
      placement?.group ?? "default",
      () => new ChildPool(Array.from({ length: this.#options.count }, this.#newSlot), this.#newReserve()),
    );
  }

  /**
   * Checks each child, and moves calls away from those that a guest blocks; to be called periodically while there are
   * calls.
   */
  watch(nowMs: number): void {
    for (const slot of this.slots()) {
      slot.watch(nowMs);
      rebalanceCalls(slot);
    }
  }

  slots(): readonly ChildSupervisor[] {
    return [...this.#groups.values(), ...this.#dedicated.values()].flatMap(({ slots }) => slots);
  }

  stats(): readonly ProcessStats[] {
    return [...this.#groups.values(), ...this.#dedicated.values()].flatMap(({ shown }) =>
      shown.map((slot) => slot.stats()),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.slots().map((slot) => slot.close()));
  }

  readonly #newSlot = (): ChildSupervisor => this.#options.newSlot({ timeoutMs: this.#options.idleMs, scope: "empty" });

  #newReserve(): ChildSupervisor | undefined {
    const { reserveIdleMs: timeoutMs, newSlot } = this.#options;
    return timeoutMs === undefined ? undefined : newSlot({ timeoutMs, scope: "unused" });
  }

  #found(pools: Map<string, ChildPool>, name: string, make: () => ChildPool): ChildPool {
    let pool = pools.get(name);
    if (pool === undefined) {
      pool = make();
      pools.set(name, pool);
    }
    return pool;
  }
}
