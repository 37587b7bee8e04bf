import { isUtf8 } from "node:buffer";
import {
  decodeInfo,
  decodeOpened,
  type DirectoryEntry,
  type FileInfo,
  type IoReply,
  type IoRequest,
  PATH_BYTES_MAX,
} from "../wire/index.ts";
import {
  type Descriptor,
  type Descriptors,
  type DirectoryDescriptor,
  type FileDescriptor,
  join,
} from "./descriptors.ts";
import { ERRNO, errnoOf } from "./errno.ts";
import type { FileClient, Gate } from "./gate.ts";
import type { GuestMemory, Span } from "./guest-memory.ts";
import { ReadAhead } from "./read-ahead.ts";
import { COPY_SHIFT } from "./system.ts";

const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const APPEND = 1;
/** fd_write, fd_allocate, fd_filestat_set_size. */
const WRITE_RIGHTS = 0x40n | 0x100n | 0x400000n;
const WRITE_BYTES_MAX = 1024 * 1024;
const ENTRY_HEAD_BYTES = 24;
const FILETYPE = { directory: 3, file: 4 } as const;

export type Answer = number | Promise<number>;
export type Deps = {
  readonly memory: GuestMemory;
  readonly gate: Gate;
  readonly files: FileClient;
  readonly descriptors: Descriptors;
};

export type OpenInput = {
  readonly directory: number;
  readonly path: Span;
  readonly openFlags: number;
  readonly rights: bigint;
  readonly descriptorFlags: number;
  readonly out: number;
};

/** Files and directories: each function is one WASI call, gives its error number, and asks the broker for what it does not know. */
export class Files {
  readonly #memory: GuestMemory;
  readonly #gate: Gate;
  readonly #client: FileClient;
  readonly #descriptors: Descriptors;

  constructor({ memory, gate, files, descriptors }: Deps) {
    this.#memory = memory;
    this.#gate = gate;
    this.#client = files;
    this.#descriptors = descriptors;
  }

  async open({ directory, path, openFlags, rights, descriptorFlags, out }: OpenInput): Promise<number> {
    const target = this.#target(directory, path);
    if (typeof target === "number") return target;
    if ((openFlags & OPEN.directory) !== 0) return this.#openDirectory(target, out);
    const isWritable = (rights & WRITE_RIGHTS) !== 0n;
    const flags = {
      access: isWritable ? ("write" as const) : ("read" as const),
      create: (openFlags & OPEN.create) !== 0,
      exclusive: (openFlags & OPEN.exclusive) !== 0,
      truncate: (openFlags & OPEN.truncate) !== 0,
    };
    const reply = await this.#ask({ op: "open", path: target, flags });
    if (reply.type === "refused") {
      const isPlainRead = !isWritable && !flags.create && !flags.truncate;
      return reply.reason === "is-directory" && isPlainRead ? this.#openDirectory(target, out) : errnoOf(reply.reason);
    }
    const { handle, info } = decodeOpened(reply.body);
    return this.#give(
      {
        type: "file",
        handle,
        isWritable,
        reader: new ReadAhead(this.#client, handle),
        modifiedAtMs: info.modifiedAtMs,
        appends: (descriptorFlags & APPEND) !== 0,
        position: 0,
        bytes: info.bytes,
      },
      out,
    );
  }

  async #openDirectory(path: string, out: number): Promise<number> {
    const reply = await this.#ask({ op: "stat", path });
    if (reply.type === "refused") return errnoOf(reply.reason);
    if (decodeInfo(reply.body).kind !== "directory") return ERRNO.notDirectory;
    return this.#give({ type: "directory", path, isPreopened: false, entries: undefined }, out);
  }

  #give(descriptor: Descriptor, out: number): number {
    const number = this.#descriptors.add(descriptor);
    if (number === undefined) return ERRNO.tooManyFiles;
    return this.#memory.setU32(out, number) ? ERRNO.success : ERRNO.fault;
  }

  /** Reads into the spans from an offset; without one from the position, which moves. */
  read(file: FileDescriptor, spans: readonly Span[], offset: number | undefined, out: number): Answer {
    const from = offset ?? file.position;
    const wanted = spans.reduce((sum, { length }) => sum + length, 0);
    if (wanted === 0) return this.#finishRead(file, 0, offset, out);
    const known = file.reader.peek(from, wanted);
    if (known !== undefined) return this.#finishRead(file, this.#scatter(known, spans), offset, out);
    return this.#gate.suspend<Extract<IoReply, { type: "refused" }> | undefined, number>(
      (settle) => file.reader.fetch(from, settle),
      (refused) => {
        if (refused !== undefined) return errnoOf(refused.reason);
        const fetched = file.reader.peek(from, wanted);
        return fetched === undefined ? ERRNO.io : this.#finishRead(file, this.#scatter(fetched, spans), offset, out);
      },
    );
  }

  #finishRead(file: FileDescriptor, count: number, offset: number | undefined, out: number): number {
    if (offset === undefined) file.position += count;
    return this.#memory.setU32(out, count) ? ERRNO.success : ERRNO.fault;
  }

  #scatter(bytes: Buffer, spans: readonly Span[]): number {
    const memory = this.#memory.bytes;
    let copied = 0;
    for (const { at, length } of spans) {
      const part = bytes.subarray(copied, copied + length);
      memory.set(part, at);
      copied += part.length;
      if (copied === bytes.length) break;
    }
    this.#gate.charge(copied >>> COPY_SHIFT);
    return copied;
  }

  /** Writes the spans at an offset; without one at the position, or at the end when the file appends. */
  async write(file: FileDescriptor, spans: readonly Span[], offset: number | undefined, out: number): Promise<number> {
    if (!file.isWritable) return ERRNO.badDescriptor;
    const bytes = this.#gather(spans);
    const at = offset ?? (file.appends ? file.bytes : file.position);
    const reply = await this.#ask({ op: "write", handle: file.handle, offset: at, bytes });
    if (reply.type === "refused") return errnoOf(reply.reason);
    const count = reply.body.readDoubleLE(0);
    file.reader.drop();
    file.bytes = Math.max(file.bytes, at + count);
    if (offset === undefined) file.position = at + count;
    return this.#memory.setU32(out, count) ? ERRNO.success : ERRNO.fault;
  }

  /** At most `WRITE_BYTES_MAX`: a guest that has more sees a short write and comes again. */
  #gather(spans: readonly Span[]): Buffer {
    const total = spans.reduce((sum, { length }) => sum + length, 0);
    const bytes = Buffer.allocUnsafe(Math.min(total, WRITE_BYTES_MAX));
    const memory = this.#memory.bytes;
    let filled = 0;
    for (const { at, length } of spans) {
      const count = Math.min(length, bytes.length - filled);
      bytes.set(memory.subarray(at, at + count), filled);
      filled += count;
    }
    this.#gate.charge(bytes.length >>> COPY_SHIFT);
    return bytes;
  }

  async resize(file: FileDescriptor, bytes: number): Promise<number> {
    if (!file.isWritable) return ERRNO.invalid;
    const reply = await this.#ask({ op: "truncate", handle: file.handle, bytes });
    if (reply.type === "refused") return errnoOf(reply.reason);
    file.reader.drop();
    file.bytes = bytes;
    return ERRNO.success;
  }

  close(number: number): number {
    const descriptor = this.#descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    this.release(descriptor);
    // Streams and preopened directories stay: a guest that closes its output by mistake could never answer again.
    if (descriptor.type === "file" || (descriptor.type === "directory" && !descriptor.isPreopened)) {
      this.#descriptors.remove(number);
    }
    return ERRNO.success;
  }

  /** Tells the broker that a file is no longer used; nobody waits for that. */
  release(descriptor: Descriptor): void {
    if (descriptor.type === "file") this.#client({ op: "close", handle: descriptor.handle }, () => {});
  }

  async stat(directory: number, path: Span, out: number): Promise<number> {
    const target = this.#target(directory, path);
    if (typeof target === "number") return target;
    const reply = await this.#ask({ op: "stat", path: target });
    return reply.type === "refused" ? errnoOf(reply.reason) : this.writeStat(decodeInfo(reply.body), out);
  }

  writeStat({ kind, bytes, modifiedAtMs }: FileInfo, out: number): number {
    const slot = this.#memory.slice(out, 64);
    if (slot === undefined) return ERRNO.fault;
    slot.fill(0);
    const view = this.#memory.view;
    const time = BigInt(Math.floor(modifiedAtMs)) * 1_000_000n;
    slot[16] = FILETYPE[kind];
    view.setBigUint64(out + 24, 1n, true);
    view.setBigUint64(out + 32, BigInt(bytes), true);
    for (const field of [40, 48, 56]) view.setBigUint64(out + field, time, true);
    return ERRNO.success;
  }

  async makeDirectory(directory: number, path: Span): Promise<number> {
    const target = this.#target(directory, path);
    return typeof target === "number" ? target : this.#plain({ op: "make-directory", path: target });
  }

  async remove(directory: number, path: Span, kind: FileInfo["kind"]): Promise<number> {
    const target = this.#target(directory, path);
    return typeof target === "number" ? target : this.#plain({ op: "remove", path: target, kind });
  }

  async rename(from: readonly [number, Span], to: readonly [number, Span]): Promise<number> {
    const source = this.#target(...from);
    if (typeof source === "number") return source;
    const target = this.#target(...to);
    return typeof target === "number" ? target : this.#plain({ op: "rename", from: source, to: target });
  }

  async #plain(request: IoRequest): Promise<number> {
    const reply = await this.#ask(request);
    return reply.type === "refused" ? errnoOf(reply.reason) : ERRNO.success;
  }

  /** Writes directory entries from a cookie on, the last one cut where the room ends, as WASI wants it. */
  readDirectory(directory: DirectoryDescriptor, room: Span, cookie: number, out: number): Answer {
    if (cookie === 0) directory.entries = undefined;
    if (directory.entries !== undefined) return this.#writeEntries(directory.entries, room, cookie, out);
    return this.#ask({ op: "list", path: directory.path }).then((reply) => {
      if (reply.type === "refused") return errnoOf(reply.reason);
      directory.entries = decodeEntries(reply.body);
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
  #target(number: number, { at, length }: Span): string | number {
    const directory = this.#descriptors.get(number);
    if (directory === undefined) return ERRNO.badDescriptor;
    if (directory.type !== "directory") return ERRNO.notDirectory;
    if (length > PATH_BYTES_MAX) return ERRNO.nameTooLong;
    const bytes = this.#memory.slice(at, length);
    if (bytes === undefined) return ERRNO.fault;
    if (bytes.includes(0) || !isUtf8(bytes)) return ERRNO.badSequence;
    return join(directory, Buffer.from(bytes).toString("utf8")) ?? ERRNO.notCapable;
  }

  #ask(request: IoRequest): Promise<IoReply> {
    return this.#gate.suspend<IoReply, IoReply>(
      (settle) => this.#client(request, settle),
      (reply) => reply,
    );
  }
}

function decodeEntries(body: Buffer): readonly DirectoryEntry[] {
  const listed: readonly (readonly [string, 0 | 1])[] = JSON.parse(body.toString("utf8"));
  return listed.map(([name, kind]) => ({ name, kind: kind === 0 ? "file" : "directory" }));
}
