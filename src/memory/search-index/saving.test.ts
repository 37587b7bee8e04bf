import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { GraphIndex } from "./graph/graph-index.ts";
import { KeywordIndex } from "./keywords/keyword-index.ts";
import { MemoryPart } from "./saved.ts";
import { VectorIndex } from "./vectors/vector-index.ts";

let state = 7;
function chance(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return Math.floor(((state >>> 8) / 2 ** 24) * below);
}
const SCOPES = ["a", "b", "c"];
const scopeOf = (row: number) => SCOPES[row % 3] ?? "a";
const text = () => Array.from({ length: 12 }, () => `word${chance(300)}`).join(" ");
const vector = () => Float32Array.from({ length: 64 }, () => chance(1_000) - 500);
const away = (saved: unknown): unknown => deserialize(serialize(saved));

/** A WebAssembly memory cannot be moved; its bytes can be copied into another one. */
function elsewhere(index: VectorIndex): unknown {
  const { slots, ...rest } = index.save();
  const { rows, ...ways } = slots;
  const other = MemoryPart.of(rows.from, rows.length);
  other.bytes.set(rows.bytes);
  return { ...Object(away(rest)), slots: { ...Object(away(ways)), rows: other } };
}

const units = ({ terms }: { readonly terms: { readonly units: Uint16Array } }) => String.fromCharCode(...terms.units);
const edge = (id: number) => {
  const [from, to] = [chance(200), chance(200)];
  return { id, from, to, type: `t${chance(4)}`, strength: chance(10) / 10, both: chance(2) === 0 };
};

test("a keyword index that was saved answers, and is changed, as the one it was saved from", () => {
  const index = new KeywordIndex();
  for (let row = 0; row < 1_500; row += 1) index.put(row, scopeOf(row), text());
  for (let row = 0; row < 300; row += 1) index.remove(chance(1_500));
  const other = new KeywordIndex();
  other.load(KeywordIndex.Saved.parse(away(index.save({ thoroughly: false }))));
  const same = () => {
    const question = text();
    const options = { scopes: ["a", "c"], limit: 20 };
    expect(other.search(question, options)).toEqual(index.search(question, options));
  };
  for (let time = 0; time < 20; time += 1) same();
  for (let row = 1_000; row < 2_600; row += 1) {
    const said = text();
    for (const one of [index, other]) one.put(row, scopeOf(row), said);
  }
  for (let time = 0; time < 20; time += 1) same();
});

// sqlite.index-snapshot.K3
test("words that only texts had which are gone are not in what is saved", () => {
  const index = new KeywordIndex();
  index.put(1, "a", "zebra horse");
  index.put(2, "a", "horse cart");
  index.remove(1);
  expect(units(index.save({ thoroughly: false }))).toContain("zebra");
  const saved = index.save({ thoroughly: true });
  expect(units(saved)).not.toContain("zebra");
  const other = new KeywordIndex();
  other.load(KeywordIndex.Saved.parse(away(saved)));
  expect(other.search("zebra", { scopes: ["a"], limit: 9 })).toEqual([]);
  other.put(3, "a", "zebra");
  expect(other.search("zebra horse", { scopes: ["a"], limit: 9 }).map(({ row }) => row)).toEqual([3, 2]);
});

test("a vector index that was saved answers, and is changed, as the one it was saved from", () => {
  const index = new VectorIndex({ dims: 64 });
  for (let row = 0; row < 9_000; row += 1) index.put(row, scopeOf(row), vector());
  for (let row = 0; row < 500; row += 1) index.remove(chance(9_000));
  const other = new VectorIndex({ dims: 64 });
  other.load(VectorIndex.Saved.parse(elsewhere(index)));
  const same = () => {
    const query = vector();
    const options = { scopes: ["b", "c"], limit: 10 };
    expect(other.search(query, options)).toEqual(index.search(query, options));
  };
  for (let time = 0; time < 5; time += 1) same();
  for (let row = 8_000; row < 14_000; row += 1) {
    const at = vector();
    for (const one of [index, other]) one.put(row, row % 2 === 0 ? "d" : scopeOf(row), at);
  }
  for (let row = 0; row < 2_000; row += 1) for (const one of [index, other]) one.remove(row);
  for (let time = 0; time < 5; time += 1) same();
});

test("nothing is saved of the vectors of rows that are gone", () => {
  const index = new VectorIndex({ dims: 64 });
  const vectors = Array.from({ length: 200 }, vector);
  const isSaved = ({ bytes }: { readonly bytes: Int8Array }) =>
    Buffer.from(index.save().slots.rows.bytes).includes(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  for (const [row, at] of vectors.entries()) index.put(row, "a", at);
  const parts = vectors.map((at) => {
    const { scale, bytes } = index.quantise(at);
    return { scale, bytes: bytes.slice() };
  });
  expect(parts.filter(isSaved)).toHaveLength(200);
  for (let row = 0; row < 150; row += 1) index.remove(row);
  expect(parts.slice(0, 150).filter(isSaved)).toEqual([]);
  expect(parts.slice(150).filter(isSaved)).toHaveLength(50);
});

test("a graph that was saved is walked, and changed, as the one it was saved from", () => {
  const graph = new GraphIndex();
  for (let id = 0; id < 1_000; id += 1) graph.put(edge(id));
  for (let id = 0; id < 200; id += 1) graph.remove(chance(1_000));
  const other = new GraphIndex();
  other.load(GraphIndex.Saved.parse(away(graph.save())));
  const same = () => {
    const walk = { depth: 2, direction: "both", visitsMax: 500, types: ["t1", "t2"] } as const;
    const start = [chance(200)];
    expect(other.walk(start, walk)).toEqual(graph.walk(start, walk));
  };
  for (let time = 0; time < 10; time += 1) same();
  for (let id = 900; id < 1_400; id += 1) {
    const one = edge(id);
    for (const each of [graph, other]) each.put(one);
  }
  for (let time = 0; time < 10; time += 1) same();
});
