import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureToolchains } from "../../../scripts/ensure-toolchains.ts";
import { CompileFailedError } from "../../../src/tools/authoring/index.ts";
import { CompilerMissingError } from "../../../src/tools/authoring/errors.ts";
import { SandboxHarness } from "../../../src/tools/authoring/sandbox-harness.ts";
import type { ToolManifest } from "../../../src/tools/catalogue/index.ts";
import { call, never, PACKAGE, said, Workshop } from "./workshop.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.authoring-languages");

/** What is new is made by componentize-py, which takes up to a minute on a busy machine; what is not comes from a cache. */
const COMPILE_MS = 300_000;
const SUBJECT = join(import.meta.dirname, "python");
const WORDS = "local_subject_texts_words";

let module: Uint8Array;
let manifest: ToolManifest;

const subject = (): Workshop => {
  const workshop = new Workshop();
  cpSync(SUBJECT, workshop.directory, { recursive: true });
  workshop.installPython();
  return workshop;
};

/** Stays to the end: it caches a compiled module of 20 MB, and another with other grants. */
let maker: Workshop;
beforeAll(async () => {
  ensureToolchains(["python"]);
  maker = subject();
  const built = await maker.build();
  module = readFileSync(built.path);
  ({ manifest } = built.project);
}, COMPILE_MS);
afterAll(() => maker?.[Symbol.dispose]());

const open = (grants: Partial<ToolManifest["grants"]> = {}, directory = PACKAGE): Promise<SandboxHarness> =>
  SandboxHarness.open({
    manifest: { ...manifest, grants: { ...manifest.grants, ...grants } },
    module,
    directory,
    cacheDirectory: maker.cacheDirectory,
    signal: never,
  });

test("exported functions are tools: their types are the schema, the manifest says what they are for", async () => {
  await using trial = await open();
  expect(trial.server.interface).toBe("component");
  const tools = new Map(trial.server.tools.map((tool) => [tool.name, tool]));
  expect(tools.get("divide")).toMatchObject({
    description: "Divides.",
    inputSchema: { required: ["a", "b"] },
    effects: { readOnly: true, idempotent: true },
  });
  expect(tools.get("count")).toMatchObject({ description: "count", effects: { readOnly: false, idempotent: false } });
  expect(tools.get(WORDS)?.inputSchema).toMatchObject({
    properties: { size: { oneOf: [{}, { properties: { tag: { const: "first" } } }] } },
    required: ["text", "size"],
  });
});

test("values go in and come out as Python has them, and what is printed goes to the log", async () => {
  await using trial = await open();
  const text = "Tea, and tea, and milk";
  expect(await call(trial, { text, size: { tag: "first", val: 1 } }, WORDS)).toMatchObject({
    structured: { result: [{ word: "tea", count: 2 }] },
  });
  expect(await call(trial, { text, size: { tag: "all" }, ignore: ["and"] }, WORDS)).toMatchObject({
    structured: {
      result: [
        { word: "tea", count: 2 },
        { word: "milk", count: 1 },
      ],
    },
  });
  expect(await call(trial, { a: 7, b: 2 }, "divide")).toMatchObject({ structured: { result: 3.5 } });
  expect(trial.log().map((line) => line.text)).toEqual(["dividing 7 by 2"]);
});

test("module state is kept within a run and reset between runs", async () => {
  await using trial = await open();
  const count = async (session: string) => said(await trial.call("count", {}, session));
  expect(await count("one")).toBe("1");
  expect(await count("one")).toBe("2");
  expect(await count("two")).toBe("1");
});

test("files, time and chance are there as far as they are granted", async () => {
  using workshop = new Workshop();
  workshop.write("data/notes.txt", "remember");
  await using poor = await open({}, workshop.directory);
  const path = "data/notes.txt";
  expect(said(await call(poor, { path }, "read-text"))).toBe("tool-error: PermissionError: Permission denied");
  expect(said(await call(poor, {}, "today"))).toBe("2000-01-01");
  expect(said(await call(poor, {}, "chance"))).toBe(said(await call(poor, {}, "chance")));
  const files = [{ path: "data", access: "read" as const }];
  await using rich = await open({ clock: true, random: true, files }, workshop.directory);
  expect(said(await call(rich, { path }, "read-text"))).toBe("remember");
  expect(said(await call(rich, { path: "data/none" }, "read-text"))).toContain("FileNotFoundError");
  expect(said(await call(rich, {}, "today"))).not.toBe("2000-01-01");
  expect(said(await call(rich, {}, "chance"))).not.toBe(said(await call(rich, {}, "chance")));
});

test("an uncaught exception is a fault of the tool, with its traceback in the log", async () => {
  await using trial = await open();
  expect(said(await trial.call("divide", { a: 1, b: 0 }, "one"))).toMatch(/^trap: .*unexpected exception/);
  const log = trial.log().map((line) => line.text);
  expect(log).toContain("ZeroDivisionError: division by zero");
  expect(log.join("\n")).toMatch(/app\.py", line \d+, in divide/);
  expect(await trial.call("divide", { a: 1, b: 2 }, "one")).toMatchObject({ structured: { result: 0.5 } });
});

test("a module that was not imported while building is not there", async () => {
  await using trial = await open();
  expect(said(await call(trial, { module: "re" }, "load"))).toBe("re");
  expect(said(await call(trial, { module: "json" }, "load"))).toBe("tool-error: No module named 'json'");
});

test("fuel and memory end what takes more", async () => {
  await using trial = await open();
  expect(said(await call(trial, {}, "forever"))).toMatch(/^fuel: /);
  expect(said(await call(trial, { mib: 20 }, "large"))).toBe(String(20 * 1024 * 1024));
  expect(said(await call(trial, { mib: 200 }, "large"))).toMatch(/^trap: /);
});

test(
  "what is wrong in the sources is said in Python's or WIT's own words",
  async () => {
    using workshop = subject();
    const failure = async (): Promise<CompileFailedError> => {
      const error = await workshop.build().catch((thrown: unknown) => thrown);
      if (error instanceof CompileFailedError) return error;
      throw new Error("the build did not fail as it should");
    };
    workshop.write("app.py", "def x(:\n");
    expect((await failure()).message).toBe(
      'File "app.py", line 1\n    def x(:\n          ^\nSyntaxError: invalid syntax',
    );
    workshop.write("wit/tools.wit", "package local:subject;\nworld tools { export it: func() -> u33; }\n");
    expect((await failure()).message).toMatch(/name `u33` is not defined\s+--> wit\/tools\.wit:2:/);
    workshop.write("wit/tools.wit", "package local:subject;\nworld tools { export read: func() -> u32; }\n");
    expect(await failure()).toMatchObject({
      message: expect.stringContaining("name of one of the C library"),
      hint: expect.stringContaining("another name"),
    });
  },
  COMPILE_MS,
);

test("without componentize-py the build says how to install the release of the template", async () => {
  using workshop = new Workshop();
  cpSync(SUBJECT, workshop.directory, { recursive: true });
  const path = process.env["PATH"];
  process.env["PATH"] = workshop.directory;
  try {
    const error = await workshop.build().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CompilerMissingError);
    const release = readFileSync(join(PACKAGE, "engines/templates/python/requirements.txt.template"), "utf8").trim();
    expect(error).toMatchObject({ hint: expect.stringContaining(`pip install ${release} `) });
  } finally {
    process.env["PATH"] = path;
  }
});
