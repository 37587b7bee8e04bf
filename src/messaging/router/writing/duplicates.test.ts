import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Duplicates } from "./duplicates.ts";

const ids = Array.from({ length: 40 }, () => randomUUID());
const step = fc.record({
  kind: fc.constantFrom("add", "add", "add", "forget"),
  workspace: fc.constantFrom("default", "other"),
  id: fc.constantFrom(...ids),
});

test("what was added is known by its number until it is forgotten, in its own workspace", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 0, max: 2 ** 40 }), (steps, firstSeq) => {
      const duplicates = new Duplicates({ windowMs: 1_000, messagesMax: 1_000_000 }, 0);
      const known = new Map<string, number>();
      let seq = firstSeq;
      for (const { kind, workspace, id } of steps) {
        if (kind === "add") {
          duplicates.add({ workspace, id }, (seq += 1), 0);
          known.set(`${workspace}/${id}`, seq);
        } else {
          duplicates.forget({ workspace, id });
          known.delete(`${workspace}/${id}`);
        }
      }
      for (const id of ids) {
        for (const workspace of ["default", "other"])
          expect(duplicates.seqOf({ workspace, id })).toBe(known.get(`${workspace}/${id}`));
      }
    }),
  );
});

// writing.duplicates.D1
test("many are known, and go half by half when they are too many, or too old", () => {
  const duplicates = new Duplicates({ windowMs: 1_000, messagesMax: 8_000 }, 0);
  const many = Array.from({ length: 10_000 }, () => ({ workspace: "default", id: randomUUID() }));
  for (const [index, message] of many.entries()) duplicates.add(message, index + 1, 0);
  const seqs = many.map((message) => duplicates.seqOf(message));
  expect(seqs.slice(0, 4_000)).toEqual(many.slice(0, 4_000).map(() => undefined));
  expect(seqs.slice(4_000)).toEqual(many.slice(4_000).map((_message, index) => index + 4_001));
  duplicates.add({ workspace: "default", id: randomUUID() }, 10_001, 1_000);
  expect(duplicates.seqOf(many[9_999] ?? { workspace: "", id: "" })).toBe(10_000);
  expect(duplicates.seqOf(many[7_999] ?? { workspace: "", id: "" })).toBeUndefined();
});
