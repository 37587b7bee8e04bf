import { isUtf8 } from "node:buffer";
import {
  decodeInfo,
  decodeListing,
  decodeOpened,
  type DirectoryEntry,
  type OpenFlags,
  PATH_BYTES_MAX,
} from "../wire/index.ts";
import {
  type Descriptor,
  type Descriptors,
  type DirectoryDescriptor,
  FLAGS_ALL,
  join,
  leadsOut,
} from "./descriptors.ts";
import { ERRNO, errnoOf } from "./errno.ts";
import { type Answer, type FileDeps, type Files, FILETYPE, stampsOf } from "./files.ts";
import type { FileClient, HostBridge } from "./host-bridge.ts";
import type { GuestMemory, Span } from "./guest-memory.ts";
import { ReadAhead } from "./read-ahead.ts";
import { DIRECTORY_RIGHTS, FILE_RIGHTS, isSubset, RIGHT, rightsOf, WRITE_RIGHTS } from "./rights.ts";
import { COPY_SHIFT } from "./system.ts";

const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const OPEN_ALL = 15;
const FOLLOW = 1;
const ENTRY_HEAD_BYTES = 24;

/** A directory and a path in it, as the guest gives them. */
export type At = { readonly directory: number; readonly path: Span };
export type OpenInput = At & {
  readonly lookup: number;
  readonly openFlags: number;
  readonly rights: bigint;
  readonly inheriting: bigint;
  readonly flags: number;
  readonly out: number;
};
type Target = { readonly directory: DirectoryDescriptor; readonly path: string; readonly climbs: boolean };

/** What is reached by its path: each function is one WASI call and gives its error number. */
export class Paths {
  readonly #memory: GuestMemory;
  readonly #gate: HostBridge;
  readonly #client: FileClient;
  readonly #descriptors: Descriptors;
  readonly #files: Files;

  constructor({ memory, gate, files, descriptors }: FileDeps, opened: Files) {
    this.#memory = memory;
    this.#gate = gate;
    this.#client = files;
    this.#descriptors = descriptors;
    this.#files = opened;
  }

  async open(input: OpenInput): Promise<number> {
    const { openFlags, flags, out } = input;
    const target = this.#target(input, RIGHT.open);
    if (typeof target === "number") return target;
    if ((openFlags & ~OPEN_ALL) !== 0 || (flags & ~FLAGS_ALL) !== 0) return ERRNO.invalid;
    const rights = rightsOf(input.rights);
    const inheriting = rightsOf(input.inheriting);
    const held = { rights, inheriting, flags };
    const refusal = this.#forbids(target.directory, input, rights | inheriting);
    if (refusal !== undefined) return refusal;
    const follow = (input.lookup & FOLLOW) !== 0;
    if ((openFlags & OPEN.directory) !== 0) {
      if ((rights & WRITE_RIGHTS) !== 0) return ERRNO.isDirectory;
      return (openFlags & (OPEN.create | OPEN.truncate)) !== 0
        ? ERRNO.invalid
        : this.#openDirectory(target, follow, held, out);
    }
    const asked: OpenFlags = {
      access: (rights & WRITE_RIGHTS) === 0 ? "read" : "write",
      create: (openFlags & OPEN.create) !== 0,
      exclusive: (openFlags & OPEN.exclusive) !== 0,
      truncate: (openFlags & OPEN.truncate) !== 0,
      follow,
    };
    const reply = await this.#files.ask({ op: "open", path: target.path, flags: asked });
    if (reply.type === "refused") {
      const isPlainRead = asked.access === "read" && !asked.create && !asked.truncate;
      return reply.reason === "is-directory" && isPlainRead
        ? this.#openDirectory(target, follow, held, out)
        : errnoAt(target, errnoOf(reply.reason));
    }
    if (asked.create || asked.truncate) this.#files.forget();
    const { handle, info } = decodeOpened(reply.body);
    const reader = new ReadAhead(this.#client, handle);
    const { device, inode, bytes } = info;
    const kept = { ...held, rights: rights & FILE_RIGHTS };
    return this.#give({ ...kept, type: "file", handle, device, inode, reader, info, position: 0, bytes }, out);
  }

  /** The error number when the directory's rights do not allow such an opening. */
  #forbids(directory: DirectoryDescriptor, { openFlags }: OpenInput, rights: number): number | undefined {
    const needed =
      ((openFlags & OPEN.create) === 0 ? 0 : RIGHT.createFile) |
      ((openFlags & OPEN.truncate) === 0 ? 0 : RIGHT.pathSetSize);
    return isSubset(needed, directory.rights) && isSubset(rights, directory.inheriting) ? undefined : ERRNO.notCapable;
  }

  async #openDirectory(
    target: Target,
    follow: boolean,
    held: Pick<Descriptor, "rights" | "inheriting" | "flags">,
    out: number,
  ): Promise<number> {
    const { path } = target;
    const reply = await this.#files.ask({ op: "stat", path, follow });
    if (reply.type === "refused") return errnoAt(target, errnoOf(reply.reason));
    if (decodeInfo(reply.body).kind !== "directory") return ERRNO.notDirectory;
    const kept = { ...held, rights: held.rights & DIRECTORY_RIGHTS };
    return this.#give({ ...kept, type: "directory", path, isPreopened: false, entries: undefined }, out);
  }

  #give(descriptor: Descriptor, out: number): number {
    if (!this.#memory.holds(out, 4)) {
      this.#files.release(descriptor);
      return ERRNO.fault;
    }
    const number = this.#descriptors.add(descriptor);
    if (number === undefined) {
      this.#files.release(descriptor);
      return ERRNO.tooManyFiles;
    }
    return this.#memory.setU32(out, number) ? ERRNO.success : ERRNO.fault;
  }

  async stat(at: At, lookup: number, out: number): Promise<number> {
    const target = this.#target(at, RIGHT.pathStat);
    return typeof target === "number" ? target : this.#stat(target, (lookup & FOLLOW) !== 0, out);
  }

  /** Of an open directory. */
  statDirectory({ path }: DirectoryDescriptor, out: number): Promise<number> {
    return this.#stat({ path, climbs: false }, true, out);
  }

  async #stat(target: Pick<Target, "path" | "climbs">, follow: boolean, out: number): Promise<number> {
    const reply = await this.#files.ask({ op: "stat", path: target.path, follow });
    if (reply.type === "refused") return errnoAt(target, errnoOf(reply.reason));
    return this.#files.writeStat(decodeInfo(reply.body), out);
  }

  async setTimes(at: At, lookup: number, stamps: readonly [bigint, bigint, number]): Promise<number> {
    const target = this.#target(at, RIGHT.pathSetTimes);
    if (typeof target === "number") return target;
    const times = stampsOf(...stamps);
    if (times === "invalid") return ERRNO.invalid;
    this.#files.forget();
    const follow = (lookup & FOLLOW) !== 0;
    return errnoAt(target, await this.#files.plain({ op: "set-times", path: target.path, follow, times }));
  }

  /** Of an open directory. */
  setDirectoryTimes({ path }: DirectoryDescriptor, ...stamps: [bigint, bigint, number]): Answer {
    const times = stampsOf(...stamps);
    return times === "invalid" ? ERRNO.invalid : this.#files.plain({ op: "set-times", path, follow: true, times });
  }

  async makeDirectory(at: At): Promise<number> {
    const target = this.#target(at, RIGHT.createDirectory);
    if (typeof target === "number") return target;
    return errnoAt(target, await this.#files.plain({ op: "make-directory", path: target.path }));
  }

  async remove(at: At, kind: "file" | "directory"): Promise<number> {
    const target = this.#target(at, kind === "file" ? RIGHT.unlink : RIGHT.removeDirectory);
    if (typeof target === "number") return target;
    this.#files.forget();
    return errnoAt(target, await this.#files.plain({ op: "remove", path: target.path, kind }));
  }

  async rename(from: At, to: At): Promise<number> {
    return this.#both(from, to, { op: "rename", rights: [RIGHT.renameSource, RIGHT.renameTarget] });
  }

  /** A further name for a file. A symbolic link gets one itself, and is not followed. */
  async link(from: At, lookup: number, to: At): Promise<number> {
    if ((lookup & FOLLOW) !== 0) return ERRNO.invalid;
    return this.#both(from, to, { op: "link", rights: [RIGHT.linkSource, RIGHT.linkTarget] });
  }

  async #both(
    from: At,
    to: At,
    { op, rights }: { readonly op: "rename" | "link"; readonly rights: readonly [number, number] },
  ): Promise<number> {
    const source = this.#target(from, rights[0]);
    if (typeof source === "number") return source;
    const target = this.#target(to, rights[1]);
    if (typeof target === "number") return target;
    this.#files.forget();
    const climbs = source.climbs || target.climbs;
    return errnoAt({ climbs }, await this.#files.plain({ op, from: source.path, to: target.path }));
  }

  async symbolicLink(said: Span, at: At): Promise<number> {
    const text = this.#text(said);
    if (typeof text === "number") return text;
    const target = this.#target(at, RIGHT.symbolicLink);
    if (typeof target === "number") return target;
    // It would lead out of whatever is granted, and WASI has no absolute paths.
    if (text.startsWith("/")) return ERRNO.notCapable;
    return errnoAt(target, await this.#files.plain({ op: "make-link", path: target.path, target: text }));
  }

  /** Writes what a symbolic link says, as much as there is room for. */
  async readLink(at: At, room: Span, out: number): Promise<number> {
    const target = this.#target(at, RIGHT.readLink);
    if (typeof target === "number") return target;
    if (!this.#memory.holds(room.at, room.length)) return ERRNO.fault;
    const reply = await this.#files.ask({ op: "read-link", path: target.path });
    if (reply.type === "refused") return errnoAt(target, errnoOf(reply.reason));
    const part = reply.body.subarray(0, room.length);
    this.#memory.bytes.set(part, room.at);
    this.#gate.charge(part.length >>> COPY_SHIFT);
    return this.#memory.setU32(out, part.length) ? ERRNO.success : ERRNO.fault;
  }

  /** Writes directory entries from a cookie on, the last one cut where the room ends, as WASI wants it. */
  readDirectory(directory: DirectoryDescriptor, room: Span, cookie: number, out: number): Answer {
    if (cookie === 0) directory.entries = undefined;
    if (directory.entries !== undefined) return this.#writeEntries(directory.entries, room, cookie, out);
    return this.#files.ask({ op: "list", path: directory.path }).then((reply) => {
      if (reply.type === "refused") return errnoOf(reply.reason);
      const { inode, entries } = decodeListing(reply.body);
      // What is above may not be the guest's to know, so `..` has the number of `.`, as at a root.
      const dots = [".", ".."].map((name): DirectoryEntry => ({ name, kind: "directory", inode }));
      directory.entries = [...dots, ...entries];
      return this.#writeEntries(directory.entries, room, cookie, out);
    });
  }

  #writeEntries(entries: readonly DirectoryEntry[], room: Span, cookie: number, out: number): number {
    let used = 0;
    for (let index = cookie; index < entries.length && used < room.length; index += 1) {
      const entry = entries[index];
      if (entry === undefined) break;
      const name = Buffer.from(entry.name);
      const record = Buffer.alloc(ENTRY_HEAD_BYTES + name.length);
      record.writeBigUInt64LE(BigInt(index + 1), 0);
      record.writeBigUInt64LE(entry.inode, 8);
      record.writeUInt32LE(name.length, 16);
      record[20] = FILETYPE[entry.kind];
      name.copy(record, ENTRY_HEAD_BYTES);
      const part = record.subarray(0, room.length - used);
      this.#memory.bytes.set(part, room.at + used);
      used += part.length;
    }
    this.#gate.charge(used);
    return this.#memory.setU32(out, used) ? ERRNO.success : ERRNO.fault;
  }

  /** The broker's path for a guest's, or the error number. */
  #target({ directory: number, path }: At, right: number): Target | number {
    const directory = this.#descriptors.get(number);
    if (directory === undefined) return ERRNO.badDescriptor;
    if (directory.type !== "directory") return ERRNO.notDirectory;
    if (!isSubset(right, directory.rights)) return ERRNO.notCapable;
    const text = this.#text(path);
    if (typeof text === "number") return text;
    const joined = join(directory, text);
    return joined === undefined ? ERRNO.notCapable : { directory, path: joined, climbs: leadsOut(text) };
  }

  #text({ at, length }: Span): string | number {
    if (length > PATH_BYTES_MAX) return ERRNO.nameTooLong;
    const bytes = this.#memory.slice(at, length);
    if (bytes === undefined) return ERRNO.fault;
    if (length === 0) return ERRNO.noEntry;
    if (bytes.includes(0) || !isUtf8(bytes)) return ERRNO.badSequence;
    return Buffer.from(bytes).toString("utf8");
  }
}

/** What climbs out of its directory and is not granted there is, in WASI's words, beyond the descriptor's capability. */
const errnoAt = ({ climbs }: Pick<Target, "climbs">, errno: number): number =>
  climbs && errno === ERRNO.access ? ERRNO.notCapable : errno;
