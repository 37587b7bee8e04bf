import { expect, test } from "vitest";
import { err, ok } from "../index.ts";
import type { IoRequest } from "../../wire/index.ts";
import { encodeInfo, encodeListing, encodeNumber, type IoReply, PATH_BYTES_MAX } from "../../wire/index.ts";
import { filesystemInterfaces } from "./filesystem.ts";
import { HostMemoryBudget, HostMemoryExceededError } from "./host-memory-budget.ts";
import { InputStream, OutputStream, StreamError } from "./streams.ts";

const REFUSED: IoReply = { type: "refused", reason: "denied" };

/** The functions of wasi:filesystem over a broker that remembers what it was asked; it refuses everything by default. */
function world(answer: (request: IoRequest) => IoReply = () => REFUSED, hostMemoryBytesMax = 1_000_000) {
  const asked: IoRequest[] = [];
  const closed: number[] = [];
  const memoryBudget = new HostMemoryBudget(hostMemoryBytesMax);
  const interfaces = filesystemInterfaces({
    ask: (request) => {
      asked.push(request);
      return Promise.resolve(answer(request));
    },
    close: (handle) => closed.push(handle),
    memoryBudget,
  });
  const call = (from: string, name: string, ...values: readonly unknown[]): unknown =>
    interfaces[`wasi:filesystem/${from}`]?.[name]?.call(...values);
  const opened = call("preopens", "get-directories");
  const directories = new Map<string, unknown>();
  for (const pair of Array.isArray(opened) ? opened : []) directories.set(String(pair[1]), pair[0]);
  return {
    asked,
    closed,
    memoryBudget,
    call: (name: string, ...values: readonly unknown[]) => call("types", name, ...values),
    directories,
  };
}

const INFO = encodeInfo({
  kind: "directory",
  bytes: 3,
  device: 1n,
  inode: 2n,
  links: 1n,
  accessedNs: 0n,
  modifiedNs: 0n,
  changedNs: 0n,
});
const granted = (...parts: readonly Buffer[]): IoReply => ({ type: "granted", body: Buffer.concat(parts) });

/** A broker with one file of 300 KiB, and a directory of one name. */
function disk(request: IoRequest): IoReply {
  if (request.op === "open") return granted(encodeNumber(7), INFO);
  if (request.op === "list") {
    return granted(encodeListing({ inode: 1n, entries: [{ name: "a", kind: "file", inode: 2n }] }));
  }
  if (request.op !== "read") return granted(INFO);
  return granted(Buffer.alloc(Math.max(0, Math.min(request.length, 300 * 1024 - request.offset)), "x"));
}

const valueOf = (tagged: unknown): unknown =>
  typeof tagged === "object" && tagged !== null && "value" in tagged ? tagged.value : undefined;
const isDisposable = (value: unknown): value is Disposable =>
  typeof value === "object" && value !== null && Symbol.dispose in value;
const drop = (value: unknown): void => {
  if (isDisposable(value)) value[Symbol.dispose]();
};
const read = async (stream: unknown, bytes: number): Promise<unknown> =>
  stream instanceof InputStream && (await stream.read(bytes));

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

test("a directory is no file: reading or extending it makes no host call", async () => {
  const { asked, call, directories } = world();
  const here = directories.get(".");
  expect(await call("[method]descriptor.read", here, 10n, 0n)).toEqual(err("is-directory"));
  expect(call("[method]descriptor.read-via-stream", here, 0n)).toEqual(err("is-directory"));
  expect(call("[method]descriptor.get-type", here)).toEqual(ok("directory"));
  expect(asked).toEqual([]);
});

const at = (seconds: bigint, nanoseconds = 0) => ({ tag: "timestamp", value: { seconds, nanoseconds } });
const KEEP = { tag: "no-change", value: undefined };

test.each([
  ["2^63 seconds", at(2n ** 63n), "overflow"],
  ["the most seconds", at(2n ** 64n - 1n, 999_999_999), "overflow"],
  ["a nanosecond past 64 bits", at(18_446_744_073n, 709_551_616), "overflow"],
  ["a second of nanoseconds", at(1n, 1_000_000_000), "invalid"],
])("a time that cannot be (%s) is refused with its code, without a host call", async (_what, time, code) => {
  const { asked, call, directories } = world();
  const here = directories.get(".");
  expect(await call("[method]descriptor.set-times", here, KEEP, time)).toEqual(err(code));
  expect(await call("[method]descriptor.set-times", here, time, KEEP)).toEqual(err(code));
  expect(await call("[method]descriptor.set-times-at", here, [], "a", KEEP, time)).toEqual(err(code));
  expect(asked).toEqual([]);
});

test("the latest time that can be is asked for as it is", async () => {
  const { asked, call, directories } = world();
  await call("[method]descriptor.set-times", directories.get("."), KEEP, at(18_446_744_073n, 709_551_615));
  expect(asked).toMatchObject([{ op: "set-times", times: { accessed: "keep", modified: 2n ** 64n - 1n } }]);
});

test("what no path can be is not asked for: a link's text too long or with NUL, and paths that are too long together", async () => {
  const { asked, call, directories } = world(disk);
  const here = directories.get(".");
  expect(await call("[method]descriptor.symlink-at", here, "x".repeat(PATH_BYTES_MAX + 1), "a")).toEqual(
    err("name-too-long"),
  );
  expect(await call("[method]descriptor.symlink-at", here, "a\0b", "a")).toEqual(err("invalid"));
  expect(asked).toEqual([]);
  const long = "./".repeat(1_500);
  const inner = valueOf(await call("[method]descriptor.open-at", here, [], long, ["directory"], ["read"]));
  expect(asked).toHaveLength(1);
  expect(await call("[method]descriptor.stat-at", inner, [], long)).toEqual(err("not-permitted"));
  expect(asked).toHaveLength(1);
});

test("a stream at the end of all files writes nothing past it", async () => {
  const { call, directories } = world(disk);
  const file = valueOf(await call("[method]descriptor.open-at", directories.get("."), [], "a", [], ["write"]));
  const stream = valueOf(call("[method]descriptor.write-via-stream", file, 2n ** 64n - 1n));
  const error = stream instanceof OutputStream ? await stream.write(Buffer.from("x")) : undefined;
  expect(error).toMatchObject({ refusal: "too-large" });
});

test("what is written through a stream is asked for in pieces of a megabyte", async () => {
  const { asked, call, directories } = world(disk);
  const file = valueOf(await call("[method]descriptor.open-at", directories.get("."), [], "a", [], ["write"]));
  const stream = valueOf(call("[method]descriptor.write-via-stream", file, 5n));
  expect(stream instanceof OutputStream && (await stream.write(Buffer.alloc(2_500_000)))).toBeUndefined();
  expect(asked.flatMap((each) => (each.op === "write" ? [[each.offset, each.bytes.length]] : []))).toEqual([
    [5, 1_048_576],
    [1_048_581, 1_048_576],
    [2_097_157, 402_848],
  ]);
});

// system.host-memory-budget.H2
test("what a call opened is a bad descriptor in the next, without a host call, and is not closed twice", async () => {
  const { asked, closed, memoryBudget, call, directories } = world(disk);
  const here = directories.get(".");
  const file = valueOf(await call("[method]descriptor.open-at", here, [], "a", [], ["read"]));
  const inner = valueOf(await call("[method]descriptor.open-at", here, [], "d", ["directory"], ["read"]));
  const entries = valueOf(await call("[method]descriptor.read-directory", here));
  const input = valueOf(call("[method]descriptor.read-via-stream", file, 0n));
  const output = valueOf(call("[method]descriptor.append-via-stream", file));
  expect(input instanceof InputStream && (await input.read(10))).toHaveLength(10);
  expect(memoryBudget.bytes).toBeGreaterThan(256 * 1024);
  memoryBudget.endCall();
  expect(memoryBudget.bytes).toBe(0);
  asked.length = 0;
  expect(await call("[method]descriptor.read", file, 10n, 0n)).toEqual(err("bad-descriptor"));
  expect(await call("[method]descriptor.write", file, Buffer.from("x"), 0n)).toEqual(err("bad-descriptor"));
  expect(await call("[method]descriptor.stat-at", inner, [], "a")).toEqual(err("bad-descriptor"));
  expect(call("[method]descriptor.read-via-stream", file, 0n)).toEqual(err("bad-descriptor"));
  expect(call("[method]directory-entry-stream.read-directory-entry", entries)).toEqual(err("bad-descriptor"));
  expect(await call("[method]descriptor.is-same-object", file, here)).toBe(false);
  expect(input instanceof InputStream && (await input.read(10))).toBeInstanceOf(StreamError);
  expect(output instanceof OutputStream && (await output.write(Buffer.from("x")))).toBeInstanceOf(StreamError);
  for (const each of [file, inner, entries, input, output]) drop(each);
  expect([asked, closed]).toEqual([[], []]);
  expect(call("[method]descriptor.get-type", here)).toEqual(ok("directory"));
});

test("a file that the guest lets go of within its call is closed", async () => {
  const { closed, call, directories } = world(disk);
  drop(valueOf(await call("[method]descriptor.open-at", directories.get("."), [], "a", [], ["read"])));
  expect(closed).toEqual([7]);
});

test("what is read ahead counts against the guest's memory, until it is read or let go of", async () => {
  const { memoryBudget, call, directories } = world(disk, 600 * 1024);
  const file = valueOf(await call("[method]descriptor.open-at", directories.get("."), [], "a", [], ["read"]));
  const streams = Array.from({ length: 3 }, () => valueOf(call("[method]descriptor.read-via-stream", file, 0n)));
  await read(streams[0], 1);
  await read(streams[1], 1);
  await expect(read(streams[2], 1)).rejects.toThrow(HostMemoryExceededError);
  await read(streams[0], 256 * 1024);
  await read(streams[2], 1);
  drop(streams[1]);
  drop(streams[2]);
  expect(memoryBudget.bytes).toBe(0);
});
