import type { Trigger } from "../trigger.ts";

/** A file that a trigger has seen, as it was then. */
export type SeenFile = {
  /** Below the folder of the workspace, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
  /** SHA-256 in hexadecimal; empty for a file that was there before the trigger. */
  readonly hash: string;
  /** When it was not there any more; undefined while it is. */
  readonly goneAtMs: number | undefined;
};

type Key = Pick<Trigger, "workspace" | "id">;

/** The files that triggers have seen. Each method is one transaction. Throws storage errors. */
export interface SeenFileStore {
  seenFile(trigger: Key, path: string): SeenFile | undefined;
  /** Those that were there the last time. */
  seenPaths(trigger: Key): readonly string[];
  /** Inserts or replaces files, unless the trigger was deleted. */
  putSeen(trigger: Key, files: readonly SeenFile[]): Promise<void>;
  forgetFiles(trigger: Key): Promise<void>;
  /** Deletes files of triggers that were deleted, and those that are gone since before a time. */
  sweepSeen(goneBeforeMs: number): Promise<void>;
}
