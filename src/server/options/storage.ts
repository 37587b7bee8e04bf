import type { StorageOptions } from "../../storage/index.ts";
import type { LoadedConfig } from "../config/index.ts";

export const storageOptions = ({ config: { data, files, grants } }: LoadedConfig): StorageOptions => ({
  directory: data.directory,
  synchronous: data.synchronous,
  uploads: { bytesMax: files.upload_bytes_max, waitingBytesMax: files.waiting_bytes_max },
  grants: { rowsMax: grants.audit_max, ageMsMax: grants.audit_retention },
});
