import { type Descriptor, Descriptors } from "./descriptors.ts";
import { ERRNO } from "./errno.ts";
import { type Answer, Files } from "./files.ts";
import type { FileClient, Gate } from "./gate.ts";
import { GuestMemory, type Span } from "./guest-memory.ts";
import type { Stdio } from "./stdio.ts";
import { COPY_SHIFT, System, type SystemSettings } from "./system.ts";

const FILETYPE = { character: 2, directory: 3, file: 4 } as const;
/** All rights: what is allowed is decided at each use. */
const RIGHTS = 0x1fff_ffffn;
/** Directories carry every right but those to read, write or seek as a file. */
const DIRECTORY_RIGHTS = RIGHTS & ~0x66n;
/** Reading and writing alone: a stream that may seek is taken for a file. */
const STREAM_RIGHTS = 0x42n;
const APPEND = 1;
const WHENCE = { start: 0, current: 1, end: 2 } as const;

export type WasiDeps = {
  readonly gate: Gate;
  readonly files: FileClient;
  readonly stdio: Stdio;
  /** Ends the guest from inside an import. */
  readonly exit: (code: number) => never;
};

/** One guest's WASI preview 1. Numbers that come from the guest are made unsigned by `imports` before they get here. */
export class Wasi {
  readonly memory = new GuestMemory();
  readonly descriptors = new Descriptors();
  readonly files: Files;
  readonly system: System;
  readonly stdio: Stdio;
  readonly gate: Gate;
  readonly exit: (code: number) => never;

  constructor({ gate, files, stdio, exit }: WasiDeps, settings: SystemSettings) {
    this.gate = gate;
    this.stdio = stdio;
    this.exit = exit;
    this.system = new System(this.memory, gate, settings);
    this.files = new Files({ memory: this.memory, gate, files, descriptors: this.descriptors });
  }

  read(number: number, vectors: number, count: number, out: number): Answer {
    return this.#read(number, this.memory.vectors(vectors, count), undefined, out);
  }

  readAt(number: number, vectors: readonly [number, number], offset: bigint, out: number): Answer {
    return this.#read(number, this.memory.vectors(...vectors), offset, out);
  }

  #read(number: number, spans: readonly Span[] | undefined, offset: bigint | undefined, out: number): Answer {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    if (descriptor.type === "directory") return ERRNO.isDirectory;
    if (spans === undefined || !this.memory.holds(out, 4)) return ERRNO.fault;
    if (descriptor.type === "file") {
      const at = offset === undefined ? undefined : safe(offset);
      return at === "unsafe" ? ERRNO.invalid : this.files.read(descriptor, spans, at, out);
    }
    if (offset !== undefined) return ERRNO.seekPipe;
    if (descriptor.stream !== 0) return ERRNO.badDescriptor;
    if (this.stdio.hasInput || spans.every(({ length }) => length === 0)) return this.#takeInput(spans, out);
    return this.gate.suspend<void, number>(
      (settle) => void this.stdio.await(false, settle),
      () => this.#takeInput(spans, out),
    );
  }

  #takeInput(spans: readonly Span[], out: number): number {
    const memory = this.memory.bytes;
    let total = 0;
    for (const { at, length } of spans) {
      const taken = this.stdio.take(memory, at, length);
      total += taken;
      if (taken < length) break;
    }
    this.gate.charge(total >>> COPY_SHIFT);
    return this.memory.setU32(out, total) ? ERRNO.success : ERRNO.fault;
  }

  write(number: number, vectors: number, count: number, out: number): Answer {
    return this.#write(number, this.memory.vectors(vectors, count), undefined, out);
  }

  writeAt(number: number, vectors: readonly [number, number], offset: bigint, out: number): Answer {
    return this.#write(number, this.memory.vectors(...vectors), offset, out);
  }

  #write(number: number, spans: readonly Span[] | undefined, offset: bigint | undefined, out: number): Answer {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined || descriptor.type === "directory") return ERRNO.badDescriptor;
    if (spans === undefined || !this.memory.holds(out, 4)) return ERRNO.fault;
    if (descriptor.type === "file") {
      const at = offset === undefined ? undefined : safe(offset);
      return at === "unsafe" ? ERRNO.invalid : this.files.write(descriptor, spans, at, out);
    }
    if (offset !== undefined) return ERRNO.seekPipe;
    if (descriptor.stream === 0) return ERRNO.badDescriptor;
    const memory = this.memory.bytes;
    let total = 0;
    for (const { at, length } of spans) {
      if (descriptor.stream === 1) this.stdio.write(memory, at, length);
      else this.stdio.writeError(memory.subarray(at, at + length));
      total += length;
    }
    this.gate.charge(total >>> COPY_SHIFT);
    return this.memory.setU32(out, total) ? ERRNO.success : ERRNO.fault;
  }

  seek(number: number, offset: bigint, whence: number, out: number): number {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    if (descriptor.type !== "file") return ERRNO.seekPipe;
    if (whence > WHENCE.end) return ERRNO.invalid;
    const base = whence === WHENCE.start ? 0 : whence === WHENCE.current ? descriptor.position : descriptor.bytes;
    const position = base + Number(offset);
    if (!Number.isSafeInteger(position) || position < 0) return ERRNO.invalid;
    descriptor.position = position;
    return this.memory.setU64(out, BigInt(position)) ? ERRNO.success : ERRNO.fault;
  }

  descriptorStat(number: number, out: number): number {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    const slot = this.memory.slice(out, 24);
    if (slot === undefined) return ERRNO.fault;
    slot.fill(0);
    const [type, rights] = KINDS[descriptor.type];
    slot[0] = type;
    slot[2] = descriptor.type === "file" && descriptor.appends ? APPEND : 0;
    const view = this.memory.view;
    view.setBigUint64(out + 8, rights, true);
    view.setBigUint64(out + 16, descriptor.type === "directory" ? RIGHTS : 0n, true);
    return ERRNO.success;
  }

  setDescriptorFlags(number: number, flags: number): number {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    if (descriptor.type === "file") descriptor.appends = (flags & APPEND) !== 0;
    return ERRNO.success;
  }

  fileStat(number: number, out: number): number | Promise<number> {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    if (descriptor.type === "directory") return this.files.stat(number, { at: 0, length: 0 }, out);
    if (descriptor.type === "file") {
      const { bytes, modifiedAtMs } = descriptor;
      return this.files.writeStat({ kind: "file", bytes, modifiedAtMs }, out);
    }
    const written = this.files.writeStat({ kind: "file", bytes: 0, modifiedAtMs: 0 }, out);
    if (written === ERRNO.success) this.memory.bytes[out + 16] = FILETYPE.character;
    return written;
  }

  setSize(number: number, bytes: bigint): Answer {
    const descriptor = this.descriptors.get(number);
    if (descriptor?.type !== "file") return ERRNO.badDescriptor;
    const size = safe(bytes);
    return size === "unsafe" ? ERRNO.fileTooBig : this.files.resize(descriptor, size);
  }

  preopenStat(number: number, out: number): number {
    const path = this.#preopened(number);
    if (path === undefined) return ERRNO.badDescriptor;
    if (!this.memory.holds(out, 8)) return ERRNO.fault;
    this.memory.view.setUint32(out, 0, true);
    this.memory.view.setUint32(out + 4, path.length, true);
    return ERRNO.success;
  }

  preopenName(number: number, at: number, length: number): number {
    const path = this.#preopened(number);
    if (path === undefined) return ERRNO.badDescriptor;
    if (length < path.length) return ERRNO.nameTooLong;
    const target = this.memory.slice(at, path.length);
    if (target === undefined) return ERRNO.fault;
    target.set(Buffer.from(path));
    return ERRNO.success;
  }

  #preopened(number: number): string | undefined {
    const descriptor = this.descriptors.get(number);
    return descriptor?.type === "directory" && descriptor.isPreopened ? descriptor.path : undefined;
  }

  readDirectory(number: number, room: Span, cookie: bigint, out: number): Answer {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    if (descriptor.type !== "directory") return ERRNO.notDirectory;
    const from = safe(cookie);
    if (from === "unsafe") return ERRNO.invalid;
    if (!this.memory.holds(room.at, room.length)) return ERRNO.fault;
    return this.files.readDirectory(descriptor, room, from, out);
  }

  renumber(from: number, to: number): number {
    const source = this.descriptors.get(from);
    const target = this.descriptors.get(to);
    if (!isMovable(source) || !isMovable(target)) return ERRNO.badDescriptor;
    if (from === to) return ERRNO.success;
    this.files.release(target);
    this.descriptors.move(from, to, source);
    return ERRNO.success;
  }

  /** Success for a descriptor that is there: for calls that have nothing to do here. */
  exists(number: number): number {
    return this.descriptors.get(number) === undefined ? ERRNO.badDescriptor : ERRNO.success;
  }
}

const KINDS = {
  stream: [FILETYPE.character, STREAM_RIGHTS],
  directory: [FILETYPE.directory, DIRECTORY_RIGHTS],
  file: [FILETYPE.file, RIGHTS],
} as const;

const isMovable = (descriptor: Descriptor | undefined): descriptor is Descriptor =>
  descriptor?.type === "file" || (descriptor?.type === "directory" && !descriptor.isPreopened);

/** A 64-bit number from the guest as an offset; wasm hands it over signed. */
const safe = (value: bigint): number | "unsafe" => {
  const unsigned = BigInt.asUintN(64, value);
  return unsigned <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(unsigned) : "unsafe";
};
