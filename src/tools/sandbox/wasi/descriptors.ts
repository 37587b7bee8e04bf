import type { DirectoryEntry, FileInfo } from "../wire/index.ts";
import type { ReadAhead } from "./read-ahead.ts";
import { ALL_RIGHTS, DIRECTORY_RIGHTS, RIGHT, STREAM_RIGHTS } from "./rights.ts";

/** What every descriptor has; `rights` and `inheriting` only shrink. */
type OpenDescriptor = { rights: number; inheriting: number; flags: number };

export type StreamDescriptor = OpenDescriptor & { readonly type: "stream"; readonly stream: 0 | 1 | 2 };

export type DirectoryDescriptor = OpenDescriptor & {
  readonly type: "directory";
  /** As the broker gets it: "." is the server's directory, "/" the root. */
  readonly path: string;
  readonly isPreopened: boolean;
  /** What it holds, from the moment its reading began. */
  entries: readonly DirectoryEntry[] | undefined;
};

export type FileDescriptor = OpenDescriptor & {
  readonly type: "file";
  readonly handle: number;
  readonly device: bigint;
  readonly inode: bigint;
  readonly reader: ReadAhead;
  /** What the broker said of it last, for the guest to ask once; undefined when it has to be asked again. */
  info: FileInfo | undefined;
  position: number;
  bytes: number;
};

export type Descriptor = StreamDescriptor | DirectoryDescriptor | FileDescriptor;

export const FLAG = { append: 1, dataSync: 2, nonBlocking: 4, readSync: 8, sync: 16 } as const;
export const FLAGS_ALL = 31;

/** Open descriptors of one guest. The broker has a smaller limit for files. */
export const DESCRIPTORS_MAX = 256;
const NUMBER_MAX = 2 ** 31 - 1;

/**
 * The preopened directories from number 3 on. The C library takes both names for the same prefix and asks the last one
 * first, so that relative paths have to come last.
 */
export const PREOPENED: readonly string[] = ["/", "."];

/**
 * The guest's table of open files: 0 to 2 are its streams, then come the preopened directories; the rest belongs to
 * one call.
 */
export class Descriptors {
  readonly #standard: readonly Descriptor[];
  readonly #table = new Map<number, Descriptor>();
  /** Whether the table is not as it was in the beginning. */
  #isChanged = false;

  constructor(preopened: readonly string[] = PREOPENED) {
    const streams = ([0, 1, 2] as const).map((stream): Descriptor => ({
      type: "stream",
      stream,
      rights: STREAM_RIGHTS | (stream === 0 ? RIGHT.read : RIGHT.write),
      inheriting: 0,
      flags: 0,
    }));
    const directories = preopened.map((path): Descriptor => ({
      type: "directory",
      path,
      isPreopened: true,
      entries: undefined,
      rights: DIRECTORY_RIGHTS,
      inheriting: ALL_RIGHTS,
      flags: 0,
    }));
    this.#standard = [...streams, ...directories];
    for (const [number, descriptor] of this.#standard.entries()) this.#table.set(number, descriptor);
  }

  get(number: number): Descriptor | undefined {
    return this.#table.get(number);
  }

  all(): Iterable<Descriptor> {
    return this.#table.values();
  }

  /** The lowest free number; undefined when the table is full. */
  add(descriptor: Descriptor): number | undefined {
    if (this.#table.size >= DESCRIPTORS_MAX) return undefined;
    let number = this.#standard.length;
    while (this.#table.has(number) && number < NUMBER_MAX) number += 1;
    this.#table.set(number, descriptor);
    this.#isChanged = true;
    return number;
  }

  remove(number: number): void {
    this.#table.delete(number);
    this.#isChanged = true;
  }

  move(from: number, to: number, descriptor: Descriptor): void {
    this.#table.delete(from);
    this.#table.set(to, descriptor);
    this.#isChanged = true;
  }

  /**
   * Forgets what one call opened; the caller closes its files. Streams and preopened directories that it
   * closed are there again, those that it moved stay where they are.
   */
  endCall(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const kept = new Set<Descriptor>();
    for (const [number, descriptor] of this.#table) {
      if (this.#standard.includes(descriptor)) kept.add(descriptor);
      else this.#table.delete(number);
    }
    for (const [number, descriptor] of this.#standard.entries()) {
      if (!kept.has(descriptor) && !this.#table.has(number)) this.#table.set(number, descriptor);
    }
    this.#isChanged = this.#standard.some((descriptor, number) => this.#table.get(number) !== descriptor);
  }
}

/** Where a path that the guest gave relative to a directory leads; undefined where WASI forbids it. */
export function join(directory: DirectoryDescriptor, path: string): string | undefined {
  if (path.startsWith("/")) return undefined;
  // What is above the server's directory may be granted, so the broker decides; elsewhere a directory is an end.
  if (directory.path !== "." && leadsOut(path)) return undefined;
  if (directory.path === ".") return path;
  return directory.path.endsWith("/") ? `${directory.path}${path}` : `${directory.path}/${path}`;
}

/** Whether a relative path climbs above its start, by its text. */
export function leadsOut(path: string): boolean {
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
