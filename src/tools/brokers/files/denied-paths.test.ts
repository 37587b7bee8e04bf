import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { caller, list, outcome, place, READ, read, write } from "./place.kit.ts";

// verifies("tool.closed-places")

const everything = caller([{ path: ".", access: "write" }]);
const CLOSED = ["app/secrets", "caxton.toml", "later"];

/** Everything is granted for writing; a directory of secrets, the configuration and what is not there yet are closed. */
function room() {
  const made = place({ closed: CLOSED });
  mkdirSync(join(made.root, "app", "secrets"), { recursive: true });
  writeFileSync(join(made.root, "app", "secrets", "TOKEN"), "the-secret");
  writeFileSync(join(made.root, "caxton.toml"), "[server]");
  return made;
}

test("what is closed is neither read, looked at, listed nor written, whatever is granted", async () => {
  using made = room();
  const { broker, root } = made;
  for (const path of ["app/secrets/TOKEN", "/app/secrets/TOKEN", "data/../app/secrets/TOKEN", "caxton.toml"]) {
    expect(await read(broker, everything, path), path).toBe("denied");
    expect(await write(broker, everything, path, "mine"), path).toBe("denied");
    expect(await outcome(broker.stat(everything, path, true)), path).toBe("denied");
    expect(await outcome(broker.remove(everything, path, "file")), path).toBe("denied");
  }
  expect(await read(broker, everything, join(root, "caxton.toml"))).toBe("denied");
  expect(await outcome(broker.list(everything, "app/secrets"))).toBe("denied");
  expect(await list(broker, everything, "app")).toEqual([]);
  expect(await list(broker, everything, ".")).toEqual(["app/", "data/", "private/"]);
  expect(readFileSync(join(root, "caxton.toml"), "utf8")).toBe("[server]");
  expect(await read(broker, everything, "data/a.csv")).toContain("a,b");
});

test("a grant that names what is closed opens nothing of it, and makes nothing in it", async () => {
  using made = room();
  const named = caller([
    { path: "app/secrets", access: "read" },
    { path: "later", access: "write" },
  ]);
  expect(await read(made.broker, named, "app/secrets/TOKEN")).toBe("denied");
  expect(await write(made.broker, named, "later/TOKEN", "planted")).toBe("not-found");
  expect(await outcome(made.broker.createDirectory(everything, "later"))).toBe("denied");
  expect(await list(made.broker, everything, ".")).not.toContain("later/");
});

test("no symbolic link leads into what is closed, and none is made there", async () => {
  using made = room();
  const { broker, root } = made;
  symlinkSync("../app/secrets", join(root, "data", "way"));
  symlinkSync(join(root, "app", "secrets", "TOKEN"), join(root, "data", "straight"));
  symlinkSync("app", join(root, "alias"));
  for (const path of ["data/way/TOKEN", "data/straight", "alias/secrets/TOKEN"]) {
    expect(await read(broker, everything, path), path).toBe("denied");
    expect(await outcome(broker.stat(everything, path, true)), path).toBe("denied");
  }
  expect(await outcome(broker.list(everything, "data/way"))).toBe("denied");
  expect(await outcome(broker.makeLink(everything, "data/new", "../app/secrets/TOKEN"))).toBe("denied");
});

test("where the closed directory is itself a link, the place it leads to is closed too", async () => {
  using made = room();
  const { broker, root } = made;
  mkdirSync(join(root, "vault"));
  writeFileSync(join(root, "vault", "KEY"), "the-secret");
  symlinkSync("vault", join(root, "later"));
  expect(await read(broker, everything, "vault/KEY")).toBe("denied");
  expect(await read(broker, everything, "later/KEY")).toBe("denied");
});

test("what is closed is not moved, not given another name, nor moved with a directory above it", async () => {
  using made = room();
  const { broker, root } = made;
  expect(await outcome(broker.rename(everything, "app", "open"))).toBe("denied");
  expect(await outcome(broker.rename(everything, "app/secrets", "open"))).toBe("denied");
  expect(await outcome(broker.rename(everything, "data/a.csv", "caxton.toml"))).toBe("denied");
  expect(await outcome(broker.link(everything, "caxton.toml", "data/copy"))).toBe("denied");
  expect(await outcome(broker.rename(everything, "data/a.csv", "data/b.csv"))).toBe("done");
  expect(readFileSync(join(root, "app", "secrets", "TOKEN"), "utf8")).toBe("the-secret");
});

test("a file attached to a run is read though it is kept in a closed directory", async () => {
  using made = room();
  const location = join(made.root, "app", "secrets", "upload");
  writeFileSync(location, "attached");
  const attached = { name: "a.txt", mediaType: "text/plain", bytes: 8, location };
  expect(await read(made.broker, caller([], [attached]), "uploads/a.txt", READ)).toBe("attached");
});

test("the audit records whether a grant could permit a refused path", async () => {
  using made = room();
  symlinkSync("../app/secrets", join(made.root, "data", "way"));
  const nothing = caller([]);
  const paths = ["app/secrets/TOKEN", "caxton.toml", "later/new", "data/way/TOKEN", "data/a.csv"];
  for (const path of paths) expect(await read(made.broker, nothing, path), path).toBe("denied");
  expect(made.records.map(({ path, isClosed }) => [path, isClosed])).toEqual(
    paths.map((path) => [path, path !== "data/a.csv"]),
  );
  expect(await outcome(made.broker.rename(everything, "data/a.csv", "caxton.toml"))).toBe("denied");
  expect(made.records.at(-1)).toMatchObject({ path: "data/a.csv -> caxton.toml", isClosed: true });
});
