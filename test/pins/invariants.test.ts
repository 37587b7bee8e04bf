import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const sourceOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const sources = globSync(["src/**/*.ts", "dashboard/src/**/*.{ts,tsx}"], { cwd: ROOT }).filter(
  (file) => !file.endsWith(".test.ts"),
);

/** An invariant in a comment: its id, a full stop and the sentence. */
const DECLARED = /^\s*(?:\/\*\*|\*|\/\/) (?<id>(?:[a-z][a-z0-9-]*\.)+[A-Z]{1,2}[0-9]+)\. /gm;
/** The same without the prefix that makes the id unique. */
const BARE = /^\s*(?:\/\*\*|\*|\/\/) [A-Z]{1,2}[0-9]+\. (?!\*\/).*$/gm;

const declared = sources.flatMap((file) =>
  [...sourceOf(file).matchAll(DECLARED)].map(({ groups }) => groups?.["id"] ?? ""),
);

test("each invariant is declared once, under an id with a prefix", () => {
  expect(declared.length).toBeGreaterThan(250);
  expect(declared.filter((id, index) => declared.indexOf(id) !== index)).toEqual([]);
  const bare = sources.flatMap((file) => [...sourceOf(file).matchAll(BARE)].map(([line]) => `${file}: ${line.trim()}`));
  expect(bare).toEqual([]);
});
