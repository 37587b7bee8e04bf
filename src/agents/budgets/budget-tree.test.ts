import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Amounts, type Limits, NOTHING } from "./amounts.ts";
import { BudgetTree, type Claim } from "./budget-tree.ts";

// verifies("budget.reserve")

const limit = (max: number) => ({ max, key: "budget.tokens", file: "a.toml", per: "run" as const });
const claim = (node: string, limits: Limits): Claim => ({ node, scope: node, limits });
const tokens = (count: number): Amounts => ({ ...NOTHING, tokens: count });
const opened = (...nodes: readonly string[]): BudgetTree => {
  const tree = new BudgetTree();
  for (const node of nodes) tree.open(node, () => NOTHING);
  return tree;
};

test("what is reserved counts against the limit of every node on the way up", () => {
  const tree = opened("one", "two", "all");
  const all = claim("all", { tokens: limit(10) });
  expect(tree.reserve([claim("one", {}), all], tokens(6))).toMatchObject({ type: "reserved" });
  expect(tree.reserve([claim("two", {}), all], tokens(6))).toEqual({
    type: "short",
    shortage: { kind: "tokens", scope: "all", limit: limit(10), used: 0, reserved: 6, needed: 6, mayFitLater: true },
  });
  expect(tree.level("two").reserved).toEqual(NOTHING);
});

test("a lasting shortage is reported before one that may pass", () => {
  const tree = opened("run", "day");
  const path = [claim("run", { tokens: limit(5) }), claim("day", { tokens: limit(5) })];
  tree.spend(["day"], tokens(3));
  tree.reserve([path[0] ?? claim("", {})], tokens(3));
  const refused = tree.reserve(path, tokens(4));
  expect(refused).toMatchObject({ type: "short", shortage: { scope: "day", mayFitLater: false } });
});

test("a limit that was lowered below what is used refuses everything, and nothing where nothing is needed", () => {
  const tree = opened("run");
  tree.spend(["run"], tokens(9));
  expect(tree.reserve([claim("run", { tokens: limit(5) })], tokens(1))).toMatchObject({ type: "short" });
  expect(tree.reserve([claim("run", { tokens: limit(5) })], { ...NOTHING, fuel: 5 })).toMatchObject({
    type: "reserved",
  });
});

test("a node stays as long as something of it is reserved", () => {
  const tree = opened("old");
  const made = tree.reserve([claim("old", {})], tokens(2));
  tree.close(() => true);
  expect(tree.level("old").reserved.tokens).toBe(2);
  if (made.type === "reserved") tree.release(made.id);
  tree.close(() => true);
  tree.open("old", () => tokens(7));
  expect(tree.level("old").used.tokens).toBe(7);
});

type Step =
  | { readonly type: "reserve"; readonly run: number; readonly amount: number; readonly actual: number }
  | { readonly type: "settle"; readonly which: number; readonly how: "spent" | "abandoned" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant("reserve" as const),
    run: fc.nat(3),
    amount: fc.integer({ min: 1, max: 8 }),
    actual: fc.nat(8),
  }),
  fc.record({
    type: fc.constant("settle" as const),
    which: fc.nat(20),
    how: fc.constantFrom("spent" as const, "abandoned" as const),
  }),
);

// budgets.budget-tree.B1, budgets.budget-tree.B2
test("whatever the order of reservations and settlements, no limit is exceeded and nothing stays reserved at the end", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(30), fc.nat(20), (steps, dayMax, runMax) => {
      const nodes = ["run 0", "run 1", "run 2", "run 3"];
      const tree = opened(...nodes, "day");
      const path = (run: number) => [
        claim(`run ${run}`, { tokens: limit(runMax) }),
        claim("day", { tokens: limit(dayMax) }),
      ];
      const open: { id: number; run: number; actual: number }[] = [];
      let spent = 0;
      const settle = (at: number, how: "spent" | "abandoned") => {
        const [held] = open.splice(at, 1);
        if (!held) return;
        if (how === "spent") {
          tree.spend([`run ${held.run}`, "day"], tokens(held.actual));
          spent += held.actual;
        }
        tree.release(held.id);
      };
      for (const each of steps) {
        if (each.type === "settle") settle(each.which, each.how);
        else {
          const made = tree.reserve(path(each.run), tokens(each.amount));
          const actual = Math.min(each.actual, each.amount);
          if (made.type === "reserved") open.push({ id: made.id, run: each.run, actual });
        }
        const day = tree.level("day");
        expect(day.used.tokens + day.reserved.tokens).toBeLessThanOrEqual(dayMax);
        for (const node of nodes) {
          const { used, reserved } = tree.level(node);
          expect(used.tokens + reserved.tokens).toBeLessThanOrEqual(runMax);
        }
      }
      while (open.length > 0) settle(0, "abandoned");
      expect(tree.level("day")).toEqual({ used: tokens(spent), reserved: NOTHING });
    }),
  );
});
