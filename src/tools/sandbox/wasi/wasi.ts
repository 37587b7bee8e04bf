import { type Descriptor, Descriptors, FLAG, FLAGS_ALL } from "./descriptors.ts";
import { ERRNO } from "./errno.ts";
import { type Answer, Files, FILETYPE, stampsOf } from "./files.ts";
import type { FileClient, HostBridge } from "./host-bridge.ts";
import { GuestMemory, type Span } from "./guest-memory.ts";
import { Paths } from "./paths.ts";
import { isSubset, RIGHT, rightsOf } from "./rights.ts";
import type { Streams } from "./stdio.ts";
import { COPY_SHIFT, System, type SystemSettings } from "./system.ts";

const WHENCE = { start: 0, current: 1, end: 2 } as const;
const ADVICE_LAST = 5;
/** What a signal's number adds to make an exit code, as shells have it. */
const SIGNAL_EXIT = 128;
const SIGNAL_LAST = 30;
/** Child, continue, urgent data and window size: a process that does not handle them continues. */
const SIGNALS_IGNORED: ReadonlySet<number> = new Set([0, 16, 17, 22, 27]);
/** Stop: a stopped guest could not be continued. */
const SIGNALS_STOPPING: ReadonlySet<number> = new Set([18, 19, 20, 21]);

export type WasiDeps = {
  readonly gate: HostBridge;
  readonly files: FileClient;
  readonly stdio: Streams;
  /** Ends the guest from inside an import. */
  readonly exit: (code: number) => never;
  /** Names of the directories that are open from the start; by default `/` and `.`. */
  readonly preopened?: readonly string[] | undefined;
};

/** One guest's WASI preview 1. Numbers that come from the guest are made unsigned by `imports` before they get here. */
export class Wasi {
  readonly memory = new GuestMemory();
  readonly descriptors: Descriptors;
  readonly files: Files;
  readonly paths: Paths;
  readonly system: System;
  readonly stdio: Streams;
  readonly gate: HostBridge;
  readonly exit: (code: number) => never;

  constructor({ gate, files, stdio, exit, preopened }: WasiDeps, settings: SystemSettings) {
    this.gate = gate;
    this.stdio = stdio;
    this.exit = exit;
    this.descriptors = new Descriptors(preopened);
    this.system = new System(this.memory, gate, settings);
    const deps = { memory: this.memory, gate, files, descriptors: this.descriptors };
    this.files = new Files(deps);
    this.paths = new Paths(deps, this.files);
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
    if ((descriptor.rights & RIGHT.read) === 0) return ERRNO.badDescriptor;
    if (spans === undefined || !this.memory.holds(out, 4)) return ERRNO.fault;
    if (descriptor.type === "file") {
      const at = offset === undefined ? undefined : safe(offset);
      return at === "unsafe" ? ERRNO.invalid : this.files.read(descriptor, spans, at, out);
    }
    if (offset !== undefined) return ERRNO.seekPipe;
    if (this.stdio.hasInput || spans.every(({ length }) => length === 0)) return this.#takeInput(spans, out);
    if ((descriptor.flags & FLAG.nonBlocking) !== 0) return ERRNO.again;
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
    if (descriptor === undefined || (descriptor.rights & RIGHT.write) === 0) return ERRNO.badDescriptor;
    if (spans === undefined || !this.memory.holds(out, 4)) return ERRNO.fault;
    if (descriptor.type === "file") {
      const at = offset === undefined ? undefined : safe(offset);
      return at === "unsafe" ? ERRNO.invalid : this.files.write(descriptor, spans, at, out);
    }
    if (descriptor.type === "directory") return ERRNO.badDescriptor;
    if (offset !== undefined) return ERRNO.seekPipe;
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
    if (descriptor === undefined || descriptor.type === "directory") return ERRNO.badDescriptor;
    if (descriptor.type === "stream") return ERRNO.seekPipe;
    // The right to seek includes asking for the position, which is a seek by 0.
    const isPositionQuery = whence === WHENCE.current && offset === 0n;
    if ((descriptor.rights & (isPositionQuery ? RIGHT.seek | RIGHT.position : RIGHT.seek)) === 0)
      return ERRNO.notCapable;
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
    slot[0] = TYPE[descriptor.type];
    slot[2] = descriptor.flags;
    const view = this.memory.view;
    view.setBigUint64(out + 8, BigInt(descriptor.rights), true);
    view.setBigUint64(out + 16, BigInt(descriptor.inheriting), true);
    return ERRNO.success;
  }

  setDescriptorFlags(number: number, flags: number): number {
    const descriptor = this.#with(number, RIGHT.setFlags);
    if (typeof descriptor === "number") return descriptor;
    if ((flags & ~FLAGS_ALL) !== 0) return ERRNO.invalid;
    descriptor.flags = flags;
    return ERRNO.success;
  }

  /** Rights can be dropped and never come back. */
  setDescriptorRights(number: number, rights: bigint, inheriting: bigint): number {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    const kept = rightsOf(rights);
    const passed = rightsOf(inheriting);
    if (!isSubset(kept, descriptor.rights) || !isSubset(passed, descriptor.inheriting)) return ERRNO.notCapable;
    descriptor.rights = kept;
    descriptor.inheriting = passed;
    return ERRNO.success;
  }

  fileStat(number: number, out: number): Answer {
    const descriptor = this.#with(number, RIGHT.stat);
    if (typeof descriptor === "number") return descriptor;
    if (descriptor.type === "directory") return this.paths.statDirectory(descriptor, out);
    if (descriptor.type === "file") return this.files.stat(descriptor, out);
    const slot = this.memory.slice(out, 64);
    if (slot === undefined) return ERRNO.fault;
    slot.fill(0);
    slot[16] = FILETYPE.character;
    this.memory.view.setBigUint64(out + 24, 1n, true);
    return ERRNO.success;
  }

  setSize(number: number, bytes: bigint): Answer {
    const file = this.#file(number, RIGHT.setSize);
    if (typeof file === "number") return file;
    const size = safe(bytes);
    return size === "unsafe" ? ERRNO.fileTooBig : this.files.resize(file, size);
  }

  allocate(number: number, offset: bigint, length: bigint): Answer {
    const file = this.#file(number, RIGHT.allocate);
    if (typeof file === "number") return file;
    const from = safe(offset);
    const count = safe(length);
    if (from === "unsafe" || count === "unsafe" || !Number.isSafeInteger(from + count)) return ERRNO.fileTooBig;
    return count === 0 ? ERRNO.invalid : this.files.allocate(file, from + count);
  }

  setTimes(number: number, accessed: bigint, modified: bigint, flags: number): Answer {
    const descriptor = this.#with(number, RIGHT.setTimes);
    if (typeof descriptor === "number") return descriptor;
    if (descriptor.type === "stream") return ERRNO.badDescriptor;
    if (descriptor.type === "directory") return this.paths.setDirectoryTimes(descriptor, accessed, modified, flags);
    const times = stampsOf(accessed, modified, flags);
    return times === "invalid" ? ERRNO.invalid : this.files.setTimes(descriptor, times);
  }

  sync(number: number, right: number): Answer {
    const descriptor = this.#with(number, right);
    if (typeof descriptor === "number") return descriptor;
    return descriptor.type === "file" ? this.files.sync(descriptor) : ERRNO.success;
  }

  /** Advice is heard and not followed: what is read one after another is read ahead anyway. */
  advise(number: number, advice: number): number {
    const file = this.#file(number, RIGHT.advise);
    if (typeof file === "number") return file;
    return advice > ADVICE_LAST ? ERRNO.invalid : ERRNO.success;
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
    if ((descriptor.rights & RIGHT.readDirectory) === 0) return ERRNO.notCapable;
    const from = safe(cookie);
    if (from === "unsafe") return ERRNO.invalid;
    if (!this.memory.holds(room.at, room.length)) return ERRNO.fault;
    return this.paths.readDirectory(descriptor, room, from, out);
  }

  renumber(from: number, to: number): number {
    const source = this.descriptors.get(from);
    const target = this.descriptors.get(to);
    if (source === undefined || target === undefined) return ERRNO.badDescriptor;
    if (from === to) return ERRNO.success;
    this.files.release(target);
    this.descriptors.move(from, to, source);
    return ERRNO.success;
  }

  raise(signal: number): number {
    if (signal > SIGNAL_LAST) return ERRNO.invalid;
    if (SIGNALS_STOPPING.has(signal)) return ERRNO.notSupported;
    return SIGNALS_IGNORED.has(signal) ? ERRNO.success : this.exit(SIGNAL_EXIT + signal);
  }

  /** No descriptor is a socket. */
  socket(number: number): number {
    return this.descriptors.get(number) === undefined ? ERRNO.badDescriptor : ERRNO.notSocket;
  }

  #with(number: number, right: number): Descriptor | number {
    const descriptor = this.descriptors.get(number);
    if (descriptor === undefined) return ERRNO.badDescriptor;
    return (descriptor.rights & right) === 0 ? ERRNO.notCapable : descriptor;
  }

  #file(number: number, right: number): Extract<Descriptor, { type: "file" }> | number {
    const descriptor = this.descriptors.get(number);
    if (descriptor?.type !== "file") return ERRNO.badDescriptor;
    return (descriptor.rights & right) === 0 ? ERRNO.notCapable : descriptor;
  }
}

const TYPE = { stream: FILETYPE.character, directory: FILETYPE.directory, file: FILETYPE.file } as const;

/** A 64-bit number from the guest as an offset; wasm hands it over signed. */
const safe = (value: bigint): number | "unsafe" => {
  const unsigned = BigInt.asUintN(64, value);
  return unsigned <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(unsigned) : "unsafe";
};
