import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { arrayOf, bytesOf, putTogether, shapesOf, takeApart } from "../../src/backends/sqlite/memory/arrays-apart.ts";

test("data whose arrays are kept beside it is put together as it was", () => {
  const all = new Int32Array([7, 8, 9, 10]);
  const kept = {
    words: [{ starts: all.subarray(1, 3), lengths: Uint8Array.of(200) }, { starts: new Int32Array(0) }],
    scores: { mean: Float64Array.of(0.5), few: [1, 2], of: new Map([["a", [3]]]) },
    units: Uint16Array.of(65_535),
    name: undefined,
  };
  const { data, arrays } = takeApart(kept);
  const shapes = shapesOf(arrays);
  expect(shapes).toHaveLength(5);
  expect(JSON.stringify(data)).not.toContain("200");
  const read = shapes.map((shape, at) => {
    const array = arrayOf(shape);
    const from = arrays[at];
    if (from) bytesOf(array).set(bytesOf(from));
    return array;
  });
  expect(putTogether(deserialize(serialize(data)), read)).toEqual(kept);
  expect(() => arrayOf({ kind: "BigInt64Array", length: 1 })).toThrow(TypeError);
});
