/** The file system as guests may see it. */
export { type AuditRecord, FileBroker, type FileBrokerOptions } from "./file-broker.ts";
export { ArchiveFiles } from "./archive-files.ts";
export { CheckpointFiles } from "./checkpoint-files.ts";
export { PlaceNoteFile } from "./place-note-file.ts";
