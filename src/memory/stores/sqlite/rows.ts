import assert from "node:assert/strict";
import type { SQLOutputValue } from "node:sqlite";
import * as z from "zod";
import type { EntityId, ObservationId, RelationId } from "../../../kernel/ids.ts";
import { isJsonObject, type JsonObject } from "../../../kernel/json.ts";
import {
  type Change,
  CHANGE_ACTIONS,
  type ChangeAction,
  type Entity,
  type Observation,
  type Provenance,
  type Relation,
  SOURCE_TYPES,
} from "../../knowledge/index.ts";
import { ID_CHARACTERS } from "./ids.ts";

/** A row as SQLite gives it. */
export type Row = Record<string, SQLOutputValue>;
/** The values of a row, one after another: they cross threads several times faster than objects do. */
export type Cells = readonly SQLOutputValue[];

/** A UUID in 16 bytes. */
export const idBytes = (id: string): Uint8Array => Buffer.from(id.replaceAll("-", ""), "hex");
/** The part of it that indexes know. */
export const idBeginning = (id: Uint8Array): Uint8Array => id.subarray(0, 8);

/** A UUID of which SQLite gave the hexadecimal digits. */
export function idText(value: SQLOutputValue | undefined): string {
  const hex = textOf(value).toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Ids come from the file, whose ids were looked at when they were kept: here only that they are there. */
export const isEntityId = (text: string): text is EntityId => text.length === ID_CHARACTERS;
export const isRelationId = (text: string): text is RelationId => text.length === ID_CHARACTERS;
const isObservationId = (text: string): text is ObservationId => text.length === ID_CHARACTERS;

const reader =
  <Id extends string>(isId: (text: string) => text is Id) =>
  (value: SQLOutputValue | undefined): Id => {
    const text = idText(value);
    assert(isId(text));
    return text;
  };
const entityIdOf = reader(isEntityId);
const relationIdOf = reader(isRelationId);
const observationIdOf = reader(isObservationId);

export const textOf = (value: SQLOutputValue | undefined): string => (typeof value === "string" ? value : "");
export const numberOf = (value: SQLOutputValue | undefined): number => Number(value ?? 0);
export const maybeNumber = (value: SQLOutputValue | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Number(value);

function jsonOf(value: SQLOutputValue | undefined): JsonObject {
  const parsed: unknown = typeof value === "string" ? JSON.parse(value) : {};
  return isJsonObject(parsed) ? parsed : {};
}

export const jsonText = (value: JsonObject): string | null =>
  Object.keys(value).length === 0 ? null : JSON.stringify(value);

const Source = z.enum(SOURCE_TYPES);
const blank = (value: SQLOutputValue | undefined): string | undefined => textOf(value) || undefined;

/** How an action is kept: as its place in CHANGE_ACTIONS, which therefore only grows. */
export const actionNumber = (action: ChangeAction): number => CHANGE_ACTIONS.indexOf(action);

const provenanceOf = (source: SQLOutputValue, sourceId: SQLOutputValue, agent: SQLOutputValue): Provenance => ({
  source: Source.parse(source),
  sourceId: blank(sourceId),
  agent: blank(agent),
});

/** Entities by their rows; `HEAD_CELLS` values each, the first their row, which is not packed, the third their scope's number. */
export const HEAD_COLUMNS = `e.row, hex(e.id), e.scope, e.name, e.type, e.confidence, e.strength, e.valid_from_ms, e.valid_to_ms,
  e.metadata, e.version, e.created_at_ms, coalesce(e.updated_at_ms, e.created_at_ms)`;
/** Of `observation` joined with `provenance`; the first is the row. */
export const OBSERVATION_COLUMNS = `o.row, hex(o.id), o.text, o.confidence, o.valid_from_ms, o.valid_to_ms, p.source, p.source_id,
  p.agent, o.at_ms, o.since, o.until`;

/** An entity with its observations: the values of its head but the row, then those of each observation likewise. */
export type PackedEntity = Cells;
const HEAD_CELLS = 12;
const OBSERVATION_CELLS = 11;
/** Where in a packed entity its name and type are, and when it was changed. */
export const PACKED = {
  name: 2,
  type: 3,
  metadata: 8,
  agent: 7,
  text: 1,
  head: HEAD_CELLS,
  observation: OBSERVATION_CELLS,
} as const;

export function entityOf(cells: PackedEntity): Entity {
  const [id, scope, name, type, confidence, strength, from, to, metadata, version, created, updated] = cells;
  const observations: Observation[] = [];
  for (let at = HEAD_CELLS; at < cells.length; at += OBSERVATION_CELLS) observations.push(observationOf(cells, at));
  return {
    id: entityIdOf(id),
    scope: textOf(scope),
    name: textOf(name),
    type: textOf(type),
    confidence: numberOf(confidence),
    strength: numberOf(strength),
    validity: { fromMs: maybeNumber(from), toMs: maybeNumber(to) },
    metadata: jsonOf(metadata),
    version: numberOf(version),
    createdAtMs: numberOf(created),
    updatedAtMs: numberOf(updated),
    observations,
  };
}

/** Of values that begin at `at`, without the row. */
function observationOf(cells: Cells, at: number): Observation {
  return {
    id: observationIdOf(cells[at]),
    text: textOf(cells[at + 1]),
    confidence: numberOf(cells[at + 2]),
    validity: { fromMs: maybeNumber(cells[at + 3]), toMs: maybeNumber(cells[at + 4]) },
    provenance: provenanceOf(cells[at + 5] ?? null, cells[at + 6] ?? null, cells[at + 7] ?? null),
    atMs: numberOf(cells[at + 8]),
    since: numberOf(cells[at + 9]),
    until: maybeNumber(cells[at + 10]),
  };
}

/** Of `relation` joined with `provenance` and its ends `a` and `b`. */
export const RELATION_COLUMNS = `r.row, hex(r.id) AS id, a.scope, hex(a.id) AS src_id, hex(b.id) AS dst_id, r.type,
  coalesce(r.strength, 0.5) AS strength, r.confidence, r.is_both, r.valid_from_ms, r.valid_to_ms, r.metadata, p.source, p.source_id,
  p.agent, r.created_at_ms, r.version`;
/** What a relation's strength is when its row says none. */
export const USUAL_STRENGTH = 0.5;

export const relationOf = (row: Row, scope: string): Relation => ({
  id: relationIdOf(row["id"]),
  scope,
  from: entityIdOf(row["src_id"]),
  to: entityIdOf(row["dst_id"]),
  type: textOf(row["type"]),
  strength: numberOf(row["strength"]),
  confidence: numberOf(row["confidence"]),
  isBidirectional: numberOf(row["is_both"]) === 1,
  validity: { fromMs: maybeNumber(row["valid_from_ms"]), toMs: maybeNumber(row["valid_to_ms"]) },
  metadata: jsonOf(row["metadata"]),
  provenance: provenanceOf(row["source"] ?? null, row["source_id"] ?? null, row["agent"] ?? null),
  createdAtMs: numberOf(row["created_at_ms"]),
});

/** The change that made a relation, which stands in its row. */
export const relatedOf = (row: Row, scope: string): Change => {
  const { id, from, to, type, provenance, createdAtMs } = relationOf(row, scope);
  const details = { relation: id, to, type };
  return {
    seq: numberOf(row["row"]),
    entity: from,
    scope,
    version: numberOf(row["version"]),
    action: "relate",
    provenance,
    atMs: createdAtMs,
    details,
  };
};

/** Of `change` joined with `provenance` and its entity, if that is there. */
export const CHANGE_COLUMNS = `c.seq, hex(coalesce(e.id, c.gone)) AS id, c.scope, c.version, c.action, p.source, p.source_id, p.agent,
  c.at_ms, c.details`;

export const changeOf = (row: Row, scope: string): Change => ({
  seq: numberOf(row["seq"]),
  entity: textOf(row["id"]) === "" ? undefined : entityIdOf(row["id"]),
  scope,
  version: numberOf(row["version"]),
  action: CHANGE_ACTIONS[numberOf(row["action"])] ?? "revise",
  provenance: provenanceOf(row["source"] ?? null, row["source_id"] ?? null, row["agent"] ?? null),
  atMs: numberOf(row["at_ms"]),
  details: jsonOf(row["details"]),
});
