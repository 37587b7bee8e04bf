import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { caller, isRefused, list, outcome, place, read, WRITE, write, writer } from "./place.kit.ts";

// verifies("tool.grant-files")

const reader = caller([{ path: "data", access: "read" }]);

test("what is granted is read, by every way of writing its path", async () => {
  using at = place();
  for (const path of [
    "data/a.csv",
    "./data/a.csv",
    "data/../data//a.csv",
    "data/deep/../a.csv",
    join(at.root, "data/a.csv"),
  ]) {
    expect(await read(at.broker, reader, path), path).toBe("a,b\n1,2\n");
  }
});

test("nothing outside of a grant is read, by no way of writing its path", async () => {
  using at = place();
  const paths = [
    "private/key.txt",
    "data/../private/key.txt",
    "../outside.txt",
    "data/../../outside.txt",
    "/etc/passwd",
    join(at.base, "outside.txt"),
    "data/../../place/private/key.txt",
    "dataset",
    "",
  ];
  for (const path of paths) expect(["denied", "is-directory"], path).toContain(await read(at.broker, reader, path));
});

test("no path that can be written leads out of what is granted", async () => {
  using at = place();
  symlinkSync(at.base, join(at.root, "data", "up"));
  const part = fc.constantFrom(
    "..",
    ".",
    "",
    "data",
    "deep",
    "up",
    "place",
    "private",
    "key.txt",
    "outside.txt",
    ".env",
    "a.csv",
    "uploads",
    "\\..",
    "%2e%2e",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 7 }), fc.boolean(), async (parts, isAbsolute) => {
      const path = `${isAbsolute ? at.root : ""}${isAbsolute ? "/" : ""}${parts.join("/")}`;
      expect(await read(at.broker, reader, path)).not.toContain("secret");
      expect(await write(at.broker, reader, path, "changed")).not.toBe("written");
    }),
    { numRuns: 400 },
  );
  expect(readFileSync(join(at.base, "outside.txt"), "utf8")).toBe("secret");
});

test("links that lead out are refused, also half way and when writing; links inside are followed", async () => {
  using at = place();
  mkdirSync(join(at.root, "out"));
  symlinkSync(join(at.base, "outside.txt"), join(at.root, "data", "link"));
  symlinkSync(at.base, join(at.root, "data", "up"));
  symlinkSync(at.base, join(at.root, "out", "up"));
  symlinkSync("a.csv", join(at.root, "data", "same"));
  symlinkSync(".env", join(at.root, "data", "plain"));
  expect(await read(at.broker, reader, "data/link")).toBe("denied");
  expect(await read(at.broker, reader, "data/up/outside.txt")).toBe("denied");
  expect(await read(at.broker, reader, "data/plain")).toBe("denied");
  expect(await read(at.broker, reader, "data/same")).toBe("a,b\n1,2\n");
  expect(await write(at.broker, writer, "out/up/new.txt", "x")).toBe("denied");
  expect(await at.broker.createDirectory(writer, "out/up/dir")).toEqual({ type: "refused", reason: "denied" });
  expect(existsSync(join(at.base, "new.txt"))).toBe(false);
  expect(await list(at.broker, reader, "data")).toEqual(["a.csv", "deep/", "same"]);
  expect(await list(at.broker, reader, "data/up")).toBe("denied");
});

test("a link put in the way while a file is opened does not help", async () => {
  using at = place();
  const inside = join(at.root, "data", "deep");
  const aside = join(at.root, "aside");
  mkdirSync(join(at.base, "evil"));
  writeFileSync(join(at.base, "evil", "b.txt"), "secret");
  symlinkSync(join(at.base, "evil"), join(at.root, "trap"));
  const seen = new Set<string>();
  for (let round = 0; round < 60; round += 1) {
    const reading = Promise.all(Array.from({ length: 4 }, () => read(at.broker, reader, "data/deep/b.txt")));
    await Promise.resolve();
    renameSync(inside, aside);
    renameSync(join(at.root, "trap"), inside);
    await new Promise((resolve) => void setImmediate(resolve));
    renameSync(inside, join(at.root, "trap"));
    renameSync(aside, inside);
    for (const text of await reading) seen.add(text);
  }
  expect([...seen]).not.toContain("secret");
});

test("pipes and devices are refused without waiting for them", async () => {
  using at = place();
  execFileSync("mkfifo", [join(at.root, "data", "pipe")]);
  expect(await read(at.broker, reader, "data/pipe")).toBe("denied");
  expect(await at.broker.stat(reader, "data/pipe", true)).toEqual({ type: "refused", reason: "denied" });
  expect(await list(at.broker, reader, "data")).toEqual(["a.csv", "deep/"]);
  const devices = caller([{ path: "/dev", access: "write" }]);
  expect(await read(at.broker, devices, "/dev/zero")).toBe("denied");
});

test("what is hidden in a granted directory has to be granted by its name", async () => {
  using at = place();
  expect(await read(at.broker, reader, "data/.env")).toBe("denied");
  expect(await list(at.broker, caller([{ path: ".", access: "read" }]), "data")).toEqual(["a.csv", "deep/"]);
  expect(await read(at.broker, caller([{ path: "data/.env", access: "read" }]), "data/.env")).toBe("KEY=secret");
});

test("a read grant does not permit writing", async () => {
  using at = place();
  expect(await write(at.broker, writer, "data/a.csv", "x")).toBe("denied");
  expect(await at.broker.remove(writer, "data/a.csv", "file")).toEqual({ type: "refused", reason: "denied" });
  expect(await at.broker.rename(writer, "data/a.csv", "out/a.csv")).toEqual({ type: "refused", reason: "denied" });
  expect(readFileSync(join(at.root, "data", "a.csv"), "utf8")).toBe("a,b\n1,2\n");
});

test("a granted directory that is not there is made when something is written into it", async () => {
  using at = place();
  expect(await read(at.broker, writer, "out/x.txt")).toBe("not-found");
  expect(await write(at.broker, writer, "out/x.txt", "made")).toBe("written");
  expect(await read(at.broker, writer, "out/x.txt")).toBe("made");
});

test("files are written, cut, renamed and removed; directories made and removed when empty", async () => {
  using at = place();
  await write(at.broker, writer, "out/x.txt", "long text");
  await write(at.broker, writer, "out/x.txt", "short");
  expect(readFileSync(join(at.root, "out", "x.txt"), "utf8")).toBe("short");
  expect(await at.broker.open(writer, "out/x.txt", { ...WRITE, exclusive: true })).toEqual({
    type: "refused",
    reason: "exists",
  });
  expect(await at.broker.createDirectory(writer, "out/dir")).toBeUndefined();
  expect(await at.broker.rename(writer, "out/x.txt", "out/dir/y.txt")).toBeUndefined();
  expect(await at.broker.remove(writer, "out/dir", "directory")).toEqual({ type: "refused", reason: "not-empty" });
  expect(await at.broker.remove(writer, "out/dir", "file")).toEqual({ type: "refused", reason: "is-directory" });
  expect(await at.broker.remove(writer, "out/dir/y.txt", "file")).toBeUndefined();
  expect(await at.broker.remove(writer, "out/dir", "directory")).toBeUndefined();
  expect(await at.broker.remove(writer, "out", "directory")).toEqual({ type: "refused", reason: "denied" });
});

test("a file does not grow past the limit", async () => {
  using at = place({ fileBytesMax: 10 });
  const file = await at.broker.open(writer, "out/x.bin", WRITE);
  if (isRefused(file)) throw new Error(file.reason);
  expect(await file.write(0, Buffer.alloc(10))).toBe(10);
  expect(await file.write(1, Buffer.alloc(10))).toEqual({ type: "refused", reason: "too-large" });
  expect(await file.truncate(11)).toEqual({ type: "refused", reason: "too-large" });
  expect(await file.truncate(2)).toBeUndefined();
  await file.close();
});

test("files attached to a run are read under uploads/, by that run alone, and never written", async () => {
  using at = place();
  const location = join(at.base, "stored-elsewhere");
  writeFileSync(location, "uploaded");
  const file = { name: "sales.csv", mediaType: "text/csv", bytes: 8, location };
  const owner = caller([{ path: "data", access: "read" }], [file]);
  expect(await read(at.broker, owner, "uploads/sales.csv")).toBe("uploaded");
  expect(await read(at.broker, owner, "./uploads/../uploads/sales.csv")).toBe("uploaded");
  expect(await write(at.broker, owner, "uploads/sales.csv", "x")).toBe("denied");
  expect(await read(at.broker, reader, "uploads/sales.csv")).toBe("not-found");
  expect(await read(at.broker, owner, "uploads/../../outside.txt")).toBe("denied");
  expect(await list(at.broker, owner, "uploads")).toEqual(["sales.csv"]);
  expect(await list(at.broker, owner, ".")).toEqual(["data/", "uploads/"]);
  expect(await at.broker.stat(owner, "uploads/sales.csv", true)).toMatchObject({ kind: "file", bytes: 8 });
  expect(await at.broker.stat(owner, "uploads", true)).toMatchObject({ kind: "directory" });
});

test("above the grants only the way to them is seen", async () => {
  using at = place();
  const who = caller([
    { path: "data/deep", access: "read" },
    { path: "out", access: "write" },
  ]);
  expect(await list(at.broker, who, ".")).toEqual(["data/", "out/"]);
  expect(await list(at.broker, who, "data")).toEqual(["deep/"]);
  expect(await list(at.broker, who, "data/deep")).toEqual(["b.txt"]);
  expect(await list(at.broker, who, "private")).toBe("denied");
  expect(await at.broker.stat(who, "data", true)).toMatchObject({ kind: "directory" });
  expect(await list(at.broker, caller([]), ".")).toEqual([]);
});

test("each use is recorded with who, what and how it ended", async () => {
  using at = place();
  await read(at.broker, reader, "data/a.csv");
  await read(at.broker, reader, "/etc/passwd");
  const common = { server: "t", agent: "helper", session: "run-1", workspace: "default", isClosed: false };
  expect(at.records).toEqual([
    { ...common, operation: "read", path: "data/a.csv", outcome: "allowed" },
    { ...common, operation: "read", path: "/etc/passwd", outcome: "denied" },
  ]);
});

test("a granted file is written by its own name, also when it is to be made if it is not there", async () => {
  using at = place();
  writeFileSync(join(at.root, "notes.txt"), "old");
  const who = caller([{ path: "notes.txt", access: "write" }]);
  expect(await write(at.broker, who, "notes.txt", "new")).toBe("written");
  expect(readFileSync(join(at.root, "notes.txt"), "utf8")).toBe("new");
  expect(await outcome(at.broker.open(who, "notes.txt", { ...WRITE, exclusive: true }))).toBe("exists");
  expect(await write(at.broker, who, "other.txt", "new")).toBe("denied");
});

test("the server's directory is both . and /, and absolute grants are found from either", async () => {
  using at = place();
  const who = caller([
    { path: "data", access: "read" },
    { path: join(at.base, "shared"), access: "write" },
  ]);
  mkdirSync(join(at.base, "shared"));
  writeFileSync(join(at.base, "shared", "s.txt"), "shared");
  for (const path of ["data/a.csv", "/data/a.csv", "//data/./a.csv"]) {
    expect(await read(at.broker, who, path), path).toBe("a,b\n1,2\n");
  }
  const absolute = join(at.base, "shared", "s.txt");
  for (const path of [absolute, absolute.slice(1)]) expect(await read(at.broker, who, path), path).toBe("shared");
  for (const path of ["/private/key.txt", "/outside.txt", join(at.base, "outside.txt").slice(1), "/.env"]) {
    expect(await read(at.broker, who, path), path).toBe("denied");
  }
  expect(await list(at.broker, who, "/")).toEqual(["data/"]);
  expect(await write(at.broker, who, "/data/new.txt", "x")).toBe("denied");
});

test("a path through `..` after a link goes where the link leads, as in any file system", async () => {
  using at = place();
  mkdirSync(join(at.root, "data", "deep", "deeper"));
  symlinkSync("deep/deeper", join(at.root, "data", "short"));
  expect(await read(at.broker, reader, "data/short/../b.txt")).toBe("deep");
  // Its text leaves what is granted, wherever it would lead.
  expect(await read(at.broker, reader, "data/short/../../a.csv")).toBe("denied");
  expect(await read(at.broker, reader, "data/nothing/../a.csv")).toBe("not-found");
});

test("two that append to one file at the same time lose nothing", async () => {
  using at = place();
  await write(at.broker, writer, "out/log.txt", "");
  const open = async () => {
    const file = await at.broker.open(writer, "out/log.txt", { ...WRITE, truncate: false });
    if (isRefused(file)) throw new Error(file.reason);
    return file;
  };
  const files = await Promise.all([open(), open()]);
  const lines = Array.from({ length: 200 }, (_, index) => `${String(index).padStart(5, "0")}\n`);
  const [one, other] = files;
  await Promise.all(lines.map((line, index) => (index % 2 === 0 ? one : other).append(Buffer.from(line))));
  await Promise.all(files.map((file) => file.close()));
  expect(
    readFileSync(join(at.root, "out", "log.txt"), "utf8")
      .split("\n")
      .toSorted()
      .join("\n"),
  ).toBe(`\n${lines.join("").trimEnd()}`);
});

test("times are what was set, to the nanosecond, and other times stay unchanged", async () => {
  using at = place();
  await write(at.broker, writer, "out/x.txt", "x");
  const before = await at.broker.stat(writer, "out/x.txt", true);
  if (isRefused(before)) throw new Error(before.reason);
  await fc.assert(
    fc.asyncProperty(fc.bigInt(0n, 4_000_000_000_000_000_000n), async (modified) => {
      const times = { accessed: "keep", modified } as const;
      expect(await at.broker.setTimes(writer, "out/x.txt", { follow: true, times })).toBeUndefined();
      expect(await at.broker.stat(writer, "out/x.txt", true)).toMatchObject({
        accessedNs: before.accessedNs,
        modifiedNs: modified,
      });
    }),
    { numRuns: 20 },
  );
  // A time set by another process afterwards is the valid one.
  utimesSync(join(at.root, "out", "x.txt"), 1, 2);
  expect(await at.broker.stat(writer, "out/x.txt", true)).toMatchObject({
    accessedNs: 1_000_000_000n,
    modifiedNs: 2_000_000_000n,
  });
  expect(
    await at.broker.setTimes(writer, "data/a.csv", { follow: true, times: { accessed: 1n, modified: 1n } }),
  ).toEqual({ type: "refused", reason: "denied" });
});

test("a slash at the end of a path asks for a directory", async () => {
  using at = place();
  await write(at.broker, writer, "out/f", "x");
  expect(await read(at.broker, writer, "out/f/")).toBe("not-directory");
  expect(await read(at.broker, writer, "data/deep/")).toBe("is-directory");
  expect(await at.broker.remove(writer, "out/f/", "file")).toEqual({ type: "refused", reason: "not-directory" });
  expect(await at.broker.createDirectory(writer, "out/d/")).toBeUndefined();
  expect(await at.broker.rename(writer, "out/d/", "out/e/")).toBeUndefined();
  expect(await at.broker.remove(writer, "out/e/", "directory")).toBeUndefined();
  expect(await at.broker.createDirectory(writer, "out")).toEqual({ type: "refused", reason: "exists" });
});
