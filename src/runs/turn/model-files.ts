import type { RunArtifact, RunFiles, RunRecord } from "../record/index.ts";
import type { ModelFile } from "./model-turn.ts";

/** Endings of the files a model may make; others have none. */
const ENDINGS: { readonly [mediaType: string]: string } = {
  "image/png": ".png",
  "image/jpeg": ".jpg",
  "image/gif": ".gif",
  "image/webp": ".webp",
  "audio/wav": ".wav",
  "audio/mpeg": ".mp3",
};

/** Keeps what a model made that is no text as artifacts of the run. Throws ArtifactTooLargeError, StorageFullError. */
export async function keepModelFiles(
  { artifacts, recorder }: { readonly artifacts: RunFiles; readonly recorder: RunRecord },
  files: readonly ModelFile[],
): Promise<readonly RunArtifact[]> {
  const kept: RunArtifact[] = [];
  for (const { mediaType, data } of files) {
    const kind = mediaType.startsWith("image/") ? "image" : "file";
    const name = `${kind}${ENDINGS[mediaType] ?? ""}`;
    const { id, name: keptAs, bytes } = await artifacts.save(recorder.runId, { name, mediaType, bytes: data });
    kept.push({ id, name: keptAs, mediaType, bytes });
  }
  return kept;
}
