import * as fc from "fast-check";
import { expect, test } from "vitest";
import { modelToolName } from "./tool.ts";

test("a usual tool keeps its name", () => {
  expect(modelToolName({ server: "csv_parser", name: "group" })).toBe("csv_parser__group");
});

const word = fc.string({ unit: fc.constantFrom("a", "b", "_", "-", ".", "é"), minLength: 1, maxLength: 40 });

test("two tools never share a name, and each name is one that providers take", () => {
  fc.assert(
    fc.property(word, word, word, word, (server, name, otherServer, otherName) => {
      const one = modelToolName({ server, name });
      const other = modelToolName({ server: otherServer, name: otherName });
      expect(one).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      // Only `server.tool` identifies a tool, so pairs that spell the same id are one tool.
      fc.pre(`${server}.${name}` !== `${otherServer}.${otherName}`);
      expect(one).not.toBe(other);
    }),
  );
});
