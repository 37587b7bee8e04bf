import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { caller, isRefused, list, outcome, place, read, READ, WRITE, write, writer } from "./place.kit.ts";

// verifies("tool.grant-files")

test("a link is made, read, followed and removed, and never followed where that is not asked for", async () => {
  using at = place();
  await write(at.broker, writer, "out/target.txt", "text");
  expect(await outcome(at.broker.makeLink(writer, "out/link", "target.txt"))).toBe("done");
  expect(readlinkSync(join(at.root, "out", "link"))).toBe("target.txt");
  expect(await at.broker.readLink(writer, "out/link")).toBe("target.txt");
  expect(await read(at.broker, writer, "out/link")).toBe("text");
  expect(await read(at.broker, writer, "out/link", { ...READ, follow: false })).toBe("loop");
  expect(await at.broker.stat(writer, "out/link", false)).toMatchObject({ kind: "link" });
  expect(await at.broker.stat(writer, "out/link", true)).toMatchObject({ kind: "file", bytes: 4 });
  expect(await outcome(at.broker.makeLink(writer, "out/link", "other"))).toBe("exists");
  expect(await list(at.broker, writer, "out")).toEqual(["link", "target.txt"]);
  expect(await outcome(at.broker.remove(writer, "out/link", "file"))).toBe("done");
  expect(await read(at.broker, writer, "out/target.txt")).toBe("text");
  expect(await outcome(at.broker.readLink(writer, "out/target.txt"))).toBe("invalid");
});

test("a file is made where a link leads to that has no end yet, but not when it has to be new", async () => {
  using at = place();
  await outcome(at.broker.createDirectory(writer, "out"));
  mkdirSync(join(at.root, "out", "sub"));
  await at.broker.makeLink(writer, "out/link", "sub/new.txt");
  expect(await read(at.broker, writer, "out/link")).toBe("not-found");
  expect(await outcome(at.broker.open(writer, "out/link", { ...WRITE, exclusive: true }))).toBe("exists");
  expect(await write(at.broker, writer, "out/link", "made")).toBe("written");
  expect(readFileSync(join(at.root, "out", "sub", "new.txt"), "utf8")).toBe("made");
});

test("circular links are refused as a loop", async () => {
  using at = place();
  await at.broker.makeLink(writer, "out/self", "self");
  await at.broker.makeLink(writer, "out/a", "b");
  await at.broker.makeLink(writer, "out/b", "a");
  for (const path of ["out/self", "out/a", "out/b", "out/a/deeper"]) {
    expect(await read(at.broker, writer, path), path).toBe("loop");
  }
  expect(await outcome(at.broker.remove(writer, "out/self", "file"))).toBe("done");
});

test("no link is made that would lead out, by whatever words", async () => {
  using at = place();
  mkdirSync(join(at.root, "out", "sub"), { recursive: true });
  symlinkSync("sub", join(at.root, "out", "in"));
  symlinkSync(at.base, join(at.root, "out", "admins"));
  const targets = [
    "..",
    "../data",
    "../../outside.txt",
    "sub/../../private",
    "in/../../private/key.txt",
    "admins",
    "admins/outside.txt",
    "nothing/../../private",
    "/etc/passwd",
    join(at.root, "out", "sub"),
    ".hidden",
    "sub/.git",
  ];
  for (const target of targets) {
    expect(await outcome(at.broker.makeLink(writer, "out/link", target)), target).toBe("denied");
  }
  expect(existsSync(join(at.root, "out", "link"))).toBe(false);
  expect(await outcome(at.broker.makeLink(writer, "out/sub/link", "../x"))).toBe("done");
  expect(await outcome(at.broker.makeLink(writer, "data/link", "a.csv"))).toBe("denied");
  expect(await outcome(at.broker.makeLink(writer, "link", "data"))).toBe("denied");
});

test("no chain of links, renames and names that a guest can make leads out of what is granted", async () => {
  const name = fc.constantFrom("a", "b", "c", "d/a", "d/b", "d/e", "a/b", "d/e/f");
  const target = fc
    .array(fc.constantFrom("..", ".", "a", "b", "d", "e", "private", "outside.txt", "key.txt"), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.join("/"));
  const step = fc.oneof(
    fc.record({ act: fc.constant("symlink" as const), name, target }),
    fc.record({ act: fc.constant("mkdir" as const), name }),
    fc.record({ act: fc.constant("rename" as const), name, to: name }),
    fc.record({ act: fc.constant("link" as const), name, to: name }),
    fc.record({ act: fc.constant("write" as const), name }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), target, async (steps, end) => {
      using at = place();
      for (const each of steps) {
        const path = `out/${each.name}`;
        if (each.act === "symlink") await at.broker.makeLink(writer, path, each.target);
        else if (each.act === "mkdir") await at.broker.createDirectory(writer, path);
        else if (each.act === "rename") await at.broker.rename(writer, path, `out/${each.to}`);
        else if (each.act === "link") await at.broker.link(writer, path, `out/${each.to}`);
        else await write(at.broker, writer, path, "mine");
      }
      for (const path of ["out/a", "out/b", "out/c", "out/d/a", "out/d/b", "out/d/e/f"]) {
        expect(await read(at.broker, writer, `${path}/${end}`)).not.toContain("secret");
        expect(await read(at.broker, writer, path)).not.toContain("secret");
      }
      expect(readFileSync(join(at.base, "outside.txt"), "utf8")).toBe("secret");
      expect(readFileSync(join(at.root, "private", "key.txt"), "utf8")).toBe("secret");
      expect(readdirSync(join(at.root, "private"))).toEqual(["key.txt"]);
      expect(readdirSync(at.base).toSorted()).toEqual(["outside.txt", "place"]);
    }),
    { numRuns: 60 },
  );
});

test("a link that would lead out from its new place is not moved or linked there, alone or in a directory", async () => {
  using at = place();
  mkdirSync(join(at.root, "out", "a", "b"), { recursive: true });
  await at.broker.makeLink(writer, "out/a/b/link", "../../x");
  expect(await outcome(at.broker.rename(writer, "out/a/b/link", "out/link"))).toBe("denied");
  expect(await outcome(at.broker.link(writer, "out/a/b/link", "out/link"))).toBe("denied");
  expect(await outcome(at.broker.rename(writer, "out/a/b", "out/b"))).toBe("denied");
  mkdirSync(join(at.root, "out", "a", "deep", "er"), { recursive: true });
  symlinkSync("../../../x", join(at.root, "out", "a", "deep", "er", "link"));
  expect(await outcome(at.broker.rename(writer, "out/a/deep", "out/deep"))).toBe("denied");
  expect(await outcome(at.broker.rename(writer, "out/a/b", "out/a/c"))).toBe("done");
  expect(lstatSync(join(at.root, "out", "a", "c", "link")).isSymbolicLink()).toBe(true);
});

test("the refusal of a link out of the root does not reveal whether its target exists", async () => {
  using at = place();
  mkdirSync(join(at.root, "out"));
  symlinkSync(join(at.base, "outside.txt"), join(at.root, "out", "there"));
  symlinkSync(join(at.base, "nothing.txt"), join(at.root, "out", "not-there"));
  symlinkSync("../../nothing/at/all", join(at.root, "out", "deep"));
  for (const path of ["out/there", "out/not-there", "out/deep"]) {
    expect(await read(at.broker, writer, path), path).toBe("denied");
    expect(await outcome(at.broker.stat(writer, path, true)), path).toBe("denied");
    expect(await outcome(at.broker.stat(writer, `${path}/x`, true)), path).toBe("denied");
    expect(await outcome(at.broker.readLink(writer, path)), path).toBe("denied");
    expect(await write(at.broker, writer, path, "x"), path).toBe("denied");
  }
  expect(await list(at.broker, writer, "out")).toEqual([]);
});

test("a file outside gets no name inside, and one that may only be read gets none that may be written", async () => {
  using at = place();
  mkdirSync(join(at.root, "out"));
  symlinkSync(at.base, join(at.root, "out", "up"));
  for (const from of [
    "../outside.txt",
    "private/key.txt",
    "data/a.csv",
    "out/up/outside.txt",
    "data/.env",
    "/etc/passwd",
  ]) {
    expect(await outcome(at.broker.link(writer, from, "out/mine")), from).toBe("denied");
    expect(await outcome(at.broker.rename(writer, from, "out/mine")), from).toBe("denied");
  }
  expect(existsSync(join(at.root, "out", "mine"))).toBe(false);
  await write(at.broker, writer, "out/own.txt", "own");
  for (const to of ["../stolen.txt", "private/stolen.txt", "data/stolen.txt", "out/up/stolen.txt", "stolen.txt"]) {
    expect(await outcome(at.broker.link(writer, "out/own.txt", to)), to).toBe("denied");
    expect(await outcome(at.broker.rename(writer, "out/own.txt", to)), to).toBe("denied");
  }
  expect(await outcome(at.broker.link(writer, "out/own.txt", "out/two.txt"))).toBe("done");
  expect(await at.broker.stat(writer, "out/two.txt", true)).toMatchObject({ links: 2n, bytes: 3 });
  expect(await outcome(at.broker.link(writer, "out", "out/loop"))).toBe("denied");
  expect(await outcome(at.broker.rename(writer, "out", "out/in-itself"))).toBe("denied");
});

/** Swaps a directory for a link to the outside and back, while work is running. */
async function swapping(at: ReturnType<typeof place>, inside: string, work: () => Promise<void>): Promise<void> {
  const aside = join(at.root, "aside");
  const trap = join(at.root, "trap");
  symlinkSync(join(at.base, "evil"), trap);
  const over = new AbortController();
  const done = work().finally(() => over.abort());
  while (!over.signal.aborted) {
    renameSync(inside, aside);
    renameSync(trap, inside);
    await new Promise((resolve) => void setImmediate(resolve));
    renameSync(inside, trap);
    renameSync(aside, inside);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  await done;
}

test("a link that is put in a directory's place between the check and the use gets nothing made, read or removed outside", async () => {
  using at = place();
  const inside = join(at.root, "out", "sub");
  mkdirSync(inside, { recursive: true });
  mkdirSync(join(at.base, "evil"));
  writeFileSync(join(at.base, "evil", "secret.txt"), "secret");
  mkdirSync(join(at.base, "evil", "empty"));
  const seen = new Set<string>();
  await swapping(at, inside, async () => {
    for (let round = 0; round < 40; round += 1) {
      const texts = await Promise.all([
        read(at.broker, writer, "out/sub/secret.txt"),
        write(at.broker, writer, "out/sub/secret.txt", "changed"),
        write(at.broker, writer, `out/sub/new-${round}`, "made"),
        outcome(at.broker.createDirectory(writer, `out/sub/directory-${round}`)),
        outcome(at.broker.makeLink(writer, `out/sub/link-${round}`, "x")),
        outcome(at.broker.link(writer, "out/sub/secret.txt", `out/stolen-${round}`)),
        outcome(at.broker.rename(writer, "out/sub/empty", `out/taken-${round}`)),
        outcome(at.broker.remove(writer, "out/sub/empty", "directory")),
        outcome(
          at.broker.setTimes(writer, "out/sub/secret.txt", { follow: true, times: { accessed: 5n, modified: 5n } }),
        ),
        at.broker
          .stat(writer, "out/sub/secret.txt", true)
          .then((info) => (isRefused(info) ? info.reason : `${info.bytes}`)),
        list(at.broker, writer, "out/sub").then(String),
      ]);
      for (const text of texts) seen.add(text);
    }
  });
  expect(readdirSync(join(at.base, "evil")).toSorted()).toEqual(["empty", "secret.txt"]);
  expect(readFileSync(join(at.base, "evil", "secret.txt"), "utf8")).toBe("secret");
  expect(lstatSync(join(at.base, "evil", "secret.txt")).mtimeMs).toBeGreaterThan(1_000);
  expect([...seen].filter((text) => text === "secret" || text === "6" || text.includes("empty"))).toEqual([]);
});

test("a file that is swapped for a link to another, while it is opened, is not that other", async () => {
  using at = place();
  mkdirSync(join(at.root, "out"));
  const path = join(at.root, "out", "f");
  const texts = new Set<string>();
  for (let round = 0; round < 60; round += 1) {
    writeFileSync(path, "mine");
    const reading = Promise.all([
      read(at.broker, writer, "out/f"),
      write(at.broker, writer, "out/f", "changed"),
      read(at.broker, writer, "out/f"),
    ]);
    await Promise.resolve();
    unlinkSync(path);
    symlinkSync(join(at.base, "outside.txt"), path);
    for (const text of await reading) texts.add(text);
    unlinkSync(path);
  }
  expect(texts.has("secret")).toBe(false);
  expect(readFileSync(join(at.base, "outside.txt"), "utf8")).toBe("secret");
});

test("a directory that was moved out of what is granted takes nothing with it", async () => {
  using at = place();
  mkdirSync(join(at.root, "out", "sub"), { recursive: true });
  symlinkSync("sub", join(at.root, "out", "way"));
  renameSync(join(at.root, "out", "sub"), join(at.base, "moved"));
  symlinkSync(join(at.base, "moved"), join(at.root, "out", "sub"));
  expect(await write(at.broker, writer, "out/way/x", "x")).toBe("denied");
  expect(await outcome(at.broker.createDirectory(writer, "out/sub/x"))).toBe("denied");
  expect(readdirSync(join(at.base, "moved"))).toEqual([]);
});

test("each use of a link is recorded", async () => {
  using at = place();
  await at.broker.makeLink(writer, "out/l", "x");
  await at.broker.makeLink(writer, "out/l", "../x");
  await at.broker.readLink(writer, "out/l");
  await at.broker.link(writer, "out/l", "data/l");
  expect(at.records.map(({ operation, path, outcome: how }) => [operation, path, how])).toEqual([
    ["make-link", "out/l -> x", "allowed"],
    ["make-link", "out/l -> ../x", "denied"],
    ["read-link", "out/l", "allowed"],
    ["link", "out/l -> data/l", "denied"],
  ]);
});

test("an administrator's links and names inside what is granted work as they always did", async () => {
  using at = place();
  const reader = caller([{ path: "data", access: "read" }]);
  symlinkSync(join(at.root, "data", "deep"), join(at.root, "data", "absolute"));
  linkSync(join(at.base, "outside.txt"), join(at.root, "data", "given.txt"));
  expect(await read(at.broker, reader, "data/absolute/b.txt")).toBe("deep");
  expect(await read(at.broker, reader, "data/given.txt")).toBe("secret");
});

test("of a directory with more files ten thousand are listed, none of them hidden", async () => {
  using at = place();
  const many = join(at.root, "data", "many");
  mkdirSync(many);
  writeFileSync(join(many, ".hidden"), "");
  for (let file = 0; file < 10_500; file += 1) linkSync(join(many, ".hidden"), join(many, `file-${file}`));
  const names = await list(at.broker, writer, "data/many");
  expect(names).toHaveLength(10_000);
  expect(names).not.toContain(".hidden");
});
