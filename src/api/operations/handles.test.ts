import { expect, test } from "vitest";
import { cursors, handles } from "./handles.ts";

test("each kind of handle has two letters of its own", () => {
  const kinds = [...Object.values(handles), ...Object.values(cursors)].map(({ kind }) => kind);
  expect(kinds.filter((kind) => !/^[a-z]{2}$/.test(kind))).toEqual([]);
  expect(new Set(kinds).size).toBe(kinds.length);
});
