import type { RunId, UploadId } from "../../kernel/ids.ts";
import type { RunFile } from "./history/transcript.ts";

export type Upload = RunFile & {
  readonly id: UploadId;
  /** The run it belongs to; null until one takes it. */
  readonly runId: RunId | null;
  readonly createdAtMs: number;
  readonly workspace: string;
};

/** A run that has files, and its workspace. */
export type FileHolder = { readonly workspace: string; readonly runId: RunId };

/** Files that callers send for a run. */
export interface UploadStore {
  /** Writes the stream to disk as it comes. Throws UploadTooLargeError, CancelledError, StorageFullError; nothing is kept then. */
  save(
    /** `bytes`: the size that the client declared, checked before anything is read. */
    file: {
      readonly workspace: string;
      readonly name: string;
      readonly mediaType: string;
      readonly bytes?: number | undefined;
    },
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Upload>;
  find(id: UploadId): Upload | undefined;
  /** Gives files of a workspace to a run until it is released, an id given twice once; names that are there twice get a number. Throws UploadNotFoundError, UploadTakenError. */
  take(ids: readonly string[], holder: FileHolder): Promise<readonly Upload[]>;
  /** A run's file as one of another run's. Throws UploadNotFoundError when it is gone, StorageFullError. */
  copy(file: RunFile, holder: FileHolder): Promise<RunFile>;
  /** Opens a file of a run. Throws UploadNotFoundError when it is gone, storage errors. */
  read(file: RunFile): Promise<AsyncIterable<Uint8Array>>;
  /** Sets free what `take` gave: the run was not accepted after all. */
  release(runId: RunId): Promise<void>;
  /** Sets free what a crash left with runs that never were, and deletes files that no upload has. Only before the first `save` and `take`, whose work it would undo. Never rejects: what it cannot do is logged. */
  recover(): Promise<void>;
  /** Deletes files older than `beforeMs` that no run took; how many. */
  sweep(beforeMs: number): Promise<number>;
  /** Bytes of a workspace's uploads and artifacts. */
  bytesOf(workspace: string): number;
  /** Deletes every upload of a workspace. */
  deleteWorkspace(workspace: string): Promise<void>;
}
