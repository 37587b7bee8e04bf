import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VectorIndex } from "./vector-index.ts";

// verifies("memory.vectors")

/** Vectors by number, always the same: some near to each other, as texts are. */
function vectorOf(number: number, dims: number): Float32Array {
  let state = Math.imul(number + 1, 0x9e37_79b9);
  const chance = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  const topic = number % 7;
  return Float32Array.from({ length: dims }, (_none, at) => chance() + 0.4 * Math.sin(topic * 31 + at * (topic + 1)));
}

function cosine(one: Float32Array, other: Float32Array): number {
  let along = 0;
  let squares = 0;
  let otherSquares = 0;
  for (const [at, part] of one.entries()) {
    along += part * (other[at] ?? 0);
    squares += part * part;
    otherSquares += (other[at] ?? 0) ** 2;
  }
  return along / Math.sqrt(squares * otherSquares);
}

type Model = Map<number, { readonly scope: string; readonly vector: Float32Array }>;
const exactly = (model: Model, query: Float32Array, scopes: readonly string[]) =>
  [...model]
    .filter(([, { scope }]) => scopes.includes(scope))
    .map(([row, { vector }]) => ({ row, similarity: cosine(vector, query) }))
    .toSorted((one, other) => other.similarity - one.similarity || one.row - other.row);

/** How far rounding may move a similarity. */
const ROUNDING = 0.012;

const scope = fc.constantFrom("a", "b", "c", "d");
const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ row: fc.nat(300), scope, vector: fc.nat(500) }) },
  { weight: 1, arbitrary: fc.record({ gone: fc.nat(300) }) },
);

/** The scale and the first bytes of vector 5 in several lengths. */
const PINS: readonly (readonly [number, number, readonly number[]])[] = [
  [64, 0.0028179486334952856, [-25, -22, 42, 37, 16, 5]],
  [192, 0.001485880732133631, [-27, 58, 0, 51, 4, -20]],
  [384, 0.001229456006988929, [-47, -47, -50, 46, -45, -44]],
  [1_000, 0.0008086938537983783, [-24, -15, 20, 7, 5, -38]],
];

// search-index.vector-slab.S1
test("what is found is what a comparison of all vectors finds, however rows came, changed, moved and went", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(64, 100, 192, 384),
      fc.array(change, { maxLength: 400, size: "max" }),
      fc.uniqueArray(scope, { minLength: 1 }),
      fc.nat(500),
      (dims, changes, scopes, asked) => {
        const index = new VectorIndex({ dims });
        const model: Model = new Map();
        for (const next of changes) {
          if ("gone" in next) {
            if (index.remove(next.gone) !== model.delete(next.gone)) return false;
            continue;
          }
          const vector = vectorOf(next.vector, dims);
          index.put(next.row, next.scope, vector);
          model.set(next.row, { scope: next.scope, vector });
        }
        expect(index.size).toBe(model.size);
        for (const [row, { scope: of }] of model) expect(index.scopeOf(row)).toBe(of);
        const query = vectorOf(asked, dims);
        const all = exactly(model, query, scopes);
        const found = index.search(query, { scopes, limit: 10 });
        expect(found.length).toBe(Math.min(10, all.length));
        for (const [at, { row, similarity }] of found.entries()) {
          const of = model.get(row);
          expect(similarity).toBeCloseTo(of === undefined ? -2 : cosine(of.vector, query), 1);
          // The row in this place may be another only when the two are nearly as similar.
          expect(Math.abs(similarity - (all[at]?.similarity ?? -2))).toBeLessThan(ROUNDING);
        }
        const odd = index.search(query, { scopes, limit: 300, keep: (row) => row % 2 === 1 });
        expect(odd.map(({ row }) => row).toSorted((one, other) => one - other)).toEqual(
          all
            .map(({ row }) => row)
            .filter((row) => row % 2 === 1)
            .toSorted((one, other) => one - other),
        );
        return true;
      },
    ),
    { numRuns: 60 },
  );
});

test("of vectors that are the same the smaller row comes first, and each is as similar to itself as can be", () => {
  const index = new VectorIndex({ dims: 192 });
  const vector = vectorOf(3, 192);
  for (const row of [9, 4, 700, 2, 51, 8]) index.put(row, "a", vector);
  const found = index.search(vector, { scopes: ["a"], limit: 3 });
  expect(found.map(({ row }) => row)).toEqual([2, 4, 8]);
  for (const { similarity } of found) expect(similarity).toBeCloseTo(1, 5);
});

test("a floor is a cosine, and a limit of all gives all", () => {
  const index = new VectorIndex({ dims: 64 });
  for (let row = 0; row < 3_000; row += 1) index.put(row, `s${row % 3}`, vectorOf(row, 64));
  const query = vectorOf(9_999, 64);
  const all = index.search(query, { scopes: ["s0", "s1", "s2", "s1", "none"], limit: 5_000 });
  expect(new Set(all.map(({ row }) => row)).size).toBe(3_000);
  expect(all.map(({ similarity }) => similarity)).toEqual(
    all.map(({ similarity }) => similarity).toSorted((one, other) => other - one),
  );
  const near = index.search(query, { scopes: ["s0", "s1", "s2"], limit: 5_000, floor: 0.3 });
  expect(near).toEqual(all.filter(({ similarity }) => similarity >= 0.3));
  const singly = index.similaritiesOf(query, [...all.map(({ row }) => row), 77_777]);
  expect([...singly]).toEqual([...all.map(({ similarity }) => similarity), Number.NaN]);
});

test("a filter that lets few rows through still finds the best of them", () => {
  const index = new VectorIndex({ dims: 64 });
  for (let row = 0; row < 20_000; row += 1) index.put(row, "a", vectorOf(row, 64));
  const query = vectorOf(123_456, 64);
  for (const step of [3, 50, 1_000, 7_000]) {
    const keep = (row: number) => row % step === 0;
    const kept = index.search(query, { scopes: ["a"], limit: 5, keep });
    const all = index.search(query, { scopes: ["a"], limit: 10_000 }).filter(({ row }) => keep(row));
    expect(kept.slice(0, Math.min(all.length, 3))).toEqual(all.slice(0, 3));
    expect(kept.length).toBe(Math.min(5, Math.ceil(20_000 / step)));
  }
});

test("of many rows those with the likest signs are compared, and nearly all of the best are found, also behind a filter", () => {
  const dims = 384;
  const index = new VectorIndex({ dims });
  for (let row = 0; row < 22_000; row += 1) index.put(row, row % 2 === 0 ? "a" : "b", vectorOf(row, dims));
  // Of each scope alone all rows are compared.
  const best = (query: Float32Array, keep: (row: number) => boolean) =>
    ["a", "b"]
      .flatMap((one) => index.search(query, { scopes: [one], limit: 20, keep }))
      .toSorted((one, other) => other.similarity - one.similarity || one.row - other.row)
      .slice(0, 20);
  const keeps = [() => true, (row: number) => row % 5 === 0, (row: number) => row > 21_900];
  for (const [at, keep] of keeps.entries()) {
    let right = 0;
    for (let number = 0; number < 10; number += 1) {
      const query = vectorOf(50_000 + number, dims);
      const wanted = new Set(best(query, keep).map(({ row }) => row));
      const found = index.search(query, { scopes: ["a", "b"], limit: 20, keep: at === 0 ? undefined : keep });
      expect(found).toHaveLength(20);
      expect(found.every(({ row }) => keep(row))).toBe(true);
      right += found.filter(({ row }) => wanted.has(row)).length;
    }
    expect(right).toBeGreaterThanOrEqual(190);
  }
});

test("who asks for it gets the best of many rows exactly", () => {
  const dims = 1_024;
  const index = new VectorIndex({ dims });
  for (let row = 0; row < 7_600; row += 1) index.put(row, row % 2 === 0 ? "a" : "b", vectorOf(row, dims));
  const query = vectorOf(50_000, dims);
  const rows = Array.from({ length: 7_600 }, (_none, row) => row);
  const best = [...index.similaritiesOf(query, rows).entries()]
    .map(([row, similarity]) => ({ row, similarity }))
    .toSorted((one, other) => other.similarity - one.similarity || one.row - other.row);
  const search = { scopes: ["a", "b"], limit: 30, isExact: true };
  expect(index.search(query, search)).toEqual(best.slice(0, 30));
  expect(index.search(query, { ...search, keep: (row) => row > 100 })).toEqual(
    best.filter(({ row }) => row > 100).slice(0, 30),
  );
});

// search-index.vector-slab.S2
test("thousands of scopes of a few rows take little memory, which is used again", () => {
  const index = new VectorIndex({ dims: 384 });
  const before = index.bytes;
  const pool = Array.from({ length: 50 }, (_none, number) => index.quantise(vectorOf(number, 384)));
  const fill = (name: string) => {
    for (let row = 0; row < 15_000; row += 1) {
      const { scale, bytes } = pool[row % 50] ?? index.quantise(vectorOf(row, 384));
      index.putQuantised(row, `${name}${row % 5_000}`, scale, bytes);
    }
  };
  fill("one");
  const taken = index.bytes - before;
  // Four places of 452 bytes for three rows, and the maps.
  expect(taken / 15_000).toBeLessThan(800);
  // While rows move, the old scopes and the new ones are there together.
  for (const name of ["two", "three", "four"]) fill(name);
  expect(index.bytes - before).toBeLessThan(taken * 2.2);
  expect(index.search(vectorOf(7, 384), { scopes: ["four7"], limit: 9 }).map(({ row }) => row)).toEqual([
    7, 5_007, 10_007,
  ]);
  expect(index.search(vectorOf(7, 384), { scopes: ["one7", "two7"], limit: 9 })).toEqual([]);
});

describe("the kernel", () => {
  test("gives the same answers in each of its forms, to the last bit", () => {
    for (const dims of [64, 80, 192, 384, 1_000, 1_024]) {
      const answers = (["relaxed", "plain"] as const).map((kernel) => {
        const index = new VectorIndex({ dims, kernel });
        for (let row = 0; row < 500; row += 1) index.put(row, "a", vectorOf(row, dims));
        return index.search(vectorOf(1_000, dims), { scopes: ["a"], limit: 50 });
      });
      expect(answers[0]).toEqual(answers[1]);
    }
  });

  test("rotates by a rotation that never changes, since it is on disk", () => {
    for (const [dims, scale, first] of PINS) {
      const index = new VectorIndex({ dims });
      const { scale: found, bytes } = index.quantise(vectorOf(5, dims));
      expect(found).toBeCloseTo(scale, 7);
      expect([...bytes.subarray(0, 6)]).toEqual(first);
    }
  });
});

// search-index.vector-slab.S3
test("an index without room refuses what is new, keeps what it has, and has room again for others when a block of rows is gone", () => {
  const index = new VectorIndex({ dims: 64, bytesMax: 1_000_000 });
  const { max } = index.places;
  expect(index.places).toEqual({ taken: 0, max: 4_096 });
  for (let row = 0; row < max; row += 1) index.put(row, "a", vectorOf(row, 64));
  expect(index.places).toEqual({ taken: max, max });
  const full = expect.objectContaining({ code: "RECALL_FULL" });
  expect(() => index.put(max, "a", vectorOf(7, 64))).toThrow(full);
  expect(() => index.put(max, "b", vectorOf(7, 64))).toThrow(full);
  expect(index.size).toBe(max);
  index.put(5, "a", vectorOf(max + 1, 64));
  expect(index.search(vectorOf(max + 1, 64), { scopes: ["a", "b"], limit: 1 })).toMatchObject([{ row: 5 }]);
  for (let row = 0; row < 256; row += 1) index.remove(row);
  index.put(max, "b", vectorOf(max, 64));
  expect(index.search(vectorOf(max, 64), { scopes: ["b"], limit: 1 })).toMatchObject([{ row: max }]);
});

describe("refused is", () => {
  const index = new VectorIndex({ dims: 64 });
  const refused = { code: "VECTOR_INVALID", kind: "invalid" };

  test("a vector that says nothing", () => {
    const nan = vectorOf(1, 64);
    nan[3] = Number.NaN;
    for (const vector of [new Float32Array(64), nan, vectorOf(1, 63), new Float32Array(64).fill(Infinity)]) {
      expect(() => index.put(1, "a", vector)).toThrow(expect.objectContaining(refused));
      expect(() => index.search(vector, { scopes: ["a"], limit: 1 })).toThrow(expect.objectContaining(refused));
    }
    expect(index.size).toBe(0);
  });

  test("what is no quantised row, no row or no length", () => {
    expect(() => index.putQuantised(1, "a", 1, new Int8Array(63))).toThrow(expect.objectContaining(refused));
    expect(() => index.putQuantised(1, "a", Number.NaN, new Int8Array(64))).toThrow(expect.objectContaining(refused));
    expect(() => index.put(-1, "a", vectorOf(1, 64))).toThrow(RangeError);
    expect(() => index.put(2 ** 31, "a", vectorOf(1, 64))).toThrow(RangeError);
    expect(() => new VectorIndex({ dims: 32 })).toThrow(RangeError);
  });

  test("nothing when there is nothing to find", () => {
    expect(index.search(vectorOf(1, 64), { scopes: [], limit: 10 })).toEqual([]);
    expect(index.search(vectorOf(1, 64), { scopes: ["a"], limit: 0 })).toEqual([]);
    expect(index.remove(5)).toBe(false);
  });
});
