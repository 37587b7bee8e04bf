import * as fc from "fast-check";
import { expect, test } from "vitest";
import { safeFileName } from "./safe-file-name.ts";

test.each([
  ["sales data.csv", "sales data.csv"],
  ["/etc/passwd", "passwd"],
  ["C:\\temp\\a.csv", "a.csv"],
  [" .hidden", "hidden"],
  [". . a.csv", "a.csv"],
  [" .. ", "file"],
  ["..", "file"],
  ["", "file"],
  ["a\u0000b\u202E.csv", "a_b_.csv"],
])("%j becomes %j", (name, safe) => {
  expect(safeFileName(name)).toBe(safe);
});

test("a long name is cut to 200 bytes of UTF-8, between characters, and keeps its extension", () => {
  expect(safeFileName(`${"表".repeat(100)}.csv`)).toBe(`${"表".repeat(65)}.csv`);
  expect(safeFileName("🦆".repeat(60))).toBe("🦆".repeat(50));
});

test("whatever the name, the safe one is a visible segment of at most 200 bytes that is safe already", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(".", "..", " ", "\u00A0", "/", "\\", "\u0000", "表", "🦆", "a", ".csv"),
  );
  const name = fc.array(piece, { maxLength: 150 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(name, (text) => {
      const safe = safeFileName(text);
      expect(safe).not.toBe("");
      expect(safe).not.toMatch(/[/\\\p{Cc}]/u);
      expect(safe).not.toMatch(/^\./);
      expect(safe).toBe(safe.trim());
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(200);
      expect(safeFileName(safe)).toBe(safe);
    }),
    { numRuns: 1_000 },
  );
});
