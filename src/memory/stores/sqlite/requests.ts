import { type Fault, RemoteError, toFault } from "../../../kernel/errors.ts";
import type { Done, EmbeddedMemory, Job, MemoryFileOptions } from "./embedded-memory.ts";
import type { Reading } from "./reading.ts";

type Looks = "find" | "findIds" | "get" | "list" | "relations" | "relation" | "walk" | "log" | "history";
type Asks = "search" | "unembedded" | "model" | "stats" | "check";
type Methods = Pick<Reading, Looks> & Pick<EmbeddedMemory, Asks>;

/** Calls that the memory's thread answers, in any order. The first is `open`, the last `close`. */
export type MemoryMethods = Methods & {
  open(options: MemoryFileOptions, logLevel: string): void;
  do(job: Job): Done;
  /** Answered when everything is indexed. Its parts are the share that is indexed. */
  reindex(): void;
  /** Copies all there is at this moment into another file. */
  copy(to: string): void;
  /** Throws if another file is not a sound memory. */
  verify(other: string): void;
  close(): void;
};

export type MemoryNotice =
  /** Which names may be taken, from now on, as a `NameFilter`. */
  | { readonly type: "names"; readonly names: SharedArrayBuffer }
  /** Why nothing can be changed from now on; undefined: it can. */
  | { readonly type: "fault"; readonly fault: Fault | undefined };

/** An error as it crosses threads. */
export type MemoryFailure = { readonly fault: Fault; readonly stack: string | undefined };

export const failureOf = (error: unknown): MemoryFailure => ({
  fault: toFault(error),
  stack: error instanceof Error ? error.stack : String(error),
});

/** The same on the other side. */
export const errorOf = ({ fault, stack }: MemoryFailure): Error =>
  fault.kind === "bug" ? new Error(`the memory's thread failed: ${stack ?? fault.message}`) : new RemoteError(fault);
