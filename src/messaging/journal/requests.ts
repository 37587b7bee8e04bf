import { LostFile } from "../../kernel/files/opened-file.ts";
import type { JournalBatch, Recovered } from "../router/index.ts";
import type { WalCheckpointerParts } from "./wal-checkpointer.ts";
import type { RecoveryOptions } from "./recovery.ts";
import { WrongFile, type WrongFileReason } from "./segments/schema.ts";
import type { WriterFigures, WriterOptions } from "./writer.ts";

/** Calls that the writer's thread answers, in any order. The first is `open`, the last `close`. */
export type WriterMethods = {
  open(options: WriterOptions, recovery: RecoveryOptions, carrying: Omit<WalCheckpointerParts, "writer">): Recovered;
  append(batch: JournalBatch): void;
  figures(): WriterFigures;
  /** Answered when all messages older than that are dropped. */
  retain(olderThanMs: number): void;
  /** Answered when all messages of the workspace are deleted. */
  deleteWorkspace(workspace: string): void;
  close(): void;
};

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
