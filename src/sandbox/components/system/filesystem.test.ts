import { expect, test } from "vitest";
import { err, ok } from "../index.ts";
import type { IoRequest } from "../../wire/index.ts";
import { filesystemInterfaces } from "./filesystem.ts";

/** The functions of wasi:filesystem over a broker that refuses everything and remembers what it was asked. */
function world() {
  const asked: IoRequest[] = [];
  const interfaces = filesystemInterfaces(
    (request) => {
      asked.push(request);
      return Promise.resolve({ type: "refused", reason: "denied" });
    },
    () => {},
  );
  const call = (from: string, name: string, ...values: readonly unknown[]): unknown =>
    interfaces[`wasi:filesystem/${from}`]?.[name]?.call(...values);
  const opened = call("preopens", "get-directories");
  const directories = new Map<string, unknown>();
  for (const pair of Array.isArray(opened) ? opened : []) directories.set(String(pair[1]), pair[0]);
  return { asked, call: (name: string, ...values: readonly unknown[]) => call("types", name, ...values), directories };
}

test("two directories are open from the start, and a path below one is asked of the broker", async () => {
  const { asked, call, directories } = world();
  expect([...directories.keys()]).toEqual(["/", "."]);
  const opening = ["data/a.txt", [], ["read"]];
  expect(await call("[method]descriptor.open-at", directories.get("."), ["symlink-follow"], ...opening)).toEqual(
    err("access"),
  );
  expect(asked).toEqual([
    {
      op: "open",
      path: "data/a.txt",
      flags: { access: "read", create: false, exclusive: false, truncate: false, follow: true },
    },
  ]);
});

test.each(["../secret", "a/../../secret", "/etc/passwd", "a\0b"])(
  "%j does not lead out of a directory",
  async (path) => {
    const { asked, call, directories } = world();
    const root = directories.get("/");
    expect(await call("[method]descriptor.stat-at", root, [], path)).toEqual(err("not-permitted"));
    expect(await call("[method]descriptor.unlink-file-at", root, path)).toEqual(err("not-permitted"));
    expect(await call("[method]descriptor.rename-at", root, "here", root, path)).toEqual(err("not-permitted"));
    expect(asked).toEqual([]);
  },
);

test("a directory is no file: reading it, or making it longer, asks nobody", async () => {
  const { asked, call, directories } = world();
  const here = directories.get(".");
  expect(await call("[method]descriptor.read", here, 10n, 0n)).toEqual(err("is-directory"));
  expect(call("[method]descriptor.read-via-stream", here, 0n)).toEqual(err("is-directory"));
  expect(call("[method]descriptor.get-type", here)).toEqual(ok("directory"));
  expect(asked).toEqual([]);
});
