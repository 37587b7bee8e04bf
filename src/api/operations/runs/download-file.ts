import { ArtifactId } from "../../../kernel/ids.ts";
import { ArtifactNotFoundError, UploadNotFoundError } from "../../../runs/index.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { ownRun } from "./stored-run.ts";

const MEDIA_TYPE_CHARS_MAX = 255;
/** Type, subtype and parameters, as in RFC 9110 8.3. */
const MEDIA_TYPE =
  /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?: *; *[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[ !#-[\]-~]*"))*$/;

/** Types that browsers show without executing anything. */
const SHOWN_TYPE = /^image\/(?:png|jpeg|gif|webp|avif|bmp)$/i;

/** A media type from outside, if a header can hold it. */
const sentAs = (mediaType: string): string =>
  mediaType.length <= MEDIA_TYPE_CHARS_MAX && MEDIA_TYPE.test(mediaType) ? mediaType : "application/octet-stream";

/** Headers of a file from outside. It must not become a page of this server: no scripts, no sniffing, nothing loaded from it. */
const fileHeaders = (name: string, disposition: "inline" | "attachment") => ({
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  "x-content-type-options": "nosniff",
  "content-disposition": `${disposition}; filename*=UTF-8''${encodeURIComponent(name)}`,
});

/** Throws ArtifactNotFoundError, storage errors. */
export const downloadArtifact = implement(operations.run.artifact, async ({ runs }, { id }, { admission }) => {
  const { artifacts, journal } = runs.stores;
  const parsed = ArtifactId.safeParse(id);
  const artifact = parsed.success ? artifacts.find(parsed.data) : undefined;
  const run = artifact && journal.summary(artifact.runId);
  const isOwn = run?.workspace === admission.principal.workspace && admission.covers("agents", run.agent);
  if (!artifact || !isOwn)
    throw new ArtifactNotFoundError(`there is no artifact ${id}`, "A run's page lists its artifacts.", { id });
  return {
    mediaType: sentAs(artifact.mediaType),
    content: await artifacts.read(artifact),
    headers: fileHeaders(artifact.name, "inline"),
  };
});

/** Throws RunNotFoundError, UploadNotFoundError, storage errors. */
export const downloadSentFile = implement(operations.run.file, async ({ runs }, { id, name }, { admission }) => {
  const { files } = runs.runs.view(ownRun(runs, admission, id));
  const file = files.find((each) => each.name === name);
  if (file === undefined) {
    const hint = `Its files: ${files.map((each) => each.name).join(", ") || "none"}.`;
    throw new UploadNotFoundError(`the run ${id} was sent no file ${name}`, hint, { id: name });
  }
  return {
    mediaType: sentAs(file.mediaType),
    content: await runs.stores.uploads.read(file),
    headers: fileHeaders(file.name, SHOWN_TYPE.test(file.mediaType) ? "inline" : "attachment"),
  };
});
