import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { BrokeredFile, Caller, OpenFlags, Refused } from "../../sandbox/index.ts";
import { type AttachedFile, type FileGrant, NO_GRANTS } from "../../tools/index.ts";
import { type AuditRecord, FileBroker } from "./file-broker.ts";

const READ: OpenFlags = { access: "read", create: false, exclusive: false, truncate: false, follow: true };
const WRITE: OpenFlags = { access: "write", create: true, exclusive: false, truncate: true, follow: true };

/** A root with data/ and out/ in it, and a secret beside it. */
function place(options: { readonly fileBytesMax?: number } = {}) {
  const base = mkdtempSync(join(tmpdir(), "caxton-broker-"));
  const root = join(base, "root");
  mkdirSync(join(root, "data", "deep"), { recursive: true });
  mkdirSync(join(root, "private"));
  writeFileSync(join(root, "data", "a.csv"), "a,b\n1,2\n");
  writeFileSync(join(root, "data", "deep", "b.txt"), "deep");
  writeFileSync(join(root, "data", ".env"), "KEY=secret");
  writeFileSync(join(root, "private", "key.txt"), "secret");
  writeFileSync(join(base, "outside.txt"), "secret");
  const records: AuditRecord[] = [];
  const broker = new FileBroker({
    root,
    audit: (record) => records.push(record),
    ...options,
  });
  return { base, root, broker, records, [Symbol.dispose]: () => rmSync(base, { recursive: true, force: true }) };
}

const caller = (files: readonly FileGrant[], attached: readonly AttachedFile[] = []): Caller => ({
  server: "t",
  grants: { ...NO_GRANTS, files },
  context: { session: "run-1", workspace: "default", agent: "helper", files: attached },
});

const reader = caller([{ path: "data", access: "read" }]);
const writer = caller([
  { path: "data", access: "read" },
  { path: "out", access: "write" },
]);

const isRefused = (value: unknown): value is Refused =>
  typeof value === "object" && value !== null && "reason" in value;

/** The file's text, or why it is refused. */
async function read(broker: FileBroker, who: Caller, path: string, flags = READ): Promise<string> {
  const file: BrokeredFile | Refused = await broker.open(who, path, flags);
  if (isRefused(file)) return file.reason;
  const bytes = await file.read(0, 1_000);
  await file.close();
  return isRefused(bytes) ? bytes.reason : Buffer.from(bytes).toString();
}

async function write(broker: FileBroker, who: Caller, path: string, text: string): Promise<string> {
  const file = await broker.open(who, path, WRITE);
  if (isRefused(file)) return file.reason;
  const written = await file.write(0, Buffer.from(text));
  await file.close();
  return isRefused(written) ? written.reason : "written";
}

const list = async (broker: FileBroker, who: Caller, path: string): Promise<readonly string[] | string> => {
  const listing = await broker.list(who, path);
  return isRefused(listing)
    ? listing.reason
    : listing.entries.map(({ name, kind }) => (kind === "directory" ? `${name}/` : name)).toSorted();
};

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
    "data/../../root/private/key.txt",
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
    "root",
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

test("pipes and devices are refused, and nobody waits for them", async () => {
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

test("a grant to read is none to write", async () => {
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
  const common = { server: "t", agent: "helper", session: "run-1" };
  expect(at.records).toEqual([
    { ...common, operation: "read", path: "data/a.csv", outcome: "allowed" },
    { ...common, operation: "read", path: "/etc/passwd", outcome: "denied" },
  ]);
});
