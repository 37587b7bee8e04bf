import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureToolchains } from "../../scripts/ensure-toolchains.ts";
import { LANGUAGES, runTests } from "../../src/toolkit/index.ts";
import { compilerPath, never, Workshop } from "./workshop.ts";

/** Compilers start cold on a clean machine; Go then compiles its own library. */
const COMPILE_MS = 300_000;

const path = process.env["PATH"];
beforeAll(() => {
  ensureToolchains();
  process.env["PATH"] = compilerPath();
}, COMPILE_MS);
afterAll(() => void (process.env["PATH"] = path));

test.each(LANGUAGES)(
  "a new project in %s compiles, deploys and passes its own tests",
  async (language) => {
    using workshop = new Workshop();
    const directory = await workshop.create(language);
    const { server } = await workshop.build(directory);
    // What WIT names has no underscores.
    const tool = language === "python" ? "unit-price" : "unit_price";
    const description = expect.stringContaining("price per kilogram or litre");
    expect(server.tools).toMatchObject([{ name: tool, description, effects: { readOnly: true } }]);
    const { reports } = await runTests(directory, {
      onReport: () => {},
      cacheDirectory: workshop.cacheDirectory,
      signal: never,
    });
    expect(reports.map(({ name, failures }) => ({ name, failures }))).toEqual([
      { name: "a price is per kilogram", failures: [] },
      { name: "litres stay litres", failures: [] },
      { name: "an amount of nothing is refused, and the model is told why", failures: [] },
    ]);
  },
  COMPILE_MS,
);
