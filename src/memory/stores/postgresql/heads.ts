import type { Change, EntityHead, Observation, Relation } from "../../knowledge/index.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { SurrogateKeys } from "./surrogate-keys.ts";
import { Records, type Session } from "./session.ts";

const jsonOrNull = (value: JsonObject): JsonObject | null => (Object.keys(value).length === 0 ? null : value);

/** A head as `HEAD_COLUMNS` reads it. */
export const headRecord = (head: EntityHead, scope: number, row?: number) => ({
  row: row ?? null,
  id: head.id,
  scope,
  name: head.name,
  type: head.type,
  confidence: head.confidence,
  strength: head.strength,
  valid_from_ms: head.validity.fromMs ?? null,
  valid_to_ms: head.validity.toMs ?? null,
  metadata: jsonOrNull(head.metadata),
  version: head.version,
  created_at_ms: head.createdAtMs,
  updated_at_ms: head.updatedAtMs,
});

const HEAD_COLUMNS = `row bigint, id uuid, scope int, name text, type text, confidence float8, strength float8,
  valid_from_ms bigint, valid_to_ms bigint, metadata json, version int, created_at_ms bigint, updated_at_ms bigint`;

/** Those that could be put in: their row by id. Who has the id or name of another is not. */
export async function insertHeads(
  session: Session,
  records: readonly ReturnType<typeof headRecord>[],
): Promise<readonly { readonly row: number; readonly id: string }[]> {
  if (records.length === 0) return [];
  // In one order everywhere, so that two who make the same wait for each other in turn.
  const rows = await session.rows(
    `INSERT INTO entity (id, scope, name, type, confidence, strength, valid_from_ms, valid_to_ms, metadata, version,
       created_at_ms, updated_at_ms)
     SELECT id, scope, name, type, confidence, strength, valid_from_ms, valid_to_ms, metadata, version,
       created_at_ms, updated_at_ms
     FROM json_to_recordset($1) AS v(${HEAD_COLUMNS}) ORDER BY scope, name COLLATE "C"
     ON CONFLICT DO NOTHING RETURNING row, id`,
    [new Records(records)],
  );
  return rows.map(({ row, id }) => ({ row: Number(row), id: String(id) }));
}

export async function updateHeads(session: Session, records: readonly ReturnType<typeof headRecord>[]): Promise<void> {
  if (records.length === 0) return;
  await session.rows(
    `UPDATE entity e SET name = v.name, type = v.type, confidence = v.confidence, strength = v.strength,
       valid_from_ms = v.valid_from_ms, valid_to_ms = v.valid_to_ms, metadata = v.metadata, version = v.version,
       created_at_ms = v.created_at_ms, updated_at_ms = v.updated_at_ms
     FROM json_to_recordset($1) AS v(${HEAD_COLUMNS}) WHERE e.row = v.row`,
    [new Records(records)],
  );
}

/** What is said of entities, by the rows of these. */
export async function insertObservations(
  session: Session,
  said: readonly { readonly entity: number; readonly observation: Observation }[],
  numbers: SurrogateKeys,
): Promise<void> {
  if (said.length === 0) return;
  await session.rows(
    `INSERT INTO observation (id, entity, text, confidence, valid_from_ms, valid_to_ms, provenance, at_ms, since, until)
     SELECT id, entity, text, confidence, valid_from_ms, valid_to_ms, provenance, at_ms, since, until
     FROM ROWS FROM (json_to_recordset($1) AS (id uuid, entity bigint, text text, confidence float8,
       valid_from_ms bigint, valid_to_ms bigint, provenance bigint, at_ms bigint, since int, until int)) WITH ORDINALITY AS v ORDER BY ordinality`,
    [
      new Records(
        said.map(({ entity, observation }) => ({
          id: observation.id,
          entity,
          text: observation.text,
          confidence: observation.confidence,
          valid_from_ms: observation.validity.fromMs ?? null,
          valid_to_ms: observation.validity.toMs ?? null,
          provenance: numbers.provenance(observation.provenance),
          at_ms: observation.atMs,
          since: observation.since,
          until: observation.until ?? null,
        })),
      ),
    ],
  );
}

/** Relations by the rows of their ends. */
export async function insertRelations(
  session: Session,
  relations: readonly { readonly relation: Relation; readonly src: number; readonly dst: number }[],
  numbers: SurrogateKeys,
): Promise<void> {
  if (relations.length === 0) return;
  await session.rows(
    `INSERT INTO relation (id, scope, src, dst, type, strength, confidence, is_both, valid_from_ms, valid_to_ms, metadata,
       provenance, created_at_ms)
     SELECT id, scope, src, dst, type, strength, confidence, is_both, valid_from_ms, valid_to_ms, metadata, provenance,
       created_at_ms
     FROM ROWS FROM (json_to_recordset($1) AS (id uuid, scope int, src bigint, dst bigint, type text,
       strength float8, confidence float8, is_both boolean, valid_from_ms bigint, valid_to_ms bigint, metadata json,
       provenance bigint, created_at_ms bigint)) WITH ORDINALITY AS v ORDER BY ordinality`,
    [
      new Records(
        relations.map(({ relation, src, dst }) => ({
          id: relation.id,
          scope: numbers.scope(relation.scope),
          src,
          dst,
          type: relation.type,
          strength: relation.strength,
          confidence: relation.confidence,
          is_both: relation.isBidirectional,
          valid_from_ms: relation.validity.fromMs ?? null,
          valid_to_ms: relation.validity.toMs ?? null,
          metadata: jsonOrNull(relation.metadata),
          provenance: numbers.provenance(relation.provenance),
          created_at_ms: relation.createdAtMs,
        })),
      ),
    ],
  );
}

/**
 * Inserts change log entries, in order. A sequence assigns its numbers before the commit, so a writer holds an exclusive lock
 * until it commits: a reader that sees a number sees all earlier ones. Call it last in a transaction, so that
 * the lock is never held while waiting for a row.
 */
export async function insertChanges(
  session: Session,
  changes: readonly Omit<Change, "seq">[],
  numbers: SurrogateKeys,
): Promise<void> {
  if (changes.length === 0) return;
  await session.rows("SELECT pg_advisory_xact_lock(hashtextextended('caxton memory changes ' || current_schema(), 0))");
  await session.rows(
    `INSERT INTO change (entity, scope, version, action, provenance, at_ms, details)
     SELECT entity, scope, version, action, provenance, at_ms, details
     FROM ROWS FROM (json_to_recordset($1) AS (entity uuid, scope int, version int, action text, provenance bigint,
       at_ms bigint, details json)) WITH ORDINALITY AS v ORDER BY ordinality`,
    [
      new Records(
        changes.map((change) => ({
          entity: change.entity ?? null,
          scope: numbers.scope(change.scope),
          version: change.version,
          action: change.action,
          provenance: numbers.provenance(change.provenance),
          at_ms: change.atMs,
          details: jsonOrNull(change.details),
        })),
      ),
    ],
  );
}
