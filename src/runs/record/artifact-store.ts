import type { ArtifactId, RunId } from "../../kernel/ids.ts";
import type { RunArtifact } from "./run-event.ts";
import type { RunFile } from "./history/transcript.ts";

export type Artifact = RunArtifact & {
  readonly runId: RunId;
  readonly createdAtMs: number;
  /** Path of the file, relative to the data directory. */
  readonly path: string;
};

/** The artifacts of a run, as its execution uses them. */
export type RunFiles = Pick<ArtifactStore, "save" | "read"> & {
  readonly ofRun: (runId: RunId) => readonly Artifact[] | Promise<readonly Artifact[]>;
};

/** Files that runs made. */
export interface ArtifactStore {
  /** Writes the file and its row; `name` is made safe and unique within the run. Throws ArtifactTooLargeError, StorageFullError. */
  save(
    runId: RunId,
    file: { readonly name: string; readonly mediaType: string } & (
      | { readonly text: string }
      | { readonly bytes: Uint8Array }
    ),
  ): Promise<Artifact>;
  /** Another run's artifact as one of this run's, under the same name. Throws ArtifactNotFoundError when its file is gone, StorageFullError. */
  copy(artifact: Artifact, runId: RunId): Promise<Artifact>;
  /** Deletes all artifacts of a run that is not there after all. */
  discard(runId: RunId): Promise<void>;
  /** An artifact as a file that another run can be given. */
  fileOf(artifact: Artifact): RunFile;
  find(id: ArtifactId): Artifact | undefined;
  ofRun(runId: RunId): readonly Artifact[];
  /** The bytes; throws ArtifactNotFoundError when the file is gone. */
  read(artifact: Artifact): Promise<Uint8Array>;
}
