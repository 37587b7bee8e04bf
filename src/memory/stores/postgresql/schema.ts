import { randomBytes } from "node:crypto";
import { BACKEND } from "./errors.ts";
import { MemoryUnavailableError } from "../../knowledge/index.ts";
import { textOf } from "./rows.ts";
import type { Session } from "./session.ts";

/** PostgreSQL and pgvector from which on all that is used here is there. */
const POSTGRESQL_MIN = 130_000;
const PGVECTOR_MIN = [0, 8];

/**
 * The migration to each schema version.
 * Columns with texts have no statistics: the planner's samples would keep what was forgotten.
 * What is written most is not bound by foreign keys, which would be looked up for each row: `posting` to its passage,
 * `embedding` to its model.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE setting (key text PRIMARY KEY, value text NOT NULL);
  CREATE TABLE scope (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text COLLATE "C" NOT NULL UNIQUE);
  -- What is not known is ''.
  CREATE TABLE provenance (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL, source_id text NOT NULL, agent text NOT NULL,
    UNIQUE (source, source_id, agent)
  );
  CREATE TABLE entity (
    row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    scope int NOT NULL REFERENCES scope,
    name text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    confidence double precision NOT NULL,
    strength double precision NOT NULL,
    valid_from_ms bigint,
    valid_to_ms bigint,
    metadata json,
    version int NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    UNIQUE (scope, name)
  );
  CREATE TABLE observation (
    row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    entity bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    text text NOT NULL,
    confidence double precision NOT NULL,
    valid_from_ms bigint,
    valid_to_ms bigint,
    provenance bigint NOT NULL REFERENCES provenance,
    at_ms bigint NOT NULL,
    since int NOT NULL,
    until int
  );
  CREATE INDEX observation_of ON observation (entity);
  CREATE TABLE relation (
    row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    scope int NOT NULL REFERENCES scope,
    src bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    dst bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    type text COLLATE "C" NOT NULL,
    strength double precision NOT NULL,
    confidence double precision NOT NULL,
    is_both boolean NOT NULL,
    valid_from_ms bigint,
    valid_to_ms bigint,
    metadata json,
    provenance bigint NOT NULL REFERENCES provenance,
    created_at_ms bigint NOT NULL,
    UNIQUE (src, dst, type)
  );
  CREATE INDEX relation_to ON relation (dst);
  CREATE INDEX relation_of ON relation (scope, row);
  CREATE TABLE model (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, dims int NOT NULL, is_active boolean NOT NULL);
  CREATE UNIQUE INDEX model_active ON model (is_active) WHERE is_active;
  -- One row for each passage of an entity. Its text is not kept: it follows from the observations.
  CREATE TABLE passage (
    row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
    scope int NOT NULL,
    ordinal int NOT NULL,
    -- How many words it has.
    length int NOT NULL,
    UNIQUE (entity, ordinal)
  );
  CREATE INDEX passage_in ON passage (scope) INCLUDE (length);
  -- Vectors of passages, also those of a model that does not count yet.
  CREATE TABLE embedding (
    passage bigint NOT NULL REFERENCES passage ON DELETE CASCADE,
    model int NOT NULL,
    scope int NOT NULL,
    entity bigint NOT NULL,
    vector vector NOT NULL,
    PRIMARY KEY (passage, model)
  );
  CREATE INDEX embedding_in ON embedding (model, scope);
  CREATE INDEX embedding_of ON embedding (entity);
  -- How often a passage has a word, which is kept as a number that only who has the schema's key can make of it.
  CREATE TABLE posting (
    scope int NOT NULL,
    word bigint NOT NULL,
    passage bigint NOT NULL,
    count int NOT NULL,
    length int NOT NULL,
    PRIMARY KEY (scope, word, passage) INCLUDE (count, length)
  );
  CREATE INDEX posting_of ON posting (passage);
  CREATE TABLE change (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity uuid,
    scope int NOT NULL REFERENCES scope,
    version int NOT NULL,
    action text NOT NULL,
    provenance bigint NOT NULL REFERENCES provenance,
    at_ms bigint NOT NULL,
    details json
  );
  CREATE INDEX change_of ON change (entity, seq);
  CREATE INDEX change_in ON change (scope, seq);
  ALTER TABLE entity ALTER name SET STATISTICS 0, ALTER type SET STATISTICS 0, ALTER metadata SET STATISTICS 0;
  ALTER TABLE observation ALTER text SET STATISTICS 0;
  ALTER TABLE relation ALTER type SET STATISTICS 0, ALTER metadata SET STATISTICS 0;
  ALTER TABLE change ALTER details SET STATISTICS 0;
  ALTER TABLE embedding ALTER vector SET STATISTICS 0;
  `,
];

/**
 * Migrates the schema to this version, also if other servers do so concurrently. Throws MemoryUnavailableError for a
 * server, an extension or a schema that is not of the right version.
 */
export const schemaMaker =
  (schema: string) =>
  async (session: Session): Promise<void> => {
    if ((await versionOf(session, schema)) === MIGRATIONS.length) return;
    await checkServer(session);
    await session.run("BEGIN");
    try {
      // Held until the end of the transaction.
      await session.rows("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`caxton memory ${schema}`]);
      await migrate(session, schema);
      await session.run("COMMIT");
    } catch (error) {
      await session.run("ROLLBACK").catch(() => undefined);
      throw error;
    }
  };

/** 0: there is none yet. */
async function versionOf(session: Session, schema: string): Promise<number> {
  const [there] = await session.rows("SELECT to_regclass($1) IS NOT NULL AS is_there", [`${schema}.setting`]);
  if (there?.["is_there"] !== true) return 0;
  const [row] = await session.rows("SELECT value FROM setting WHERE key = 'schema'");
  const version = Number(row?.["value"] ?? 0);
  if (version <= MIGRATIONS.length) return version;
  throw wrong(
    `the schema ${schema} was written by a newer Caxton (schema ${version}; this one knows ${MIGRATIONS.length})`,
    "Run the newer version, or restore a backup made before the upgrade.",
  );
}

async function checkServer(session: Session): Promise<void> {
  const [row] = await session.rows("SELECT current_setting('server_version_num')::int AS n, version() AS version");
  if (Number(row?.["n"]) >= POSTGRESQL_MIN) return;
  throw wrong(`this is ${String(row?.["version"])}, older than memory needs`, "Upgrade it to PostgreSQL 13 or later.");
}

async function migrate(session: Session, schema: string): Promise<void> {
  const [known] = await session.rows("SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS is_there", [schema]);
  if (known?.["is_there"] !== true) await session.run(`CREATE SCHEMA "${schema}"`);
  await ensureVector(session);
  const from = await versionOf(session, schema);
  if (from === MIGRATIONS.length) return;
  for (const migration of MIGRATIONS.slice(from)) await session.run(migration);
  if (from === 0) {
    const key = randomBytes(16).toString("hex");
    await session.rows("INSERT INTO setting (key, value) VALUES ('schema', '0'), ('words', $1)", [key]);
  }
  await session.rows("UPDATE setting SET value = $1 WHERE key = 'schema'", [String(MIGRATIONS.length)]);
}

/** Sees to the extension, and that its types are found by their names in this session. */
async function ensureVector(session: Session): Promise<void> {
  const extension = "SELECT extversion AS version FROM pg_extension WHERE extname = 'vector'";
  const [known] = await session.rows(extension);
  if (!known) await session.run("CREATE EXTENSION vector");
  const version = textOf((known ?? (await session.rows(extension))[0])?.["version"]);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin = 0, minorMin = 0] = PGVECTOR_MIN;
  if (major < majorMin || (major === majorMin && minor < minorMin)) {
    throw wrong(
      `pgvector is ${version} here, and memory needs ${PGVECTOR_MIN.join(".")} or later`,
      "Install a newer pgvector on the database's machine, then run there: ALTER EXTENSION vector UPDATE.",
    );
  }
  await session.rows(
    `SELECT set_config('search_path', concat_ws(', ', current_setting('search_path'), quote_ident(n.nspname)), true)
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'`,
  );
}

const wrong = (message: string, hint: string): MemoryUnavailableError =>
  new MemoryUnavailableError(message, hint, { backend: BACKEND });
