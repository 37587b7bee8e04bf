/** Memory in PostgreSQL, with vectors of pgvector. */
export { PostgresqlMemoryStore, type PostgresqlMemoryOptions } from "./postgresql-memory-store.ts";
