/** Memory in a file of its own, kept and searched by a thread of its own. */
export { SqliteMemoryStore } from "./sqlite-memory-store.ts";
export { SqliteSnapshots } from "./files/sqlite-snapshots.ts";
