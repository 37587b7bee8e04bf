import { NONE, some, type Tagged } from "../index.ts";
import { decodeListing, type DirectoryEntry, type FileKind } from "../../wire/index.ts";
import type { HostMemoryBudget, HostAllocation } from "./host-memory-budget.ts";

/** What a guest has of the file system. */
export const TYPES: { readonly [Kind in FileKind]: string } = {
  file: "regular-file",
  directory: "directory",
  link: "symbolic-link",
};
const CHAR_BYTES = 2;
/** What an entry of a listing takes besides its text. */
const ENTRY_BYTES = 256;

/** What belongs to the call in which it was opened. */
abstract class OfCall {
  readonly #share: HostAllocation;

  /** Throws HostMemoryExceededError. */
  constructor(memoryBudget: HostMemoryBudget, bytes: number) {
    this.#share = memoryBudget.ofCall(() => this.letGo());
    this.#share.keep(bytes);
  }

  get isOver(): boolean {
    return this.#share.isOver;
  }

  protected letGo(): void {}

  /** The guest has let go of it. */
  [Symbol.dispose](): void {
    this.#share[Symbol.dispose]();
  }
}

/** A directory that the guest opened. */
export class Directory extends OfCall {
  readonly path: string;

  constructor(memoryBudget: HostMemoryBudget, path: string) {
    super(memoryBudget, CHAR_BYTES * path.length);
    this.path = path;
  }
}

/** A directory that is there from the start, and always. */
export class Preopened {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

type Closing = { readonly memoryBudget: HostMemoryBudget; readonly close: (handle: number) => void };

/** A file that the guest opened, at a handle of the broker. */
export class OpenFile extends OfCall {
  readonly handle: number;
  readonly flags: readonly string[];
  readonly #close: () => void;

  constructor({ memoryBudget, close }: Closing, handle: number, flags: readonly string[]) {
    super(memoryBudget, 0);
    this.handle = handle;
    this.flags = flags;
    this.#close = () => close(handle);
  }

  /** At the call's end it is closed without being asked for. */
  override [Symbol.dispose](): void {
    if (this.isOver) return;
    super[Symbol.dispose]();
    this.#close();
  }
}

/** What a directory held when the guest began to read it. */
export class Entries extends OfCall {
  #entries: readonly DirectoryEntry[];
  #at = 0;

  constructor(memoryBudget: HostMemoryBudget, body: Buffer) {
    const { entries } = decodeListing(body);
    super(memoryBudget, body.length + ENTRY_BYTES * entries.length);
    this.#entries = entries;
  }

  protected override letGo(): void {
    this.#entries = [];
  }

  next(): Tagged {
    const entry = this.#entries[this.#at];
    this.#at += 1;
    return entry === undefined ? NONE : some({ type: TYPES[entry.kind], name: entry.name });
  }
}

/** Whether a resource belongs to an earlier call. */
export const isOver = (value: unknown): boolean => value instanceof OfCall && value.isOver;
