import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { engineHash, engineSourcesHash, readEngineBuild } from "../../../scripts/build-engine.ts";
import { PACKAGE, Workshop } from "./workshop.ts";

test("the engine that is committed was built from the sources that are committed", () => {
  const { sources, module } = readEngineBuild();
  const advice = "build it again: npx node scripts/build-engine.ts";
  expect(engineSourcesHash(), advice).toBe(sources);
  expect(engineHash(), advice).toBe(module);
});

const TSC = join(PACKAGE, "node_modules/typescript/bin/tsc");

/** What the compiler says of a project; empty when all is well. */
function complaints(project: string): string {
  try {
    execFileSync(process.execPath, [TSC, "-p", project, "--pretty", "false"], { encoding: "utf8" });
    return "";
  } catch (error) {
    return error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
  }
}

test("the engine's runtime fits its types", () => {
  expect(complaints(join(PACKAGE, "engines/javascript"))).toBe("");
});

test("authors get the types of their arguments from the schema", async () => {
  using workshop = new Workshop();
  const directory = await workshop.create("ts");
  expect(complaints(directory)).toBe("");
  writeFileSync(
    join(directory, "wrong.ts"),
    `import { toolServer } from "caxton/tool";
export const server = toolServer({ name: "x", version: "1.0.0", tools: {
  typed: {
    description: "x",
    input: { type: "object", required: ["a", "k"], properties: {
      a: { type: "integer" }, b: { type: "array", items: { type: "string" } }, k: { type: "string", enum: ["x", "y"] } } },
    run({ a, b, k, none }) {
      const first: "a number" = a; const second: "may be absent" = b; const third: "x or y" = k;
      return [first, second, third, none];
    },
  },
} });
`,
  );
  const said = complaints(directory);
  expect(said).toContain("Property 'none' does not exist");
  expect(said).toContain(`Type 'number' is not assignable to type '"a number"'`);
  expect(said).toContain("readonly string[] | undefined");
  expect(said).toContain('"x" | "y"');
}, 120_000);
