import { type Fault, RemoteError, toFault } from "../../../kernel/errors.ts";
import type { EmbeddedMemory, Job } from "./embedded-memory.ts";
import type { Reading } from "./reading.ts";

type Looks = "find" | "findIds" | "get" | "list" | "relations" | "relation" | "walk" | "log" | "history";
type Asks = "search" | "unembedded" | "model" | "figures" | "check";
type Methods = Pick<Reading, Looks> & Pick<EmbeddedMemory, Asks>;

/** What is asked of memory and answered at once, by the names of its methods. */
export type Asking = keyof Methods;
export type Arguments<Name extends Asking> = Parameters<Methods[Name]>;
export type Answered<Name extends Asking> = ReturnType<Methods[Name]>;

/** One question with its arguments. */
export type Question = {
  [Name in Asking]: { readonly type: "ask"; readonly name: Name; readonly args: Arguments<Name> };
}[Asking];

/** What the memory's thread is asked. The first request is `open`, the last `close`; each is answered, in any order. */
export type MemoryRequest = { readonly id: number } & (
  | {
      readonly type: "open";
      readonly file: string;
      readonly synchronous: "normal" | "full";
      readonly vectorBytesMax: number | undefined;
      /** How much the thread logs. */
      readonly logLevel: string;
    }
  | { readonly type: "job"; readonly job: Job }
  | Question
  /** Answered when everything is indexed; `progress` comes before. */
  | { readonly type: "reindex" }
  /** Copies all there is at this moment into another file. */
  | { readonly type: "copy"; readonly to: string }
  /** Whether another file is a sound memory. */
  | { readonly type: "verify"; readonly other: string }
  | { readonly type: "close" }
);

export type MemoryAnswer = { readonly id: number } & (
  | { readonly type: "done"; readonly value: unknown }
  | { readonly type: "progress"; readonly indexed: number }
  /** Not asked for: which names may be taken, from now on, as a `NameFilter`. */
  | { readonly type: "names"; readonly names: SharedArrayBuffer }
  /** Not asked for: why nothing can be changed from now on; undefined: it can. */
  | { readonly type: "trouble"; readonly fault: Fault | undefined }
  | { readonly type: "failed"; readonly fault: Fault; readonly stack: string | undefined }
);

/** An error as it crosses threads. */
export const failed = (id: number, error: unknown): MemoryAnswer => ({
  id,
  type: "failed",
  fault: toFault(error),
  stack: error instanceof Error ? error.stack : String(error),
});

/** The same on the other side. */
export const errorOf = ({ fault, stack }: Extract<MemoryAnswer, { type: "failed" }>): Error =>
  fault.kind === "bug" ? new Error(`the memory's thread failed: ${stack ?? fault.message}`) : new RemoteError(fault);
