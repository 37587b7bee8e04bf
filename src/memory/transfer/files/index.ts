export { ArchiveFiles } from "./archive-files.ts";
export { CheckpointFiles } from "./checkpoint-files.ts";
export { PlaceNoteFile } from "./place-note-file.ts";
