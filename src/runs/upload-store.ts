import type { RunId, UploadId } from "../kernel/ids.ts";
import type { RunFile } from "./run-event.ts";

export type Upload = RunFile & {
  readonly id: UploadId;
  /** The run it belongs to; null until one takes it. */
  readonly runId: RunId | null;
  readonly createdAtMs: number;
};

/** Files that callers send for a run. */
export interface UploadStore {
  /** Writes the stream to disk as it comes. Throws UploadTooLargeError (nothing is kept), StorageFullError. */
  save(
    file: { readonly name: string; readonly mediaType: string },
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Upload>;
  find(id: UploadId): Upload | undefined;
  /** Gives the files to a run; each belongs to one run for good. Throws UploadNotFoundError, UploadTakenError. */
  take(ids: readonly UploadId[], runId: RunId): Promise<readonly Upload[]>;
  /** Deletes files older than `beforeMs` that no run took; how many. */
  sweep(beforeMs: number): Promise<number>;
}
