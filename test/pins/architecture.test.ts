import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { MODULES, ROOMS, VISIBLE } from "../../dependency-rules.ts";
import { TypeFields } from "../helpers/type-fields.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("architecture.dependency-rules");

const ROOT = join(import.meta.dirname, "../..");
const page = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
const sourceOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");

type Step = { readonly file: string; readonly next: string };
const steps = [...page.matchAll(/^\| `(src\/[^`]+)` \| [^|]+ \| ([^|]+) \|$/gm)].map(
  ([, file = "", next = ""]): Step => ({ file, next }),
);

/** Whether the file imports the other one, or an entry point above it. */
function imports(file: string, other: string): boolean {
  const source = sourceOf(file);
  const imported = [...source.matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)].map(([, path = ""]) =>
    join(dirname(file), path),
  );
  return imported.some((path) => path === other || (path.endsWith("index.ts") && other.startsWith(dirname(path))));
}

test("the files on a request's path exist and import each other, or name the port between them", () => {
  expect(steps.length).toBeGreaterThan(15);
  const broken = steps.filter(({ file, next }) => {
    if (!existsSync(join(ROOT, file))) return true;
    const port = /^through `(?<port>\w+)`$/.exec(next)?.groups?.["port"];
    if (port !== undefined) return !new RegExp(`\\b${port}\\b`).test(sourceOf(file));
    const other = /^`(?<file>[^`]+)`$/.exec(next)?.groups?.["file"];
    return other === undefined ? next !== "HTTP" : !imports(file, other);
  });
  expect(broken).toEqual([]);
});

test("the files that the recipes of docs/adding.md change exist, but for the new ones", () => {
  const recipes = sourceOf("docs/adding.md");
  const named = [...recipes.matchAll(/`((?:dashboard|docs|scripts|src|test|tools)\/[\w./-]+)`(?! \(new\))/g)];
  expect(named.length).toBeGreaterThan(50);
  expect(named.map(([, file = ""]) => file).filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test("the page lists every module in dependency order, and every folder of src is one", () => {
  const listed = [...page.matchAll(/^\| `(\w+)` \| /gm)].map(([, name]) => name);
  expect(listed).toEqual(Object.keys(MODULES));
  const folders = globSync("src/*/", { cwd: ROOT }).map((path) => path.replaceAll(/^src|[/\\]/g, ""));
  expect(folders.toSorted()).toEqual(Object.keys(MODULES).toSorted());
});

test("every folder with an entry point has dependency rules", () => {
  const entered = globSync("src/**/index.ts", { cwd: ROOT })
    .map((path) => dirname(path).replaceAll("\\", "/").slice("src/".length))
    .filter((path) => !Object.hasOwn(ROOMS, path));
  expect(entered).toEqual([]);
});

test("no folder of sources has more than 20 files besides tests", () => {
  const files = globSync("{src,dashboard/src}/**/*.*", { cwd: ROOT }).filter((path) => !/\.test\.tsx?$/.test(path));
  const folders = Map.groupBy(files, dirname);
  expect(folders.size).toBeGreaterThan(100);
  expect([...folders].filter(([, inside]) => inside.length > 20).map(([folder]) => folder)).toEqual([]);
});

/** Dependency types with more than 8 fields. */
const WIDE: { readonly [type: string]: string } = {
  ApiServices: "one field for each module",
  CallContext: "created for each tool call: grouped fields would be further objects",
  Caxton: "one field for each module",
  Context: "what the global options of the command line set",
};

test("no dependency type has more than 8 fields, but for reasoned exceptions", () => {
  const types = [...new TypeFields("src/**/*.ts", ROOT).of(/(?:Deps|Parts|Ports|Context)$|^ApiServices$|^Caxton$/)];
  expect(types.length).toBeGreaterThan(100);
  const wide = types.filter(({ fields }) => fields.size > 8).map(({ type }) => type);
  expect(wide.toSorted()).toEqual(Object.keys(WIDE));
});

test("every port that the page names is an interface of its module", () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \|.*\| ([^|]*) \|$/gm)];
  const missing = rows.flatMap(([, module = "", ports = ""]) => {
    const sources = globSync(`src/${module}/**/*.ts`, { cwd: ROOT }).map(sourceOf).join("\n");
    return [...ports.matchAll(/`(\w+)`/g)]
      .map(([, port = ""]) => port)
      .filter((port) => !new RegExp(`export (interface|type) ${port}\\b`).test(sources));
  });
  expect(rows.length).toBeGreaterThan(5);
  expect(missing).toEqual([]);
});

test("other modules can import fewer than 40 names of runs", () => {
  const names = VISIBLE["runs"]?.flatMap((inner) => {
    const source = sourceOf(join("src/runs", inner, "index.ts"));
    expect(source).not.toMatch(/export \*/);
    return [...source.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = ""]) =>
      list
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean),
    );
  });
  expect(names).toContain("openRuns");
  expect(names?.length).toBeLessThan(40);
});
