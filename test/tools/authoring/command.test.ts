import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runTests } from "../../../src/tools/authoring/index.ts";
import { caxton, commandLine, start } from "../../cli/caxton.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { never, PACKAGE, Workshop } from "./workshop.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.authoring");

test("from nothing to a tested tool with three commands, and a failing test ends with 1", async () => {
  using temp = tempDirectory();
  const made = await caxton(["tool", "new", "unit-price"], { cwd: temp.path });
  expect(made.stdout).toContain("made unit-price with README.md, index.ts, tests.toml, tool.toml, tsconfig.json");
  const cwd = join(temp.path, "unit-price");
  const untested = await commandLine(["tool", "test"], { cwd });
  expect(untested.code).toBe(6);
  expect(untested.stderr).toContain("build it first");
  const built = await caxton(["tool", "build", "-o", "json"], { cwd });
  expect(JSON.parse(built.stdout)).toMatchObject({ name: "unit-price", grants: [], tools: [{ name: "unit_price" }] });
  const tested = await caxton(["tool", "test"], { cwd });
  expect(tested.stdout).toMatch(/^✓ a price is per kilogram {2}[\d,]+ fuel · .+ · .+\n/);
  expect(tested.stdout).toMatch(/3 tests passed\n$/);
  expect(tested.code).toBe(0);
  writeFileSync(
    join(cwd, "tests.toml"),
    '[[tests]]\ntool = "unit_price"\narguments = { price = 1, amount = 2, unit = "kg" }\nexpect = { text = "other", fuel_max = 10 }\n',
  );
  const failing = await caxton(["tool", "test"], { cwd });
  expect(failing.code).toBe(1);
  expect(failing.stdout).toContain(
    '    text\n      found     {"price":0.5,"per":"kg"}\n      expected  other\n    fuel\n',
  );
  expect(failing.stdout).toMatch(/1 test of 1 failed\n$/);
});

test("a failed build says what is missing", async () => {
  using temp = tempDirectory();
  const say = async (...words: string[]) => {
    const { code, stderr } = await commandLine(["tool", ...words], { cwd: temp.path });
    return [code, stderr] as const;
  };
  expect(await say("build")).toEqual([6, expect.stringContaining("there is no tool.toml")]);
  expect(await say("new", "1st")).toEqual([6, expect.stringContaining("cannot be a tool server's name")]);
  expect((await say("new", "x", "--lang", "cobol"))[0]).not.toBe(0);
  expect(await say("new", "x")).toEqual([0, ""]);
  expect(await say("new", "x")).toEqual([6, expect.stringContaining("already")]);
  expect(await say("new", "compiled", "--lang", "AssemblyScript")).toEqual([0, ""]);
  expect(await say("build", "compiled")).toEqual([3, expect.stringContaining("npm install")]);
  writeFileSync(join(temp.path, "compiled", "tool.toml"), 'name = "compiled"\nversion = "1"\n');
  expect(await say("build", "compiled")).toEqual([6, expect.stringContaining("tool.toml")]);
});

test("a build and a deployment say that the sources have another version, and no advice of the bundler is shown", async () => {
  using temp = tempDirectory();
  await commandLine(["tool", "new", "prices"], { cwd: temp.path });
  const cwd = join(temp.path, "prices");
  const index = readFileSync(join(cwd, "index.ts"), "utf8").replace('version: "0.1.0"', 'version: "0.2.0"');
  writeFileSync(join(cwd, "index.ts"), index);
  const built = await commandLine(["tool", "build", "-o", "json"], { cwd });
  const note = "index.ts has the version 0.2.0 and tool.toml 0.1.0; the tool server has that of tool.toml";
  expect(JSON.parse(built.stdout)).toMatchObject({ version: "0.1.0", notes: [note] });
  writeFileSync(join(cwd, "index.ts"), `import fs from "fs";\nconsole.log(fs);\n${index}`);
  const refused = await commandLine(["tool", "build"], { cwd });
  expect(refused.stderr).toContain('Could not resolve "fs"');
  expect(refused.stderr).toContain("a tool has no Node.js");
  expect(refused.stderr).not.toContain("platform");
});

test("with --watch a saved file is built and tested again, an error is printed, and Ctrl-C ends it", async () => {
  using workshop = new Workshop();
  const cwd = await workshop.create("ts");
  const { child, ended } = start(["tool", "test", "--watch"], { cwd });
  let shown = "";
  const until = async (part: string): Promise<void> => {
    while (!shown.includes(part)) await once(child.stdout, "data");
    shown = shown.slice(shown.indexOf(part) + part.length);
  };
  child.stdout.on("data", (bytes: Buffer) => (shown += bytes.toString("utf8")));
  child.stderr.on("data", (bytes: Buffer) => child.stdout.emit("data", bytes));
  const index = join(cwd, "index.ts");
  const source = readFileSync(index, "utf8");
  await until("3 tests passed");
  await until("waiting for changes");
  writeFileSync(index, source.replace("amount <= 0", "amount < 0"));
  await until("1 test of 3 failed");
  await until("waiting for changes");
  writeFileSync(index, source.replace("run({", "run({{"));
  await until("COMPILE_FAILED");
  await until("waiting for changes");
  child.kill("SIGINT");
  expect((await ended).signal).toBe(null);
}, 120_000);

test("the example passes its tests", async () => {
  using workshop = new Workshop();
  const directory = join(PACKAGE, "examples/tools/word-frequency");
  await workshop.build(directory);
  const { reports } = await runTests(directory, { onReport: () => {}, signal: never });
  expect(reports.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`))).toEqual([]);
  expect(reports).toHaveLength(5);
});
