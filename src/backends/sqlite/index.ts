export { type DatabaseOptions, type Synchronous, Database } from "./database.ts";
export { type GrantLedgerOptions, SqliteGrantLedger } from "./grant-ledger.ts";
export { SqliteToolState, STATE_LIMITS } from "./tool-state.ts";
export { SqliteChangeLog } from "./sqlite-change-log.ts";
export { SqliteAgentStore } from "./sqlite-agent-store.ts";
export { SqliteArtifactStore } from "./sqlite-artifact-store.ts";
export { SqliteRunJournal } from "./sqlite-run-journal.ts";
export { SqliteUploadStore } from "./sqlite-upload-store.ts";
export { SqliteToolServerStore } from "./tool-server-store.ts";
