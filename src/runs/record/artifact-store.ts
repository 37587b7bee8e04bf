import * as z from "zod";
import { ArtifactId, type RunId } from "../../kernel/ids.ts";
import type { RunFile } from "./history/transcript.ts";

export const RunArtifact = z.object({
  id: ArtifactId,
  name: z.string(),
  mediaType: z.string(),
  bytes: z.int().min(0),
  /** It contains a result too long for the model, and is not a file that a tool created. */
  kept: z.boolean().optional(),
});
export type RunArtifact = z.infer<typeof RunArtifact>;

/** Line that represents a file in a result for the model. */
export const artifactLine = ({ name, mediaType, bytes }: Pick<RunArtifact, "name" | "mediaType" | "bytes">): string =>
  `(file ${name}, ${mediaType}, ${bytes} bytes: kept as an artifact of this run and shown to the user)`;

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
  /** Writes the file and its row; `name` is made safe and unique within the run. An `id` is saved once. Throws ArtifactTooLargeError, StorageFullError. */
  save(
    runId: RunId,
    file: { readonly name: string; readonly mediaType: string; readonly id?: ArtifactId } & (
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
