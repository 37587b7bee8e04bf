import * as z from "zod";
import { EntityId, ObservationId, RelationId } from "../../../kernel/ids.ts";
import { isJsonObject, type JsonObject } from "../../../kernel/json.ts";
import {
  type Change,
  CHANGE_ACTIONS,
  type Entity,
  type EntityHead,
  type Observation,
  type Provenance,
  type Relation,
  SOURCE_TYPES,
} from "../../knowledge/index.ts";
import type { Row } from "./session.ts";

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
export const numberOf = (value: unknown): number => Number(value ?? 0);
const maybeNumber = (value: unknown): number | undefined =>
  value === null || value === undefined ? undefined : Number(value);
const jsonOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const blank = (value: unknown): string | undefined => textOf(value) || undefined;
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const Source = z.enum(SOURCE_TYPES);
const Action = z.enum(CHANGE_ACTIONS);

/** Scopes by their keys, as numbers: `$n` is an array of keys. */
export const scopesOf = (parameter: string): string =>
  `ANY(ARRAY(SELECT n FROM scope WHERE key = ANY(${parameter}::text[])))`;

const OBSERVATION = `json_build_array(o.id, o.text, o.confidence, o.valid_from_ms, o.valid_to_ms, p.source, p.source_id,
  p.agent, o.at_ms, o.since, o.until)`;
const observations = (where: string): string =>
  `(SELECT json_agg(${OBSERVATION} ORDER BY o.row) FROM observation o JOIN provenance p ON p.n = o.provenance
    WHERE o.entity = e.row ${where}) AS observations`;
const HEAD = `e.row, e.id, s.key AS scope, e.name, e.type, e.confidence, e.strength, e.valid_from_ms, e.valid_to_ms,
  e.metadata, e.version, e.created_at_ms, e.updated_at_ms`;

/** Entities with what is said of them now, all as of one moment; to be ended by conditions on `e` and `s`. */
export const ENTITIES = `SELECT ${HEAD}, ${observations("AND o.until IS NULL")} FROM entity e JOIN scope s ON s.n = e.scope`;

const CHANGE = `c.seq, c.entity, cs.key AS scope, c.version, c.action, cp.source, cp.source_id, cp.agent, c.at_ms, c.details`;
const CHANGE_FROM = "change c JOIN provenance cp ON cp.n = c.provenance JOIN scope cs ON cs.n = c.scope";
/** To be ended by conditions on `c`. */
export const CHANGES = `SELECT ${CHANGE} FROM ${CHANGE_FROM}`;

/** One entity with all that there is of it; `$1` is its id. */
export const HISTORY = `SELECT ${HEAD}, ${observations("")},
  (SELECT json_agg(row_to_json(t) ORDER BY t.seq) FROM (${CHANGES} WHERE c.entity = $1) t) AS changes
  FROM entity e JOIN scope s ON s.n = e.scope WHERE e.id = $1`;

/** To be ended by conditions on `r`. */
export const RELATIONS = `SELECT r.row, r.id, s.key AS scope, a.id AS src_id, b.id AS dst_id, r.type, r.strength,
  r.confidence, r.is_both, r.valid_from_ms, r.valid_to_ms, r.metadata, p.source, p.source_id, p.agent, r.created_at_ms
  FROM relation r JOIN provenance p ON p.n = r.provenance JOIN entity a ON a.row = r.src JOIN entity b ON b.row = r.dst
  JOIN scope s ON s.n = r.scope`;

const provenanceOf = (source: unknown, sourceId: unknown, agent: unknown): Provenance => ({
  source: Source.parse(source),
  sourceId: blank(sourceId),
  agent: blank(agent),
});

const validityOf = (row: Row) => ({
  fromMs: maybeNumber(row["valid_from_ms"]),
  toMs: maybeNumber(row["valid_to_ms"]),
});

export const headOf = (row: Row): EntityHead => ({
  id: EntityId.parse(row["id"]),
  scope: textOf(row["scope"]),
  name: textOf(row["name"]),
  type: textOf(row["type"]),
  confidence: numberOf(row["confidence"]),
  strength: numberOf(row["strength"]),
  validity: validityOf(row),
  metadata: jsonOf(row["metadata"]),
  version: numberOf(row["version"]),
  createdAtMs: numberOf(row["created_at_ms"]),
  updatedAtMs: numberOf(row["updated_at_ms"]),
});

export const observationsOf = (row: Row): readonly Observation[] =>
  listOf(row["observations"]).map((value): Observation => {
    const [id, text, confidence, fromMs, toMs, source, sourceId, agent, atMs, since, until] = listOf(value);
    return {
      id: ObservationId.parse(id),
      text: textOf(text),
      confidence: numberOf(confidence),
      validity: { fromMs: maybeNumber(fromMs), toMs: maybeNumber(toMs) },
      provenance: provenanceOf(source, sourceId, agent),
      atMs: numberOf(atMs),
      since: numberOf(since),
      until: maybeNumber(until),
    };
  });

export const entityOf = (row: Row): Entity => ({ ...headOf(row), observations: observationsOf(row) });

export const relationOf = (row: Row): Relation => ({
  id: RelationId.parse(row["id"]),
  scope: textOf(row["scope"]),
  from: EntityId.parse(row["src_id"]),
  to: EntityId.parse(row["dst_id"]),
  type: textOf(row["type"]),
  strength: numberOf(row["strength"]),
  confidence: numberOf(row["confidence"]),
  isBidirectional: row["is_both"] === true,
  validity: validityOf(row),
  metadata: jsonOf(row["metadata"]),
  provenance: provenanceOf(row["source"], row["source_id"], row["agent"]),
  createdAtMs: numberOf(row["created_at_ms"]),
});

export const changeOf = (row: Row): Change => ({
  seq: numberOf(row["seq"]),
  entity: row["entity"] === null ? undefined : EntityId.parse(row["entity"]),
  scope: textOf(row["scope"]),
  version: numberOf(row["version"]),
  action: Action.parse(row["action"]),
  provenance: provenanceOf(row["source"], row["source_id"], row["agent"]),
  atMs: numberOf(row["at_ms"]),
  details: jsonOf(row["details"]),
});

export const changesOf = (row: Row): readonly Change[] =>
  listOf(row["changes"]).flatMap((value) => (isJsonObject(value) ? [changeOf(value)] : []));

export const entityIdOf = (row: Row): EntityId => EntityId.parse(row["id"]);
