export { ArchiveFiles } from "./archive-files.ts";
export { CheckpointFiles } from "./checkpoint-files.ts";
export { MemoryBackendFile } from "./memory-backend-file.ts";
