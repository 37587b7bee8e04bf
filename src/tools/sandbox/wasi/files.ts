import {
  decodeAppended,
  decodeInfo,
  type FileInfo,
  type IoReply,
  type IoRequest,
  type Stamp,
  type Stamps,
} from "../wire/index.ts";
import { type Descriptor, type Descriptors, type FileDescriptor, FLAG } from "./descriptors.ts";
import { ERRNO, errnoOf } from "./errno.ts";
import type { FileClient, HostBridge } from "./host-bridge.ts";
import type { GuestMemory, Span } from "./guest-memory.ts";
import { COPY_SHIFT } from "./system.ts";

const WRITE_BYTES_MAX = 1024 * 1024;
export const FILETYPE = { character: 2, directory: 3, file: 4, link: 7 } as const;
const TIMES = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;
const TIMES_ALL = 15;
const STAT_BYTES = 64;

export type Answer = number | Promise<number>;
export type FileDeps = {
  readonly memory: GuestMemory;
  readonly gate: HostBridge;
  readonly files: FileClient;
  readonly descriptors: Descriptors;
};

/** Open files: each function is one WASI call, gives its error number, and asks the broker for what it does not know. */
export class Files {
  readonly #memory: GuestMemory;
  readonly #gate: HostBridge;
  readonly #client: FileClient;
  readonly #descriptors: Descriptors;

  constructor({ memory, gate, files, descriptors }: FileDeps) {
    this.#memory = memory;
    this.#gate = gate;
    this.#client = files;
    this.#descriptors = descriptors;
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
    const bytes = this.#gather(spans);
    const { handle } = file;
    const appends = offset === undefined && (file.flags & FLAG.append) !== 0;
    const at = offset ?? file.position;
    const reply = await this.ask(
      appends ? { op: "append", handle, bytes } : { op: "write", handle, offset: at, bytes },
    );
    if (reply.type === "refused") return errnoOf(reply.reason);
    const count = reply.body.readDoubleLE(0);
    const end = appends ? decodeAppended(reply.body).end : at + count;
    this.#changed(file, (size) => Math.max(size, end));
    if (offset === undefined) file.position = end;
    if ((file.flags & (FLAG.sync | FLAG.dataSync)) !== 0) await this.ask({ op: "sync", handle });
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

  /** What was read ahead of the same file, by this descriptor or another, is no longer true. */
  #changed({ device, inode }: FileDescriptor, sizeAfter: (size: number) => number): void {
    for (const other of this.#descriptors.all()) {
      if (other.type !== "file" || other.inode !== inode || other.device !== device) continue;
      other.reader.drop();
      other.info = undefined;
      other.bytes = sizeAfter(other.bytes);
    }
  }

  async resize(file: FileDescriptor, bytes: number): Promise<number> {
    const reply = await this.ask({ op: "truncate", handle: file.handle, bytes });
    if (reply.type === "refused") return errnoOf(reply.reason);
    this.#changed(file, () => bytes);
    return ERRNO.success;
  }

  /** Makes the file reach so far; what is there stays. */
  async allocate(file: FileDescriptor, end: number): Promise<number> {
    const info = await this.#fresh(file);
    if (typeof info === "number") return info;
    return info.bytes >= end ? ERRNO.success : this.resize(file, end);
  }

  sync(file: FileDescriptor): Promise<number> {
    return this.plain({ op: "sync", handle: file.handle });
  }

  async setTimes(file: FileDescriptor, times: Stamps): Promise<number> {
    file.info = undefined;
    return this.plain({ op: "set-file-times", handle: file.handle, times });
  }

  /** What was said at opening is good for one question, so that programs which ask once, at once, need not wait. */
  stat(file: FileDescriptor, out: number): Answer {
    const { info } = file;
    file.info = undefined;
    if (info !== undefined) return this.writeStat(info, out);
    return this.#fresh(file).then((fresh) => (typeof fresh === "number" ? fresh : this.writeStat(fresh, out)));
  }

  async #fresh(file: FileDescriptor): Promise<FileInfo | number> {
    const reply = await this.ask({ op: "file-stat", handle: file.handle });
    if (reply.type === "refused") return errnoOf(reply.reason);
    const info = decodeInfo(reply.body);
    file.bytes = info.bytes;
    return info;
  }

  /** Forgets what is known of open files: a name was given or taken, or a time set. */
  forget(): void {
    for (const descriptor of this.#descriptors.all()) if (descriptor.type === "file") descriptor.info = undefined;
  }

  close(number: number): number {
    const descriptor = this.#descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    this.release(descriptor);
    this.#descriptors.remove(number);
    return ERRNO.success;
  }

  /** Reports to the broker that a file is no longer used, without waiting. */
  release(descriptor: Descriptor): void {
    if (descriptor.type === "file") this.#client({ op: "close", handle: descriptor.handle }, () => {});
  }

  writeStat(info: FileInfo, out: number): number {
    const slot = this.#memory.slice(out, STAT_BYTES);
    if (slot === undefined) return ERRNO.fault;
    slot.fill(0);
    slot[16] = FILETYPE[info.kind];
    const { device, inode, links, bytes, accessedNs, modifiedNs, changedNs } = info;
    const view = this.#memory.view;
    view.setBigUint64(out, device, true);
    view.setBigUint64(out + 8, inode, true);
    for (const [index, value] of [links, BigInt(bytes), accessedNs, modifiedNs, changedNs].entries()) {
      view.setBigUint64(out + 24 + 8 * index, value, true);
    }
    return ERRNO.success;
  }

  async plain(request: IoRequest): Promise<number> {
    const reply = await this.ask(request);
    return reply.type === "refused" ? errnoOf(reply.reason) : ERRNO.success;
  }

  ask(request: IoRequest): Promise<IoReply> {
    return this.#gate.suspend<IoReply, IoReply>(
      (settle) => this.#client(request, settle),
      (reply) => reply,
    );
  }
}

/** Times as a guest asks for them; "invalid" when it asks for two at once. */
export function stampsOf(accessed: bigint, modified: bigint, flags: number): Stamps | "invalid" {
  if ((flags & ~TIMES_ALL) !== 0) return "invalid";
  const one = stampOf(BigInt.asUintN(64, accessed), (flags & TIMES.accessed) !== 0, (flags & TIMES.accessedNow) !== 0);
  const other = stampOf(
    BigInt.asUintN(64, modified),
    (flags & TIMES.modified) !== 0,
    (flags & TIMES.modifiedNow) !== 0,
  );
  return one === "invalid" || other === "invalid" ? "invalid" : { accessed: one, modified: other };
}

function stampOf(given: bigint, isGiven: boolean, isNow: boolean): Stamp | "invalid" {
  if (isGiven) return isNow ? "invalid" : given;
  return isNow ? "now" : "keep";
}
