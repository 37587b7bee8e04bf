import type { UploadStore } from "../../runs/index.ts";
import type * as contract from "../contract/index.ts";
import { instant } from "./present-run.ts";

/** How long a file waits for a run before it is deleted. */
export const UPLOAD_WAIT_MS = 24 * 3_600_000;

/** Takes a file's bytes as they come. Throws UploadTooLargeError, StorageFullError. */
export async function receiveUpload(
  { uploads }: { readonly uploads: UploadStore },
  file: { readonly name: string; readonly mediaType: string; readonly bytes?: number | undefined },
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<contract.Upload> {
  const upload = await uploads.save(file, bytes, signal);
  return {
    id: upload.id,
    name: upload.name,
    media_type: upload.mediaType,
    bytes: upload.bytes,
    expires_at: instant(upload.createdAtMs + UPLOAD_WAIT_MS),
  };
}
