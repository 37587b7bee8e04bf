import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { contentHash } from "./content-hash.ts";

test.each([0, 1, 1024 * 1024, 3 * 1024 * 1024 + 7])("the hash of %i bytes is that of the whole", async (length) => {
  const bytes = Buffer.alloc(length, "abc");
  expect(await contentHash(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
});

test("the event loop has turns while much is hashed, and the same bytes are hashed once", async () => {
  const bytes = Buffer.alloc(8 * 1024 * 1024);
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  const first = contentHash(bytes);
  expect(contentHash(bytes)).toBe(first);
  await first;
  clearImmediate(next);
  expect(turns).toBeGreaterThanOrEqual(7);
});
