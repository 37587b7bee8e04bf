import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type GraphEdge, GraphIndex, type Traversal } from "./graph-index.ts";

// verifies("memory.graph")

/** Depths of the rows that a walk may reach, by breadth-first search over a plain list. */
function plainDepths(edges: readonly GraphEdge[], start: readonly number[], walk: Traversal): Map<number, number> {
  const { depth, direction, types, strengthMin = -Infinity, keep = () => true } = walk;
  const usable = edges.filter(({ type, strength }) => (types?.includes(type) ?? true) && strength >= strengthMin);
  const ways = usable.flatMap(({ from, to, both }) => [
    ...(direction !== "in" || both ? [[from, to] as const] : []),
    ...(direction !== "out" || both ? [[to, from] as const] : []),
  ]);
  const depths = new Map(start.filter((row) => keep(row)).map((row) => [row, 0]));
  for (let step = 1; step <= depth; step += 1)
    for (const [row, at] of depths)
      if (at === step - 1)
        for (const [from, to] of ways) if (from === row && keep(to) && !depths.has(to)) depths.set(to, step);
  return depths;
}

const type = fc.constantFrom("knows", "owns", "cites");
const edge = fc.record({
  id: fc.nat(60),
  from: fc.nat(15),
  to: fc.nat(15),
  type,
  strength: fc.constantFrom(0.1, 0.5, 0.7, 1),
  both: fc.boolean(),
});
const change = fc.oneof(
  { weight: 8, arbitrary: edge },
  { weight: 2, arbitrary: fc.record({ gone: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ goneRow: fc.nat(15) }) },
);
const walk = fc.record({
  depth: fc.nat(5),
  direction: fc.constantFrom("out", "in", "both"),
  types: fc.option(fc.uniqueArray(type), { nil: undefined }),
  strengthMin: fc.option(fc.constantFrom(0.5, 0.7), { nil: undefined }),
  order: fc.constantFrom("breadth", "depth"),
  keep: fc.constantFrom(undefined, (row: number) => row % 3 !== 0),
});

test("a walk reaches the same rows as a breadth-first search over a plain list, after any insertions and deletions", () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 150, size: "max" }),
      fc.uniqueArray(fc.nat(17), { minLength: 1, maxLength: 4 }),
      walk,
      (changes, start, asked) => {
        const graph = new GraphIndex();
        const edges = new Map<number, GraphEdge>();
        for (const next of changes) {
          if ("gone" in next) {
            if (graph.remove(next.gone) !== edges.delete(next.gone)) return false;
          } else if ("goneRow" in next) {
            graph.removeRow(next.goneRow);
            for (const { id, from, to } of edges.values())
              if (from === next.goneRow || to === next.goneRow) edges.delete(id);
          } else {
            graph.put(next);
            edges.set(next.id, next);
          }
        }
        expect(graph.size).toBe(edges.size);
        const { visited, cut } = graph.walk(start, { ...asked, visitsMax: 1_000 });
        const depths = plainDepths([...edges.values()], start, { ...asked, visitsMax: 1_000 });
        expect(cut).toBe(false);
        expect(visited.length).toBe(depths.size);
        for (const { row, depth, via } of visited) {
          expect(depth).toBe(depths.get(row));
          const { from, to } = edges.get(via ?? -1) ?? { from: row, to: row };
          if (from !== row && to !== row) return false;
          if ((via === undefined) !== (depth === 0)) return false;
        }
        return true;
      },
    ),
  );
});

const hubs = fc.record({
  relations: fc.array(
    fc.record({ hub: fc.nat(1), leaf: fc.integer({ min: 2, max: 40 }), both: fc.boolean(), turn: fc.boolean() }),
    { minLength: 100, maxLength: 220, size: "max" },
  ),
  /** Index of the remaining relation that is removed next; occasionally one is inserted again. */
  steps: fc.array(fc.record({ goes: fc.nat(), comes: fc.boolean() }), { maxLength: 250, size: "max" }),
  saves: fc.boolean(),
});

test("a walk from a hub is correct while its relations are removed in any order and others reuse their slots", () => {
  fc.assert(
    fc.property(hubs, ({ relations, steps, saves }) => {
      let graph = new GraphIndex();
      const edges = relations.map(({ hub, leaf, both, turn }, id): GraphEdge => {
        const [from, to] = turn ? [leaf, hub] : [hub, leaf];
        return { id, from, to, type: "knows", strength: 1, both };
      });
      const there = new Map(edges.map((one) => [one.id, one]));
      const away: GraphEdge[] = [];
      for (const one of edges) graph.put(one);
      for (const { goes, comes } of steps) {
        const one = [...there.values()][goes % Math.max(there.size, 1)];
        if (one) {
          if (graph.remove(one.id) !== there.delete(one.id)) return false;
          away.push(one);
        }
        const back = comes ? away.shift() : undefined;
        if (!back) continue;
        graph.put(back);
        there.set(back.id, back);
      }
      if (saves) {
        const other = new GraphIndex();
        other.load(GraphIndex.Saved.parse(structuredClone(graph.save())));
        graph = other;
      }
      expect(graph.size).toBe(there.size);
      for (const direction of ["in", "out", "both"] as const)
        for (const start of [0, 1, 2]) {
          const asked = { depth: 1, direction, visitsMax: 1_000 };
          const { visited, cut } = graph.walk([start], asked);
          expect(new Map(visited.map(({ row, depth }) => [row, depth]))).toEqual(
            plainDepths([...there.values()], [start], asked),
          );
          expect([visited.length, cut]).toEqual([new Set(visited.map(({ row }) => row)).size, false]);
        }
      for (const id of there.keys()) graph.remove(id);
      expect([graph.size, graph.walk([0], { depth: 1, direction: "both", visitsMax: 9 }).visited]).toEqual([
        0,
        [{ row: 0, depth: 0, via: undefined }],
      ]);
      return true;
    }),
    { numRuns: 60 },
  );
});

test("leaves of a hub are removed one by one, oldest first, in linear time", () => {
  // Scanning the hub's list for each took about 8 s of processor time for this many.
  const leaves = 200_000;
  const graph = new GraphIndex();
  for (let row = 1; row <= leaves; row += 1)
    graph.put({ id: row, from: row, to: 0, type: "of", strength: 1, both: false });
  const { bytes } = graph;
  const before = process.threadCpuUsage();
  for (let row = 1; row <= leaves; row += 1) graph.removeRow(row);
  const { user, system } = process.threadCpuUsage(before);
  expect(graph.size).toBe(0);
  expect(graph.bytes).toBe(bytes);
  expect((user + system) / 1_000).toBeLessThan(2_500);
}, 60_000);

const chain = (length: number): GraphIndex => {
  const graph = new GraphIndex();
  for (let row = 0; row < length; row += 1)
    graph.put({ id: row, from: row, to: row + 1, type: "next", strength: 1, both: false });
  return graph;
};

test("a walk that reaches its limit reports that it was cut, and has the nearest rows", () => {
  const graph = new GraphIndex();
  for (let row = 1; row <= 50_000; row += 1)
    graph.put({ id: row, from: 0, to: row, type: "knows", strength: 1, both: true });
  const { visited, cut } = graph.walk([0], { depth: 3, direction: "both", visitsMax: 10 });
  expect([visited.length, cut]).toEqual([10, true]);
  // A hub whose neighbours are all filtered out does not slow the walk down either.
  let asked = 0;
  const keep = (row: number) => row === 0 || (asked += 1) < 0;
  expect(graph.walk([0], { depth: 3, direction: "both", visitsMax: 10, keep }).cut).toBe(true);
  expect(asked).toBeLessThan(1_000);
  graph.removeRow(0);
  expect(graph.size).toBe(0);
});

test("in depth-first order each row is followed by what was reached from it", () => {
  const graph = new GraphIndex();
  const edges = [
    [1, 2],
    [1, 3],
    [2, 4],
    [3, 5],
    [4, 6],
  ] as const;
  for (const [id, [from, to]] of edges.entries()) graph.put({ id, from, to, type: "t", strength: 1, both: false });
  const rows = (order: "breadth" | "depth") =>
    graph.walk([1], { depth: 9, direction: "out", visitsMax: 99, order }).visited.map(({ row }) => row);
  expect(rows("breadth")).toEqual([1, 2, 3, 4, 5, 6]);
  expect(rows("depth")).toEqual([1, 2, 4, 6, 3, 5]);
});

test("memory of removed relations is reused", () => {
  const graph = chain(2_000);
  const { bytes } = graph;
  for (let round = 0; round < 20; round += 1) {
    for (let row = 0; row < 2_000; row += 1) graph.remove(row);
    for (let row = 0; row < 2_000; row += 1)
      graph.put({ id: row, from: row, to: (row * 7 + round) % 2_000, type: `type ${round}`, strength: 1, both: false });
  }
  expect(graph.bytes).toBeLessThan(bytes * 2);
});
