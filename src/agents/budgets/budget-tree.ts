import { strict as assert } from "node:assert";
import { type Amounts, BUDGET_KINDS, type BudgetKind, type Limit, type Limits, NOTHING, plus } from "./amounts.ts";

/** One level above a call: a node of the tree with the limits that hold there for this caller. */
export type Claim = {
  readonly node: string;
  /** Whose budget it is, in words: `agent x`, `workspace default`, `this server`. */
  readonly scope: string;
  readonly limits: Limits;
};

/** Why something does not fit: the first budget on the way up that has no room. */
export type InsufficientBudget = {
  readonly kind: BudgetKind;
  readonly scope: string;
  readonly limit: Limit;
  readonly used: number;
  readonly reserved: number;
  readonly needed: number;
  /** The amount would fit without reservations: waiting can help. */
  readonly mayFitLater: boolean;
};

export type Reserving =
  | { readonly type: "reserved"; readonly id: number }
  | { readonly type: "short"; readonly shortage: InsufficientBudget };

export type Level = { readonly used: Amounts; readonly reserved: Amounts };
const EMPTY: Level = { used: NOTHING, reserved: NOTHING };

type Reservation = { readonly nodes: readonly string[]; readonly amounts: Amounts };

/**
 * What is used and reserved at each node. Knows no time and waits for nothing, so nothing comes between its checks.
 * budgets.budget-tree.B1. After `reserve` has said yes, used and reserved together are within every limit it was
 *   given.
 * budgets.budget-tree.B2. A reservation is at all of its nodes or at none, from `reserve` to `release`.
 */
export class BudgetTree {
  readonly #levels = new Map<string, Level>();
  readonly #reservations = new Map<number, Reservation>();
  #lastId = 0;

  /** Adds a node with what was used of it before; one that is there stays as it is. */
  open(node: string, used: () => Amounts): void {
    if (!this.#levels.has(node)) this.#levels.set(node, { used: used(), reserved: NOTHING });
  }

  /** Forgets nodes; only those of which nothing is reserved. */
  close(isOver: (node: string) => boolean): void {
    const held = new Set([...this.#reservations.values()].flatMap(({ nodes }) => nodes));
    for (const node of this.#levels.keys()) if (isOver(node) && !held.has(node)) this.#levels.delete(node);
  }

  level(node: string): Level {
    return this.#levels.get(node) ?? EMPTY;
  }

  /** Reserves at every node of the path, or says where there is no room. A shortage that lasts goes before one that may pass. */
  reserve(path: readonly Claim[], amounts: Amounts): Reserving {
    const shortages = path.flatMap((claim) => this.#shortages(claim, amounts));
    const shortage = shortages.find(({ mayFitLater }) => !mayFitLater) ?? shortages[0];
    if (shortage) return { type: "short", shortage };
    const nodes = [...new Set(path.map(({ node }) => node))];
    for (const node of nodes) this.#change(node, ({ used, reserved }) => ({ used, reserved: plus(reserved, amounts) }));
    this.#lastId += 1;
    this.#reservations.set(this.#lastId, { nodes, amounts });
    return { type: "reserved", id: this.#lastId };
  }

  #shortages({ node, scope, limits }: Claim, amounts: Amounts): readonly InsufficientBudget[] {
    const { used, reserved } = this.level(node);
    return BUDGET_KINDS.flatMap((kind) => {
      const limit = limits[kind];
      const needed = amounts[kind];
      if (limit === undefined || needed === 0 || used[kind] + reserved[kind] + needed <= limit.max) return [];
      const mayFitLater = used[kind] + needed <= limit.max;
      return [{ kind, scope, limit, used: used[kind], reserved: reserved[kind], needed, mayFitLater }];
    });
  }

  /** Gives a reservation back. Once only. */
  release(id: number): void {
    const reservation = this.#reservations.get(id);
    assert(reservation, "a reservation is released once");
    this.#reservations.delete(id);
    const { amounts } = reservation;
    for (const node of reservation.nodes) {
      this.#change(node, ({ used, reserved }) => ({
        used,
        reserved: {
          tokens: reserved.tokens - amounts.tokens,
          usd: reserved.usd - amounts.usd,
          tool_calls: reserved.tool_calls - amounts.tool_calls,
          seconds: reserved.seconds - amounts.seconds,
          fuel: reserved.fuel - amounts.fuel,
        },
      }));
    }
  }

  /**
   * Counts used amounts. The caller releases its reservation after this, so that no other caller gets the amount in
   * between. Tool calls are subtracted from `held` reservations at once: those of a turn are released together, when
   * its last call has ended.
   */
  spend(nodes: readonly string[], amounts: Amounts, held: Iterable<number> = []): void {
    let calls = amounts.tool_calls;
    for (const id of held) calls -= this.#shrink(id, calls);
    for (const node of nodes) {
      // One that is not open will be read from the store, which knows of this already.
      if (this.#levels.has(node)) this.#change(node, ({ used, reserved }) => ({ used: plus(used, amounts), reserved }));
    }
  }

  /** Lowers the tool calls of a reservation by `most` at most; returns by how many. */
  #shrink(id: number, most: number): number {
    const reservation = this.#reservations.get(id);
    const calls = Math.min(most, reservation?.amounts.tool_calls ?? 0);
    if (reservation === undefined || calls === 0) return 0;
    const { nodes, amounts } = reservation;
    this.#reservations.set(id, { nodes, amounts: { ...amounts, tool_calls: amounts.tool_calls - calls } });
    for (const node of nodes)
      this.#change(node, ({ used, reserved }) => ({
        used,
        reserved: { ...reserved, tool_calls: reserved.tool_calls - calls },
      }));
    return calls;
  }

  /** How much of a kind the path has at most: with nothing reserved, or with all that is; undefined when there is no limit. */
  left(path: readonly Claim[], kind: BudgetKind, counting: "used" | "used and reserved"): number | undefined {
    const lefts = path.flatMap(({ node, limits }) => {
      const limit = limits[kind];
      if (limit === undefined) return [];
      const { used, reserved } = this.level(node);
      return [limit.max - used[kind] - (counting === "used" ? 0 : reserved[kind])];
    });
    return lefts.length === 0 ? undefined : Math.max(0, Math.min(...lefts));
  }

  #change(node: string, change: (level: Level) => Level): void {
    const level = this.#levels.get(node);
    assert(level, "a node is opened before it is used");
    this.#levels.set(node, change(level));
  }
}
