import { LostFile } from "../../kernel/opened-file.ts";
import type { JournalBatch, Recovered } from "../router/index.ts";
import type { CarryingParts } from "./carrying.ts";
import type { RecoveryOptions } from "./recovery.ts";
import { WrongFile, type WrongFileReason } from "./schema.ts";
import type { WriterFigures, WriterOptions } from "./writer.ts";

/** What the writer's thread is asked. The first request is `open`, the last `close`; each is answered, in any order. */
export type WriterRequest = { readonly id: number } & (
  | {
      readonly type: "open";
      readonly options: WriterOptions;
      readonly recovery: RecoveryOptions;
      readonly carrying: Omit<CarryingParts, "writer">;
    }
  | { readonly type: "append"; readonly batch: JournalBatch }
  | { readonly type: "figures" }
  /** Answered when all that is old has been dropped. */
  | { readonly type: "retain"; readonly olderThanMs: number }
  | { readonly type: "close" }
);

export type WriterAnswer = { readonly id: number } & (
  | { readonly type: "done" }
  | { readonly type: "opened"; readonly recovered: Recovered }
  | { readonly type: "figures"; readonly figures: WriterFigures }
  | { readonly type: "failed"; readonly failure: WriterFailure }
);

/** An error as it crosses threads. */
export type WriterFailure =
  | { readonly type: "wrong-file"; readonly reason: WrongFileReason }
  /** SQLite's result code, or the system's (`ENOSPC`). */
  | { readonly type: "storage"; readonly message: string; readonly errcode: number | undefined; readonly code: string }
  | { readonly type: "lost"; readonly now: LostFile["now"] }
  | { readonly type: "bug"; readonly message: string };

export function failureOf(error: unknown): WriterFailure {
  if (error instanceof WrongFile) return { type: "wrong-file", reason: error.reason };
  if (error instanceof LostFile) return { type: "lost", now: error.now };
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    const errcode = "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined;
    return { type: "storage", message: error.message, errcode, code: error.code };
  }
  return { type: "bug", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
