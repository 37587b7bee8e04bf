import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import {
  arrayOf,
  bytesFor,
  bytesOf,
  putTogether,
  shapesOf,
  extractBuffers,
} from "../../../../src/memory/stores/sqlite/indexing/extract-buffers.ts";
import { MemoryPart } from "../../../../src/memory/search-index/index.ts";

test("data whose arrays are kept beside it is put together as it was", () => {
  const all = new Int32Array([7, 8, 9, 10]);
  const kept = {
    words: [{ starts: all.subarray(1, 3), lengths: Uint8Array.of(200) }, { starts: new Int32Array(0) }],
    scores: { mean: Float64Array.of(0.5), few: [1, 2], of: new Map([["a", [3]]]) },
    units: Uint16Array.of(65_535),
    rows: MemoryPart.of(100_000, 3),
    name: undefined,
  };
  kept.rows.bytes.set([4, 200, 6]);
  const { data, arrays } = extractBuffers(kept);
  const shapes = shapesOf(arrays);
  expect(shapes).toHaveLength(6);
  expect(JSON.stringify(data)).not.toContain("200");
  const read = shapes.map((shape, at) => {
    const array = arrayOf(shape);
    expect(bytesOf(array).length).toBe(bytesFor(shape));
    const from = arrays[at];
    if (from) bytesOf(array).set(bytesOf(from));
    return array;
  });
  const { rows, ...others } = kept;
  const together = putTogether(deserialize(serialize(data)), read);
  expect(together).toMatchObject(others);
  expect(together).toMatchObject({ rows: { from: rows.from, bytes: rows.bytes } });
  for (const made of [arrayOf, bytesFor])
    expect(() => made({ kind: "BigInt64Array", length: 1, from: 0 })).toThrow(TypeError);
});
