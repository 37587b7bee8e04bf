import { operations } from "../../contract/index.ts";
import { implement, type ReceivedBody } from "../perform.ts";
import { instant } from "../instant.ts";

/** How long a file waits for a run before it is deleted. */
export const UPLOAD_WAIT_MS = 24 * 3_600_000;

/** Stores a file's bytes as they arrive. Throws UploadTooLargeError, StorageFullError, QuotaExceededError. */
export const receiveUpload = implement(
  operations.run.upload,
  async ({ access, runs }, { name }, { received, signal, principal: { workspace } }) => {
    const { mediaType = "application/octet-stream", bytes } = received;
    const files = access.workspaces.stock("file_bytes");
    using reserved = new DisposableStack();
    const reserve = (size: number) =>
      reserved.use(files.reserve(workspace, runs.stores.uploads.bytesOf(workspace), size));
    const content = files.hasQuota(workspace) ? within(received, reserve) : received.content;
    const upload = await runs.stores.uploads.save({ workspace, name, mediaType, bytes }, content, signal);
    return {
      id: upload.id,
      name: upload.name,
      media_type: upload.mediaType,
      bytes: upload.bytes,
      expires_at: instant(upload.createdAtMs + UPLOAD_WAIT_MS),
    };
  },
);

/** The content, refused as soon as it is known to be too large. */
async function* within(
  { bytes = 1, content }: ReceivedBody,
  reserve: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  reserve(bytes);
  let left = bytes;
  for await (const piece of content) {
    left -= piece.length;
    if (left < 0) reserve(-left);
    left = Math.max(left, 0);
    yield piece;
  }
}
