export { type DatabaseOptions, type Synchronous, Database } from "./database.ts";
export { SqliteAgentStore } from "./sqlite-agent-store.ts";
export { SqliteArtifactStore } from "./sqlite-artifact-store.ts";
export { SqliteRunJournal } from "./sqlite-run-journal.ts";
export { SqliteUploadStore } from "./sqlite-upload-store.ts";
