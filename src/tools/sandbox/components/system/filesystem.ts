import { err, NONE, ok, some, type Tagged } from "../index.ts";
import {
  decodeInfo,
  decodeOpened,
  type FileInfo,
  type IoReply,
  type IoRequest,
  PATH_BYTES_MAX,
  type Refusal,
  type Stamp,
  type Stamps,
} from "../../wire/index.ts";
import {
  bytesOf,
  HostFault,
  type HostFunction,
  type HostInterface,
  instanceOf,
  listOf,
  syncFunction,
  textOf,
  asyncFunction,
  wholeOf,
} from "./host-function.ts";
import { Directory, Entries, isOver, OpenFile, Preopened, TYPES } from "./opened.ts";
import { type Ask, FileInput, FileOutput, type FileWorld, StreamError } from "./streams.ts";

/**
 * `wasi:filesystem`. A directory is a path, and a file a handle of the broker, which decides at each use; what is checked
 * here only keeps a guest within the directory it says it is in. All that a guest opens belongs to the call in which it
 * did; later it is a bad descriptor.
 */

/** Error codes of WASI 0.2 for what the broker refuses. */
const CODES: { readonly [Each in Refusal]: string } = {
  denied: "access",
  "not-found": "no-entry",
  exists: "exist",
  "is-directory": "is-directory",
  "not-directory": "not-directory",
  "not-empty": "not-empty",
  "too-large": "file-too-large",
  "too-many-open": "quota",
  "storage-full": "insufficient-space",
  invalid: "invalid",
  io: "io",
  loop: "loop",
  "name-too-long": "name-too-long",
  "cross-device": "cross-device",
};
const READ_BYTES_MAX = 1024 * 1024;
const WRITE_BYTES_MAX = 1024 * 1024;
const NANOSECONDS = 1_000_000_000n;
/** The latest time that there is, in nanoseconds since 1970. */
const TIME_MAX = 2n ** 64n - 1n;

/** Of a refusal, `err`; else what `read` makes of the answer. */
const resultOf = (reply: IoReply, read: (body: Buffer) => unknown = () => undefined): Tagged =>
  reply.type === "refused" ? err(CODES[reply.reason]) : ok(read(reply.body));

const fileOf = (value: unknown): OpenFile | undefined => (value instanceof OpenFile ? value : undefined);
const follows = (flags: unknown): boolean => listOf(flags).includes("symlink-follow");

const directoryPath = (directory: unknown): string =>
  directory instanceof Preopened ? directory.path : instanceOf(directory, Directory).path;

/** Where a path leads from a directory; undefined when it leads out of it. */
function target(directory: unknown, path: unknown): string | undefined {
  const from = directoryPath(directory);
  const text = textOf(path);
  if (text.startsWith("/") || text.includes("\0")) return undefined;
  if (Buffer.byteLength(from) + 1 + Buffer.byteLength(text) > PATH_BYTES_MAX) return undefined;
  if (from === ".") return text === "" ? "." : text;
  let depth = 0;
  for (const part of text.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return undefined;
  }
  return from.endsWith("/") ? `${from}${text}` : `${from}/${text}`;
}
const OUTSIDE = err("not-permitted");

const timeOf = (nanoseconds: bigint): Tagged =>
  some({ seconds: nanoseconds / NANOSECONDS, nanoseconds: Number(nanoseconds % NANOSECONDS) });

const statOf = (info: FileInfo) => ({
  type: TYPES[info.kind],
  "link-count": info.links,
  size: BigInt(info.bytes),
  "data-access-timestamp": timeOf(info.accessedNs),
  "data-modification-timestamp": timeOf(info.modifiedNs),
  "status-change-timestamp": timeOf(info.changedNs),
});

const hashOf = (info: FileInfo) => ({ upper: info.device, lower: info.inode });

/** Times to be set; the error code if one of them is invalid or out of range. */
function stampsOf(accessed: unknown, modified: unknown): Stamps | string {
  const [one, other] = [stampOf(accessed), stampOf(modified)];
  if (one === "invalid" || one === "overflow") return one;
  return other === "invalid" || other === "overflow" ? other : { accessed: one, modified: other };
}

function stampOf(value: unknown): Stamp | "invalid" | "overflow" {
  const tag = typeof value === "object" && value !== null && "tag" in value ? value.tag : undefined;
  if (tag === "no-change") return "keep";
  if (tag === "now") return "now";
  const time = typeof value === "object" && value !== null && "value" in value ? value.value : undefined;
  if (typeof time !== "object" || time === null || !("seconds" in time) || !("nanoseconds" in time)) {
    throw new HostFault("it passed something that is no time");
  }
  const nanoseconds = BigInt(Number(time.nanoseconds));
  if (nanoseconds >= NANOSECONDS) return "invalid";
  const whole = wholeOf(time.seconds) * NANOSECONDS + nanoseconds;
  return whole > TIME_MAX ? "overflow" : whole;
}

const offsetOf = (value: unknown): number => {
  const offset = wholeOf(value);
  return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : Number.MAX_SAFE_INTEGER;
};

type World = FileWorld & { readonly close: (handle: number) => void };

export function filesystemInterfaces(world: World): { readonly [name: string]: HostInterface } {
  const { ask } = world;
  return {
    "wasi:filesystem/preopens": {
      // In the order in which the C library asks the last one first.
      "get-directories": syncFunction(() => [
        [new Preopened("/"), "/"],
        [new Preopened("."), "."],
      ]),
    },
    "wasi:filesystem/types": guarded({ ...files(world), ...paths(world), ...information(world), ...comparison(ask) }),
  };
}

/** Nothing is asked about what an earlier call opened. */
function guarded(functions: HostInterface): HostInterface {
  const entries = Object.entries(functions).map(([name, { waits, call }]) => {
    const answer = name === IS_SAME ? false : err("bad-descriptor");
    const careful: HostFunction["call"] = (...values) => (values.some(isOver) ? answer : call(...values));
    return [name, { waits, call: careful }] as const;
  });
  return Object.fromEntries(entries);
}

const stream = (make: (file: OpenFile, offset: unknown) => unknown) =>
  syncFunction((each, offset) => {
    const file = fileOf(each);
    return file === undefined ? err("is-directory") : ok(make(file, offset));
  });

/** Calls on a descriptor that is a file. */
function files(world: FileWorld): HostInterface {
  const { ask } = world;
  const plain = (request: (file: OpenFile, value: unknown) => IoRequest) =>
    asyncFunction(async (each, value) => {
      const file = fileOf(each);
      return file === undefined ? ok() : resultOf(await ask(request(file, value)));
    });
  return {
    "[method]descriptor.read-via-stream": stream((file, offset) => new FileInput(world, file.handle, offsetOf(offset))),
    "[method]descriptor.write-via-stream": stream(
      (file, offset) => new FileOutput(world, file.handle, offsetOf(offset)),
    ),
    "[method]descriptor.append-via-stream": stream((file) => new FileOutput(world, file.handle, "end")),
    "[method]descriptor.read": asyncFunction(async (each, length, offset) => {
      const file = fileOf(each);
      if (file === undefined) return err("is-directory");
      const wanted = Math.min(offsetOf(length), READ_BYTES_MAX);
      const reply = await ask({ op: "read", handle: file.handle, offset: offsetOf(offset), length: wanted });
      return resultOf(reply, (body) => [new Uint8Array(body), body.length < wanted]);
    }),
    "[method]descriptor.write": asyncFunction(async (each, bytes, offset) => {
      const file = fileOf(each);
      if (file === undefined) return err("is-directory");
      const given = Buffer.from(bytesOf(bytes).subarray(0, WRITE_BYTES_MAX));
      const reply = await ask({ op: "write", handle: file.handle, offset: offsetOf(offset), bytes: given });
      return resultOf(reply, () => BigInt(given.length));
    }),
    "[method]descriptor.set-size": plain(({ handle }, size) => ({ op: "truncate", handle, bytes: offsetOf(size) })),
    "[method]descriptor.sync": plain(({ handle }) => ({ op: "sync", handle })),
    "[method]descriptor.sync-data": plain(({ handle }) => ({ op: "sync", handle })),
    "[method]descriptor.advise": syncFunction(() => ok()),
    "[method]descriptor.set-times": asyncFunction(async (each, accessed, modified) => {
      const times = stampsOf(accessed, modified);
      if (typeof times === "string") return err(times);
      const file = fileOf(each);
      if (file !== undefined) return resultOf(await ask({ op: "set-file-times", handle: file.handle, times }));
      return resultOf(await ask({ op: "set-times", path: directoryPath(each), follow: true, times }));
    }),
  };
}

/** Calls with a path below a directory. */
function paths(world: World): HostInterface {
  const { ask } = world;
  const simple = (request: (path: string) => IoRequest) =>
    asyncFunction(async (each, path) => {
      const place = target(each, path);
      return place === undefined ? OUTSIDE : resultOf(await ask(request(place)));
    });
  const pair = (op: "rename" | "link") => async (from: string | undefined, to: string | undefined) =>
    from === undefined || to === undefined ? OUTSIDE : resultOf(await ask({ op, from, to }));
  return {
    "[method]descriptor.open-at": asyncFunction((each, ...rest) => open(world, target(each, rest[1]), rest)),
    "[method]descriptor.create-directory-at": simple((path) => ({ op: "make-directory", path })),
    "[method]descriptor.remove-directory-at": simple((path) => ({ op: "remove", path, kind: "directory" })),
    "[method]descriptor.unlink-file-at": simple((path) => ({ op: "remove", path, kind: "file" })),
    "[method]descriptor.readlink-at": asyncFunction(async (each, path) => {
      const place = target(each, path);
      if (place === undefined) return OUTSIDE;
      return resultOf(await ask({ op: "read-link", path: place }), (body) => body.toString("utf8"));
    }),
    "[method]descriptor.symlink-at": asyncFunction(async (each, said, path) => {
      const place = target(each, path);
      if (place === undefined) return OUTSIDE;
      const text = textOf(said);
      if (text.includes("\0")) return err("invalid");
      if (Buffer.byteLength(text) > PATH_BYTES_MAX) return err("name-too-long");
      return resultOf(await ask({ op: "make-link", path: place, target: text }));
    }),
    "[method]descriptor.rename-at": asyncFunction((each, path, to, toPath) =>
      pair("rename")(target(each, path), target(to, toPath)),
    ),
    "[method]descriptor.link-at": asyncFunction((...[each, , path, to, toPath]) =>
      pair("link")(target(each, path), target(to, toPath)),
    ),
    "[method]descriptor.set-times-at": asyncFunction(async (...[each, flags, path, accessed, modified]) => {
      const place = target(each, path);
      if (place === undefined) return OUTSIDE;
      const times = stampsOf(accessed, modified);
      if (typeof times === "string") return err(times);
      return resultOf(await ask({ op: "set-times", path: place, follow: follows(flags), times }));
    }),
  };
}

async function open(world: World, place: string | undefined, given: readonly unknown[]): Promise<Tagged> {
  if (place === undefined) return OUTSIDE;
  const { ask } = world;
  const [lookup, , how, wanted] = given;
  const ways = listOf(how);
  const flags = listOf(wanted).map(String);
  if (ways.includes("directory")) return openDirectory(world, place);
  const isWriting = flags.includes("write");
  const request = {
    access: isWriting ? ("write" as const) : ("read" as const),
    create: ways.includes("create"),
    exclusive: ways.includes("exclusive"),
    truncate: ways.includes("truncate"),
    follow: follows(lookup),
  };
  const reply = await ask({ op: "open", path: place, flags: request });
  if (reply.type === "refused") {
    const mayBeDirectory = reply.reason === "is-directory" && !isWriting && !request.create && !request.truncate;
    return mayBeDirectory ? openDirectory(world, place) : err(CODES[reply.reason]);
  }
  const { handle } = decodeOpened(reply.body);
  return ok(new OpenFile(world, handle, flags));
}

async function openDirectory({ ask, memoryBudget }: World, path: string): Promise<Tagged> {
  const reply = await ask({ op: "stat", path, follow: true });
  if (reply.type === "refused") return err(CODES[reply.reason]);
  return decodeInfo(reply.body).kind === "directory" ? ok(new Directory(memoryBudget, path)) : err("not-directory");
}

/** What is known of files and directories. */
function information({ ask, memoryBudget }: FileWorld): HostInterface {
  const infoAt = async (given: readonly unknown[], read: (info: FileInfo) => unknown): Promise<Tagged> => {
    const [each, flags, path] = given;
    const place = target(each, path);
    if (place === undefined) return OUTSIDE;
    return resultOf(await ask({ op: "stat", path: place, follow: follows(flags) }), (body) => read(decodeInfo(body)));
  };
  return {
    "[method]descriptor.stat": asyncFunction(async (each) =>
      resultOf(await infoOf(ask, each), (body) => statOf(decodeInfo(body))),
    ),
    "[method]descriptor.stat-at": asyncFunction((...given) => infoAt(given, statOf)),
    "[method]descriptor.metadata-hash": asyncFunction(async (each) =>
      resultOf(await infoOf(ask, each), (body) => hashOf(decodeInfo(body))),
    ),
    "[method]descriptor.metadata-hash-at": asyncFunction((...given) => infoAt(given, hashOf)),
    "[method]descriptor.get-type": syncFunction((each) =>
      ok(fileOf(each) === undefined ? "directory" : "regular-file"),
    ),
    "[method]descriptor.get-flags": syncFunction((each) => ok(fileOf(each)?.flags ?? ["read", "mutate-directory"])),
    "[method]descriptor.read-directory": asyncFunction(async (each) => {
      if (fileOf(each) !== undefined) return err("not-directory");
      const reply = await ask({ op: "list", path: directoryPath(each) });
      return resultOf(reply, (body) => new Entries(memoryBudget, body));
    }),
    "[method]directory-entry-stream.read-directory-entry": syncFunction((each) => ok(instanceOf(each, Entries).next())),
    "filesystem-error-code": syncFunction((error) => {
      const { refusal } = instanceOf(error, StreamError);
      return refusal === undefined ? NONE : some(CODES[refusal]);
    }),
  };
}

const infoOf = (ask: Ask, each: unknown): Promise<IoReply> => {
  const file = fileOf(each);
  if (file !== undefined) return ask({ op: "file-stat", handle: file.handle });
  return ask({ op: "stat", path: directoryPath(each), follow: true });
};

const IS_SAME = "[method]descriptor.is-same-object";
const comparison = (ask: Ask): HostInterface => ({
  [IS_SAME]: asyncFunction(async (one, other) => {
    const [first, second] = [await infoOf(ask, one), await infoOf(ask, other)];
    if (first.type === "refused" || second.type === "refused") return false;
    const [a, b] = [decodeInfo(first.body), decodeInfo(second.body)];
    return a.device === b.device && a.inode === b.inode;
  }),
});
