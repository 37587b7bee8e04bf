import { ArtifactId } from "../../../kernel/ids.ts";
import { ArtifactNotFoundError } from "../../../runs/index.ts";
import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";

const MEDIA_TYPE_CHARS_MAX = 255;
/** Type, subtype and parameters, as in RFC 9110 8.3. */
const MEDIA_TYPE =
  /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?: *; *[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[ !#-[\]-~]*"))*$/;

/** The media type that a tool named, if a header can hold it. */
const sentAs = (mediaType: string): string =>
  mediaType.length <= MEDIA_TYPE_CHARS_MAX && MEDIA_TYPE.test(mediaType) ? mediaType : "application/octet-stream";

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
    // What a tool wrote must not become a page of this server: no scripts, no sniffing, nothing loaded from it.
    headers: {
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      "x-content-type-options": "nosniff",
      "content-disposition": `inline; filename*=UTF-8''${encodeURIComponent(artifact.name)}`,
    },
  };
});
