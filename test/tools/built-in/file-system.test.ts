import * as fc from "fast-check";
import { expect, test } from "vitest";
import { call, failure, World } from "./harness.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-files");

const world = () =>
  new World({
    "data/a.txt": "héllo",
    "data/b.csv": "x\n1\n",
    "data/deep/er/c.csv": "y\n",
    "/abs/d.txt": "absolute",
    "data/bytes.bin": new Uint8Array([0, 255, 1, 254]),
  });
const run = (tool: string, given: object, where = world()) => call("file_system", tool, given, where).structured;

test("directories are listed by name, below too when asked", () => {
  expect(run("list_directory", { path: "data" })).toEqual({
    path: "data",
    entries: [
      { path: "data/a.txt", kind: "file", bytes: 6 },
      { path: "data/b.csv", kind: "file", bytes: 4 },
      { path: "data/bytes.bin", kind: "file", bytes: 4 },
      { path: "data/deep", kind: "directory", bytes: null },
    ],
    truncated: false,
  });
  expect(run("list_directory", {})).toMatchObject({ path: ".", entries: [{ path: "data", kind: "directory" }] });
  const deep = run("list_directory", { path: "data", recursive: true, limit: 5 });
  expect(deep).toMatchObject({ truncated: true, entries: { length: 5, 4: { path: "data/deep/er" } } });
});

test.for([
  ["*.csv", ".", ["data/b.csv", "data/deep/er/c.csv"]],
  ["*.csv", "data/deep", ["data/deep/er/c.csv"]],
  ["data/*.csv", ".", ["data/b.csv"]],
  ["data/**/*.csv", ".", ["data/b.csv", "data/deep/er/c.csv"]],
  ["**/er/*", ".", ["data/deep/er/c.csv"]],
  ["[ab].{txt,csv}", ".", ["data/a.txt", "data/b.csv"]],
  ["?.txt", "data", ["data/a.txt"]],
  ["[!a].*", "data", ["data/b.csv", "data/deep/er/c.csv"]],
  ["nothing", ".", []],
] as const)("the pattern %s finds in %s what it should", ([pattern, path, wanted]) => {
  const { entries } = run("search_files", { pattern, path });
  expect(entries).toEqual(wanted.map((found) => expect.objectContaining({ path: found })));
});

test("a pattern never runs away", () => {
  const where = new World({ [`${"a".repeat(200)}.txt`]: "" });
  expect(run("search_files", { pattern: `${"*a".repeat(100)}b` }, where)).toMatchObject({ entries: [] });
});

test("text is read whole or in parts that never cut a character", () => {
  expect(run("read_file", { path: "data/a.txt" })).toMatchObject({ content: "héllo", next_offset: null, bytes: 6 });
  expect(run("read_file", { path: "data/a.txt", limit: 2 })).toMatchObject({ content: "h", next_offset: 1 });
  expect(run("read_file", { path: "data/a.txt", offset: 1, limit: 2 })).toMatchObject({ content: "é", next_offset: 3 });
  expect(run("read_file", { path: "/abs/d.txt" })).toMatchObject({ content: "absolute" });
});

test("any file is read as Base64", () => {
  expect(run("read_file", { path: "data/bytes.bin", encoding: "base64" })).toMatchObject({ content: "AP8B/g==" });
});

test("what is written in parts or whole, as text or Base64, is read back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.string({ unit: "binary", maxLength: 200 }), (bytes, text) => {
      const where = new World();
      const base64 = { path: "b.bin", content: Buffer.from(bytes).toString("base64"), encoding: "base64" };
      call("file_system", "write_file", base64, where);
      expect(Array.from(where.files.get("b.bin") ?? [])).toEqual(Array.from(bytes));
      expect(run("read_file", { path: "b.bin", encoding: "base64" }, where)["content"]).toBe(base64.content);
      call("file_system", "append_file", { path: "t.txt", content: text }, where);
      call("file_system", "append_file", { path: "t.txt", content: text }, where);
      expect(run("read_file", { path: "t.txt" }, where)["content"]).toBe(text + text);
    }),
    { numRuns: 60 },
  );
});

test("a file is created with the directories above it, and a repeated write changes nothing", () => {
  const where = world();
  const given = { path: "output/reports/may.txt", content: "May" };
  expect(run("write_file", given, where)).toEqual({ path: given.path, bytes_written: 3, changed: true });
  expect(run("write_file", given, where)).toEqual({ path: given.path, bytes_written: 3, changed: false });
  expect(failure("file_system", "write_file", { ...given, content: "June" }, where)).toBe(
    `'output/reports/may.txt' exists and has other content; set mode to "overwrite" to replace it.`,
  );
  run("write_file", { ...given, content: "June", mode: "overwrite" }, where);
  expect(where.text(given.path)).toBe("June");
});

test("files are moved without overwriting, and deleted", () => {
  const where = world();
  run("move_file", { from: "data/a.txt", to: "archive/2024/a.txt" }, where);
  expect(where.text("archive/2024/a.txt")).toBe("héllo");
  const onto = { from: "data/b.csv", to: "archive/2024/a.txt" };
  expect(failure("file_system", "move_file", onto, where)).toContain("exists already");
  run("delete_file", { path: "archive/2024/a.txt" }, where);
  run("delete_file", { path: "archive/2024" }, where);
  expect(where.kind("archive/2024")).toBeUndefined();
  expect(failure("file_system", "delete_file", { path: "data" }, where)).toBe("the directory 'data' is not empty.");
});

test("a directory is made once, and again", () => {
  const where = world();
  for (let times = 0; times < 2; times += 1) run("create_directory", { path: "x/y/z" }, where);
  expect(where.kind("x/y/z")).toBe("directory");
  expect(failure("file_system", "create_directory", { path: "data/a.txt" }, where)).toContain(
    "is a file, not a directory",
  );
});

test("file_info returns size, kind and date", () => {
  expect(run("file_info", { path: "data/a.txt" })).toEqual({
    path: "data/a.txt",
    kind: "file",
    bytes: 6,
    modified: "2023-11-14T22:13:20Z",
  });
});

test.for([
  ["read_file", { path: "data" }, "'data' is a directory; name a file in it."],
  ["read_file", { path: "data/none.txt" }, "there is no file 'data/none.txt'"],
  [
    "read_file",
    { path: "data/bytes.bin" },
    `'data/bytes.bin' is not UTF-8 text (byte 1); read it with encoding "base64".`,
  ],
  ["read_file", { path: "data/a.txt", offset: 7 }, "'data/a.txt' has 6 bytes; there is nothing at offset 7."],
  ["read_file", { path: "data/secret.txt" }, "'data/secret.txt' is not granted to this tool"],
  ["list_directory", { path: "data/a.txt" }, "'data/a.txt' is a file, not a directory; read it with read_file."],
  ["list_directory", { path: "nowhere" }, "there is no directory 'nowhere'"],
  ["write_file", { path: "data/", content: "" }, "'data/' names a directory; add a file name."],
  ["write_file", { path: "x.bin", content: "%%%", encoding: "base64" }, "the content is not Base64."],
  ["write_file", { path: "x.txt" }, "the argument 'content' is missing"],
  [
    "write_file",
    { path: "data/secret.txt", content: "" },
    "'data/secret.txt' may not be changed by this tool; write to",
  ],
  ["delete_file", { path: "data/secret.txt" }, "'data/secret.txt' may not be changed by this tool"],
  ["delete_file", { path: "gone" }, "there is no file 'gone'"],
] as const)("%s %j fails with its reason", ([tool, given, wanted]) => {
  const where = world();
  where.put("data/secret.txt", "s");
  where.denied.add("data/secret.txt");
  expect(failure("file_system", tool, given, where)).toContain(wanted);
});
