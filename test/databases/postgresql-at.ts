import { PostgresqlMemoryStore } from "../../src/memory/stores/postgresql/index.ts";
import { PASSWORD } from "../helpers/postgresql.ts";

/** Memory in a schema of a database. */
export const postgresqlAt = (url: string, schema = "moved"): PostgresqlMemoryStore =>
  new PostgresqlMemoryStore({ url, password: () => PASSWORD, schema, connections: 4 });
