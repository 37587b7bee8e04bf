import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifies } from "../helpers/verifies.ts";

verifies("security.attacks");

const DOCS = join(import.meta.dirname, "../../docs");
const page = readFileSync(join(DOCS, "sandbox.md"), "utf8");

/** The rows of the table of attacks: a link to the file of a test, and its name. */
const ROW = /^\| [^|]+ \| [^|]+ \| \[[\w-]+\]\(([^)]+)\): "(.+)" \|$/gm;
const rows = [...page.matchAll(ROW)].map(([, file = "", name = ""]) => ({ file, name }));

const [, section = ""] = page.split("## Attacks and controls");
const [table = ""] = section.split("\n## ");
/** Without the head and the line below it. */
const lines = table
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .slice(2);

test("each row of the table of attacks names what stops it and a test", () => {
  expect(lines.length).toBeGreaterThan(30);
  expect(rows).toHaveLength(lines.length);
});

test.each(rows)("the test $name is there", ({ file, name }) => {
  const path = join(DOCS, file);
  expect(existsSync(path), `${file} is not there`).toBe(true);
  const source = readFileSync(path, "utf8");
  expect(source.replaceAll(/%\w/g, "…")).toContain(`"${name}"`);
});
