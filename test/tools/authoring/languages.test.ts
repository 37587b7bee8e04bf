import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureToolchains } from "../../../scripts/ensure-toolchains.ts";
import { LANGUAGES, runTests } from "../../../src/tools/authoring/index.ts";
import { addAsking, ASKING_TESTS, ASKING_TOOLS, askingSource } from "./asking.ts";
import { compilerPath, never, PACKAGE, Workshop } from "./workshop.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.authoring-languages");

/** Compilers start cold on a clean machine; Go then compiles its own library. */
const COMPILE_MS = 300_000;

const path = process.env["PATH"];
beforeAll(() => {
  ensureToolchains();
  process.env["PATH"] = compilerPath();
}, COMPILE_MS);
afterAll(() => void (process.env["PATH"] = path));

test.each(LANGUAGES)(
  "a new project in %s compiles, passes its own tests, and asks for memory, messages, state and the web",
  async (language) => {
    using workshop = new Workshop();
    const directory = await workshop.create(language);
    addAsking(language, directory);
    const { server } = await workshop.build(directory);
    // What WIT names has no underscores.
    const tool = language === "python" ? "unit-price" : "unit_price";
    const description = expect.stringContaining("price per kilogram or litre");
    expect(server.tools.map(({ name }) => name).toSorted()).toEqual([...Object.keys(ASKING_TOOLS), tool].toSorted());
    expect(server.tools.find(({ name }) => name === tool)).toMatchObject({ description, effects: { readOnly: true } });
    const { reports } = await runTests(directory, {
      onReport: () => {},
      cacheDirectory: workshop.cacheDirectory,
      signal: never,
    });
    expect(reports.map(({ name, failures }) => ({ name, failures }))).toEqual([
      { name: "a price is per kilogram", failures: [] },
      { name: "litres stay litres", failures: [] },
      { name: "an amount of 0 is refused with a reason", failures: [] },
      { name: "what is remembered is found", failures: [] },
      { name: "a message is sent", failures: [] },
      { name: "one that is not granted is refused, and the model reads which grant it wants", failures: [] },
      { name: "what is kept is there", failures: [] },
      { name: "the web is not granted", failures: [] },
    ]);
  },
  COMPILE_MS,
);

test("the guide shows the functions that were compiled here, and their tests", () => {
  const guide = readFileSync(join(PACKAGE, "docs/guides/writing-tools.md"), "utf8");
  const shown = LANGUAGES.filter((language) => language !== "js").map(askingSource);
  for (const source of [...shown, ASKING_TESTS]) expect(guide).toContain(`\n${source.trimEnd().replace(/^\n+/, "")}\n`);
});
