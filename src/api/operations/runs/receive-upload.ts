import { operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import { instant } from "../instant.ts";

/** How long a file waits for a run before it is deleted. */
export const UPLOAD_WAIT_MS = 24 * 3_600_000;

/** Stores a file's bytes as they arrive. Throws UploadTooLargeError, StorageFullError. */
export const receiveUpload = implement(
  operations.run.upload,
  async ({ runs }, { name }, { received, signal, principal: { workspace } }) => {
    const { mediaType = "application/octet-stream", bytes, content } = received;
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
