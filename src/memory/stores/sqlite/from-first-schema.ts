import type { DatabaseSync } from "node:sqlite";
import { CHANGE_ACTIONS } from "../../knowledge/index.ts";
import { SPAN, TABLES } from "./tables.ts";

const KEPT = ["entity", "observation", "relation", "passage", "coming", "change"] as const;

/**
 * Makes the tables of schema 1 into those of schema 2, inside the caller's transaction. There, observations and passages had
 * numbers of their own and an index by entity, relations a change each, and changes the ids of entities.
 */
export function fromFirst(db: DatabaseSync): void {
  for (const name of ["observation_of", "relation_to", "passage_without", "change_of"]) db.exec(`DROP INDEX ${name}`);
  for (const table of KEPT) db.exec(`ALTER TABLE ${table} RENAME TO first_${table}`);
  for (const table of ["scope", "provenance", "model"]) db.exec(`ALTER TABLE ${table} RENAME TO first_${table}`);
  db.exec(TABLES);
  const action = CHANGE_ACTIONS.map((name, at) => `WHEN '${name}' THEN ${at}`).join(" ");
  const nth = "entity * SPAN + row_number() OVER (PARTITION BY entity ORDER BY row) - 1".replace("SPAN", String(SPAN));
  db.exec(`
    INSERT INTO scope SELECT n, key FROM first_scope;
    INSERT INTO provenance SELECT n, source, source_id, agent FROM first_provenance;
    INSERT INTO model SELECT n, name, dims, is_active FROM first_model;
    INSERT INTO entity SELECT row, id, scope, name, type, confidence, strength, valid_from_ms, valid_to_ms, metadata, version,
      created_at_ms, nullif(updated_at_ms, created_at_ms) FROM first_entity ORDER BY row;
    INSERT INTO observation SELECT ${nth}, id, text, confidence, valid_from_ms, valid_to_ms, provenance, at_ms, since, until
      FROM first_observation;
    INSERT INTO relation SELECT row, id, src, dst, type, nullif(strength, 0.5), confidence, is_both, valid_from_ms, valid_to_ms,
      metadata, provenance, created_at_ms, NULL FROM first_relation ORDER BY row;
    INSERT INTO passage SELECT entity * ${SPAN} + ordinal, model, scale, vector FROM first_passage ORDER BY entity, ordinal;
    INSERT INTO coming SELECT p.entity * ${SPAN} + p.ordinal, c.model, c.scale, c.vector
      FROM first_coming c JOIN first_passage p ON p.row = c.passage ORDER BY p.entity, p.ordinal;
    INSERT INTO change SELECT c.seq, e.row, CASE WHEN e.row IS NULL THEN c.entity END, c.scope, c.version,
      CASE c.action ${action} END, c.provenance, c.at_ms, c.details
      FROM first_change c LEFT JOIN first_entity e ON e.id = c.entity ORDER BY c.seq;
  `);
  // Those that refer to others go first.
  for (const table of [
    "coming",
    "passage",
    "relation",
    "observation",
    "change",
    "entity",
    "model",
    "provenance",
    "scope",
  ])
    db.exec(`DROP TABLE first_${table}`);
}
