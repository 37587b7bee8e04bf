import { err, NONE, ok, some, type Tagged } from "../index.ts";
import {
  decodeInfo,
  decodeListing,
  decodeOpened,
  type DirectoryEntry,
  type FileInfo,
  type FileKind,
  type IoReply,
  type IoRequest,
  PATH_BYTES_MAX,
  type Refusal,
  type Stamp,
} from "../../wire/index.ts";
import {
  bytesOf,
  HostFault,
  type HostInterface,
  instanceOf,
  listOf,
  prompt,
  textOf,
  waiting,
  wholeOf,
} from "./host-function.ts";
import { type Ask, FileInput, FileOutput, StreamError } from "./streams.ts";

/**
 * `wasi:filesystem`. A directory is a path, and a file a handle of the broker, which decides at each use; what is checked
 * here only keeps a guest within the directory it says it is in.
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
const TYPES: { readonly [Kind in FileKind]: string } = {
  file: "regular-file",
  directory: "directory",
  link: "symbolic-link",
};
const READ_BYTES_MAX = 1024 * 1024;
const NANOSECONDS = 1_000_000_000n;

class Directory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

class OpenFile {
  readonly handle: number;
  readonly flags: readonly string[];
  readonly #close: () => void;

  constructor(handle: number, flags: readonly string[], close: () => void) {
    this.handle = handle;
    this.flags = flags;
    this.#close = close;
  }

  /** The guest has let go of it. */
  [Symbol.dispose](): void {
    this.#close();
  }
}

class Entries {
  readonly #entries: readonly DirectoryEntry[];
  #at = 0;

  constructor(entries: readonly DirectoryEntry[]) {
    this.#entries = entries;
  }

  next(): Tagged {
    const entry = this.#entries[this.#at];
    this.#at += 1;
    return entry === undefined ? NONE : some({ type: TYPES[entry.kind], name: entry.name });
  }
}

/** Of a refusal, `err`; else what `read` makes of the answer. */
const resultOf = (reply: IoReply, read: (body: Buffer) => unknown = () => undefined): Tagged =>
  reply.type === "refused" ? err(CODES[reply.reason]) : ok(read(reply.body));

const fileOf = (value: unknown): OpenFile | undefined => (value instanceof OpenFile ? value : undefined);
const follows = (flags: unknown): boolean => listOf(flags).includes("symlink-follow");

/** Where a path leads from a directory; undefined when it leads out of it. */
function target(directory: unknown, path: unknown): string | undefined {
  const from = instanceOf(directory, Directory).path;
  const text = textOf(path);
  if (text.startsWith("/") || text.includes("\0") || Buffer.byteLength(text) > PATH_BYTES_MAX) return undefined;
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

function stampOf(value: unknown): Stamp {
  const tag = typeof value === "object" && value !== null && "tag" in value ? value.tag : undefined;
  if (tag === "no-change") return "keep";
  if (tag === "now") return "now";
  const time = typeof value === "object" && value !== null && "value" in value ? value.value : undefined;
  if (typeof time !== "object" || time === null || !("seconds" in time) || !("nanoseconds" in time)) {
    throw new HostFault("it passed something that is no time");
  }
  return wholeOf(time.seconds) * NANOSECONDS + BigInt(Number(time.nanoseconds));
}

const offsetOf = (value: unknown): number => {
  const offset = wholeOf(value);
  return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : Number.MAX_SAFE_INTEGER;
};

export function filesystemInterfaces(
  ask: Ask,
  close: (handle: number) => void,
): { readonly [name: string]: HostInterface } {
  return {
    "wasi:filesystem/preopens": {
      // In the order in which the C library asks the last one first.
      "get-directories": prompt(() => [
        [new Directory("/"), "/"],
        [new Directory("."), "."],
      ]),
    },
    "wasi:filesystem/types": { ...files(ask), ...paths(ask, close), ...information(ask) },
  };
}

const stream = (make: (file: OpenFile, offset: unknown) => unknown) =>
  prompt((each, offset) => {
    const file = fileOf(each);
    return file === undefined ? err("is-directory") : ok(make(file, offset));
  });

/** Calls on a descriptor that is a file. */
function files(ask: Ask): HostInterface {
  const plain = (request: (file: OpenFile, value: unknown) => IoRequest) =>
    waiting(async (each, value) => {
      const file = fileOf(each);
      return file === undefined ? ok() : resultOf(await ask(request(file, value)));
    });
  return {
    "[method]descriptor.read-via-stream": stream((file, offset) => new FileInput(ask, file.handle, offsetOf(offset))),
    "[method]descriptor.write-via-stream": stream((file, offset) => new FileOutput(ask, file.handle, offsetOf(offset))),
    "[method]descriptor.append-via-stream": stream((file) => new FileOutput(ask, file.handle, "end")),
    "[method]descriptor.read": waiting(async (each, length, offset) => {
      const file = fileOf(each);
      if (file === undefined) return err("is-directory");
      const wanted = Math.min(offsetOf(length), READ_BYTES_MAX);
      const reply = await ask({ op: "read", handle: file.handle, offset: offsetOf(offset), length: wanted });
      return resultOf(reply, (body) => [new Uint8Array(body), body.length < wanted]);
    }),
    "[method]descriptor.write": waiting(async (each, bytes, offset) => {
      const file = fileOf(each);
      if (file === undefined) return err("is-directory");
      const given = Buffer.from(bytesOf(bytes));
      const reply = await ask({ op: "write", handle: file.handle, offset: offsetOf(offset), bytes: given });
      return resultOf(reply, () => BigInt(given.length));
    }),
    "[method]descriptor.set-size": plain(({ handle }, size) => ({ op: "truncate", handle, bytes: offsetOf(size) })),
    "[method]descriptor.sync": plain(({ handle }) => ({ op: "sync", handle })),
    "[method]descriptor.sync-data": plain(({ handle }) => ({ op: "sync", handle })),
    "[method]descriptor.advise": prompt(() => ok()),
    "[method]descriptor.set-times": waiting(async (each, accessed, modified) => {
      const times = { accessed: stampOf(accessed), modified: stampOf(modified) };
      const file = fileOf(each);
      if (file !== undefined) return resultOf(await ask({ op: "set-file-times", handle: file.handle, times }));
      return resultOf(await ask({ op: "set-times", path: instanceOf(each, Directory).path, follow: true, times }));
    }),
  };
}

/** Calls with a path below a directory. */
function paths(ask: Ask, close: (handle: number) => void): HostInterface {
  const simple = (request: (path: string) => IoRequest) =>
    waiting(async (each, path) => {
      const place = target(each, path);
      return place === undefined ? OUTSIDE : resultOf(await ask(request(place)));
    });
  const pair = (op: "rename" | "link") => async (from: string | undefined, to: string | undefined) =>
    from === undefined || to === undefined ? OUTSIDE : resultOf(await ask({ op, from, to }));
  return {
    "[method]descriptor.open-at": waiting((each, ...rest) => open({ ask, close }, target(each, rest[1]), rest)),
    "[method]descriptor.create-directory-at": simple((path) => ({ op: "make-directory", path })),
    "[method]descriptor.remove-directory-at": simple((path) => ({ op: "remove", path, kind: "directory" })),
    "[method]descriptor.unlink-file-at": simple((path) => ({ op: "remove", path, kind: "file" })),
    "[method]descriptor.readlink-at": waiting(async (each, path) => {
      const place = target(each, path);
      if (place === undefined) return OUTSIDE;
      return resultOf(await ask({ op: "read-link", path: place }), (body) => body.toString("utf8"));
    }),
    "[method]descriptor.symlink-at": waiting(async (each, said, path) => {
      const place = target(each, path);
      if (place === undefined) return OUTSIDE;
      return resultOf(await ask({ op: "make-link", path: place, target: textOf(said) }));
    }),
    "[method]descriptor.rename-at": waiting((each, path, to, toPath) =>
      pair("rename")(target(each, path), target(to, toPath)),
    ),
    "[method]descriptor.link-at": waiting((...[each, , path, to, toPath]) =>
      pair("link")(target(each, path), target(to, toPath)),
    ),
    "[method]descriptor.set-times-at": waiting(async (...[each, flags, path, accessed, modified]) => {
      const place = target(each, path);
      if (place === undefined) return OUTSIDE;
      const times = { accessed: stampOf(accessed), modified: stampOf(modified) };
      return resultOf(await ask({ op: "set-times", path: place, follow: follows(flags), times }));
    }),
  };
}

type Opening = { readonly ask: Ask; readonly close: (handle: number) => void };

async function open({ ask, close }: Opening, place: string | undefined, given: readonly unknown[]): Promise<Tagged> {
  if (place === undefined) return OUTSIDE;
  const [lookup, , how, wanted] = given;
  const ways = listOf(how);
  const flags = listOf(wanted).map(String);
  if (ways.includes("directory")) return openDirectory(ask, place);
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
    return mayBeDirectory ? openDirectory(ask, place) : err(CODES[reply.reason]);
  }
  const { handle } = decodeOpened(reply.body);
  return ok(new OpenFile(handle, flags, () => close(handle)));
}

async function openDirectory(ask: Ask, path: string): Promise<Tagged> {
  const reply = await ask({ op: "stat", path, follow: true });
  if (reply.type === "refused") return err(CODES[reply.reason]);
  return decodeInfo(reply.body).kind === "directory" ? ok(new Directory(path)) : err("not-directory");
}

/** What is known of files and directories. */
function information(ask: Ask): HostInterface {
  const infoOf = (each: unknown): Promise<IoReply> => {
    const file = fileOf(each);
    if (file !== undefined) return ask({ op: "file-stat", handle: file.handle });
    return ask({ op: "stat", path: instanceOf(each, Directory).path, follow: true });
  };
  const infoAt = async (given: readonly unknown[], read: (info: FileInfo) => unknown): Promise<Tagged> => {
    const [each, flags, path] = given;
    const place = target(each, path);
    if (place === undefined) return OUTSIDE;
    return resultOf(await ask({ op: "stat", path: place, follow: follows(flags) }), (body) => read(decodeInfo(body)));
  };
  return {
    "[method]descriptor.stat": waiting(async (each) =>
      resultOf(await infoOf(each), (body) => statOf(decodeInfo(body))),
    ),
    "[method]descriptor.stat-at": waiting((...given) => infoAt(given, statOf)),
    "[method]descriptor.metadata-hash": waiting(async (each) =>
      resultOf(await infoOf(each), (body) => hashOf(decodeInfo(body))),
    ),
    "[method]descriptor.metadata-hash-at": waiting((...given) => infoAt(given, hashOf)),
    "[method]descriptor.get-type": prompt((each) => ok(fileOf(each) === undefined ? "directory" : "regular-file")),
    "[method]descriptor.get-flags": prompt((each) => ok(fileOf(each)?.flags ?? ["read", "mutate-directory"])),
    "[method]descriptor.is-same-object": waiting(async (one, other) => {
      const [first, second] = [await infoOf(one), await infoOf(other)];
      if (first.type === "refused" || second.type === "refused") return false;
      const [a, b] = [decodeInfo(first.body), decodeInfo(second.body)];
      return a.device === b.device && a.inode === b.inode;
    }),
    "[method]descriptor.read-directory": waiting(async (each) => {
      if (fileOf(each) !== undefined) return err("not-directory");
      const reply = await ask({ op: "list", path: instanceOf(each, Directory).path });
      return resultOf(reply, (body) => new Entries(decodeListing(body).entries));
    }),
    "[method]directory-entry-stream.read-directory-entry": prompt((each) => ok(instanceOf(each, Entries).next())),
    "filesystem-error-code": prompt((error) => {
      const { refusal } = instanceOf(error, StreamError);
      return refusal === undefined ? NONE : some(CODES[refusal]);
    }),
  };
}
