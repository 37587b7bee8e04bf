import { mkdirSync, openSync, symlinkSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDirectory } from "../../helpers/temp.ts";
import { moduleHash, moduleOf, nameOf, readBuild, sourceHash, sources } from "./build.ts";
import { type Command, type Ended, runCommand } from "./command.ts";

type Given = Omit<Command, "module" | "root">;

/** Runs one of our programs in a fresh directory that `prepare` may fill. */
async function run(program: string, given: Given = {}, prepare: (root: string) => void = () => {}): Promise<Ended> {
  using temp = tempDirectory();
  const root = join(temp.path, "root");
  mkdirSync(root);
  prepare(root);
  return await runCommand({ module: moduleOf(program), root, ...given });
}

const WELL = { exitCode: 0, trap: "", stderr: "" };

test("each committed program is what its source was built into", () => {
  const { programs } = readBuild();
  expect(Object.keys(programs)).toEqual(sources().map(nameOf));
  for (const source of sources()) {
    const name = nameOf(source);
    expect(programs[name], name).toEqual({ module: moduleHash(name), source: sourceHash(source) });
  }
});

test("a program that finds something wrong names the line and fails", async () => {
  const ended = await run("system");
  expect(ended.exitCode).toBe(1);
  expect(ended.stderr).toMatch(/^system\.c:\d+: count == 3\n$/);
});

test("arguments, variables, clocks, chance, and calls for sockets", async () => {
  const ended = await run("system", {
    arguments: ["one", 'two words, "quoted"'],
    environment: { GREETING: "hel=lo\n" },
  });
  expect(ended).toMatchObject(WELL);
});

test("a program ends with the code it gives, or by a signal as a shell would say it", async () => {
  expect(await run("end", { arguments: ["exit", "0"] })).toMatchObject({ ...WELL, exitCode: 0 });
  expect(await run("end", { arguments: ["exit", "33"] })).toMatchObject({ ...WELL, exitCode: 33 });
  expect(await run("end", { arguments: ["raise", "6"] })).toMatchObject({ ...WELL, exitCode: 134 });
  expect(await run("end", { arguments: ["raise", "15"] })).toMatchObject({ ...WELL, exitCode: 143 });
});

test("standard streams", async () => {
  expect(await run("streams", { stdin: "abcdef\n" })).toMatchObject({ ...WELL, stdout: "output", stderr: "errors" });
});

test.each(["descriptors", "files", "directories", "links", "paths", "libc"])("%s", async (program) => {
  expect(await run(program)).toMatchObject(WELL);
});

test("waiting for time, streams and files", async () => {
  expect(await run("polling", { stdin: "input" })).toMatchObject(WELL);
});

test("a clock that is not granted stands still, and waiting works all the same", async () => {
  const ended = await run("polling", { stdin: "input", clock: false });
  expect(ended.stderr).toMatch(/now\(\) - before >= 20000000/);
});

const GIB = 2 ** 30;

test("files beyond 4 GiB are read, written and cut", async () => {
  const ended = await run("large", { fileBytesMax: 6 * GIB }, (root) => {
    const path = join(root, "sparse");
    writeSync(openSync(path, "w"), "x", 5 * GIB - 1);
    truncateSync(path, 5 * GIB);
  });
  expect(ended).toMatchObject(WELL);
});

test("what is granted for reading is not written, and what is not granted is not there", async () => {
  const ended = await run(
    "granted",
    {
      grants: [
        { path: "read", access: "read" },
        { path: "write", access: "write" },
      ],
    },
    (root) => {
      for (const name of ["read", "read/sub", "write", "none"]) mkdirSync(join(root, name));
      for (const name of ["read", "none"]) writeFileSync(join(root, name, "f"), "text");
      symlinkSync("../none", join(root, "write", "out"));
    },
  );
  expect(ended).toMatchObject(WELL);
});

test("the standard library of Rust", async () => {
  const ended = await run("standard", {
    arguments: ["argument"],
    environment: { NAME: "value" },
    stdin: "said\n",
    grants: [{ path: "tree", access: "write" }],
  });
  expect(ended).toMatchObject({ ...WELL, stdout: "SAID\n" });
});

test("reading a file to its end asks the broker no more often than it has pieces", async () => {
  const asked: string[] = [];
  const ended = await run("standard", {
    arguments: ["argument"],
    environment: { NAME: "value" },
    grants: [{ path: "tree", access: "write" }],
    onRequest: ({ op }) => asked.push(op),
  });
  expect(ended.exitCode).toBe(0);
  const from = asked.indexOf("sync");
  // Sized and dated by the answer to its opening; the second read is made while the guest works on the first.
  expect(asked.slice(from + 1, from + 5)).toEqual(["open", "read", "read", "close"]);
});

test("a program without a directory has none", async () => {
  const ended = await runCommand({ module: moduleOf("granted") });
  expect(ended.exitCode).toBe(1);
  expect(ended.stderr).toMatch(/gives 8, not 0u/);
});

test("an endless program is stopped by its fuel", async () => {
  const ended = await run("system", { fuel: 3_000n });
  expect(ended.exitCode).toBeUndefined();
  expect(ended.trap).toMatch(/unreachable/);
});
