import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KNOWN_GAPS, REQUIREMENTS } from "../requirements.ts";

const ROOT = join(import.meta.dirname, "../..");
const sections = Object.values(REQUIREMENTS).map((section) => Object.keys(section));
const ids = new Set(sections.flat());

/** The ids that the file passes to `verifies`, or in src states in comments of this form. */
const verifiedBy = (file: string): readonly string[] =>
  [...readFileSync(join(ROOT, file), "utf8").matchAll(/^\s*(?:\/\/ )?verifies\((?<list>[^)]*)\);?$/gm)].flatMap(
    ({ groups }) =>
      [...(groups?.["list"] ?? "").matchAll(/"(?<id>[^"]+)"/g)].map((match) => match.groups?.["id"] ?? ""),
  );
const claims = globSync(["test/**/*.ts", "src/**/*.test.ts"], { cwd: ROOT }).flatMap((file) =>
  verifiedBy(file).map((id) => ({ file, id })),
);
const verified = new Set(claims.map(({ id }) => id));

test("each requirement has one id and is verified by a test, or is a known gap", () => {
  expect(ids.size).toBe(sections.flat().length);
  expect([...ids].filter((id) => !verified.has(id) && !Object.hasOwn(KNOWN_GAPS, id))).toEqual([]);
});

test("tests verify only requirements that exist", () => {
  expect(claims.length).toBeGreaterThan(400);
  expect(claims.filter(({ id }) => !ids.has(id))).toEqual([]);
});

test("a known gap is a requirement with a reason, and no test verifies it", () => {
  expect(Object.keys(KNOWN_GAPS).filter((id) => !ids.has(id) || verified.has(id))).toEqual([]);
  expect(Object.values(KNOWN_GAPS).filter((reason) => reason.length < 10)).toEqual([]);
});
