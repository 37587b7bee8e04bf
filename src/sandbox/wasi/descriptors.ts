import type { DirectoryEntry } from "../wire/index.ts";
import type { ReadAhead } from "./read-ahead.ts";

export type StreamDescriptor = { readonly type: "stream"; readonly stream: 0 | 1 | 2 };

export type DirectoryDescriptor = {
  readonly type: "directory";
  /** As the broker is told: "." is the server's directory, "/" the root. */
  readonly path: string;
  readonly isPreopened: boolean;
  /** What it holds, from the moment its reading began. */
  entries: readonly DirectoryEntry[] | undefined;
};

export type FileDescriptor = {
  readonly type: "file";
  readonly handle: number;
  readonly isWritable: boolean;
  readonly reader: ReadAhead;
  readonly modifiedAtMs: number;
  appends: boolean;
  position: number;
  bytes: number;
};

export type Descriptor = StreamDescriptor | DirectoryDescriptor | FileDescriptor;

const FIRST_FREE = 5;
/** Open descriptors of one guest. The broker has a smaller limit for files. */
export const DESCRIPTORS_MAX = 256;

/**
 * The preopened directories, by descriptor. The C library takes both names for the same prefix and asks the last one
 * first, so that relative paths have to come last.
 */
const PREOPENED: ReadonlyMap<number, string> = new Map([
  [3, "/"],
  [4, "."],
]);

/** The guest's table of open files. 0 to 2 are its streams, 3 the root, 4 the server's directory; the rest belongs to one call. */
export class Descriptors {
  readonly #table = new Map<number, Descriptor>();

  constructor() {
    for (const stream of [0, 1, 2] as const) this.#table.set(stream, { type: "stream", stream });
    for (const [number, path] of PREOPENED) {
      this.#table.set(number, { type: "directory", path, isPreopened: true, entries: undefined });
    }
  }

  get(number: number): Descriptor | undefined {
    return this.#table.get(number);
  }

  /** The lowest free number; undefined when the table is full. */
  add(descriptor: Descriptor): number | undefined {
    if (this.#table.size >= DESCRIPTORS_MAX) return undefined;
    let number = FIRST_FREE;
    while (this.#table.has(number)) number += 1;
    this.#table.set(number, descriptor);
    return number;
  }

  remove(number: number): void {
    this.#table.delete(number);
  }

  move(from: number, to: number, descriptor: Descriptor): void {
    this.#table.delete(from);
    this.#table.set(to, descriptor);
  }

  /** Forgets what one call opened; its files are closed by whoever opened them. */
  endCall(): void {
    for (const number of this.#table.keys()) if (number >= FIRST_FREE) this.#table.delete(number);
  }
}

/** Where a path that the guest gave relative to a directory leads; undefined when it is absolute, which WASI forbids. */
export function join(directory: DirectoryDescriptor, path: string): string | undefined {
  if (path.startsWith("/")) return undefined;
  if (directory.path === ".") return path === "" ? "." : path;
  return directory.path.endsWith("/") ? `${directory.path}${path}` : `${directory.path}/${path}`;
}
