import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BuildOptions, buildInto, packageOf, readRecord, sweepPrevious } from "../../scripts/builds.ts";
import { tempDirectory } from "../helpers/temp.ts";

/** A build of two files, of which one has a name of its own in each build. */
const options = (to: string, inputs: string): BuildOptions => ({
  to,
  inputs,
  entry: "cli/main.js",
  keepPrevious: true,
  force: false,
  make: async (directory) => {
    for (const folder of ["cli", "chunks"]) mkdirSync(join(directory, folder));
    writeFileSync(join(directory, "chunks", `${inputs}.js`), inputs);
    writeFileSync(join(directory, "cli", "main.js"), inputs);
    return ["node_modules/zod"];
  },
});

const failing = (): Promise<never> => Promise.reject(new Error("a type is wrong"));

test("a build is made in a directory beside, and replaces the previous one only when it is complete", async () => {
  using place = tempDirectory();
  const to = join(place.path, "dist");
  const main = () => readFileSync(join(to, "cli/main.js"), "utf8");
  expect(await buildInto(options(to, "one"))).toBe(true);
  const second = options(to, "two");
  const done = await buildInto({
    ...second,
    make: async (directory) => {
      const packages = await second.make(directory);
      expect(main()).toBe("one");
      return packages;
    },
  });
  expect([done, main()]).toEqual([true, "two"]);
  // A server that runs the previous build still finds what it loads late.
  expect(readdirSync(join(to, "chunks")).toSorted()).toEqual(["one.js", "two.js"]);
  await buildInto(options(to, "three"));
  expect(readdirSync(join(to, "chunks")).toSorted()).toEqual(["three.js", "two.js"]);
  sweepPrevious(to);
  expect(readdirSync(join(to, "chunks"))).toEqual(["three.js"]);
  expect(readdirSync(place.path)).toEqual(["dist"]);
  expect(readRecord(to)).toEqual({
    inputs: "three",
    files: expect.arrayContaining(["cli/main.js", "chunks/three.js"]),
    packages: ["node_modules/zod"],
  });
});

test("a failed build leaves the previous one, and nothing beside it", async () => {
  using place = tempDirectory();
  const to = join(place.path, "dist");
  await buildInto(options(to, "one"));
  await expect(buildInto({ ...options(to, "two"), make: failing })).rejects.toThrow("a type is wrong");
  await expect(buildInto({ ...options(to, "two"), entry: "index.html" })).rejects.toThrow("no index.html");
  expect(readFileSync(join(to, "cli/main.js"), "utf8")).toBe("one");
  expect(readdirSync(place.path)).toEqual(["dist"]);
});

test("a build is skipped while its inputs are unchanged and its files are there, unless forced", async () => {
  using place = tempDirectory();
  const to = join(place.path, "dist");
  await buildInto(options(to, "one"));
  const made: string[] = [];
  const again = (force: boolean) =>
    buildInto({
      ...options(to, "one"),
      force,
      make: (directory) => {
        made.push("again");
        return options(to, "one").make(directory);
      },
    });
  expect(await again(false)).toBe(false);
  expect(made).toEqual([]);
  expect(await again(true)).toBe(true);
  writeFileSync(join(to, "BUILD.json"), "{}");
  expect(await again(false)).toBe(true);
  expect(existsSync(join(to, "cli/main.js"))).toBe(true);
  expect(made).toHaveLength(2);
});

test("the package of a module is the innermost", () => {
  expect(packageOf("/a/node_modules/@ai-sdk/openai/node_modules/zod/lib/a.js")).toBe(
    "node_modules/@ai-sdk/openai/node_modules/zod",
  );
  expect(packageOf("C:\\a\\node_modules\\@x\\y\\z.js")).toBe("node_modules/@x/y");
  expect(packageOf("/a/src/kernel/ids.ts")).toBeUndefined();
});
