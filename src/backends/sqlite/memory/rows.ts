import type { SQLOutputValue } from "node:sqlite";
import * as z from "zod";
import { EntityId, ObservationId, RelationId } from "../../../kernel/ids.ts";
import { isJsonObject, type JsonObject } from "../../../kernel/json.ts";
import {
  type Change,
  CHANGE_ACTIONS,
  type EntityHead,
  type Observation,
  type Provenance,
  type Relation,
  SOURCE_TYPES,
} from "../../../memory/index.ts";

/** A row as SQLite gives it. */
export type Row = Record<string, SQLOutputValue>;

/** A UUID in 16 bytes. */
export const idBytes = (id: string): Uint8Array => Buffer.from(id.replaceAll("-", ""), "hex");

export function idText(value: SQLOutputValue | undefined): string {
  const hex = value instanceof Uint8Array ? Buffer.from(value).toString("hex") : "";
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const textOf = (value: SQLOutputValue | undefined): string => (typeof value === "string" ? value : "");
export const numberOf = (value: SQLOutputValue | undefined): number => Number(value ?? 0);
export const maybeNumber = (value: SQLOutputValue | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Number(value);

export function jsonOf(value: SQLOutputValue | undefined): JsonObject {
  const parsed: unknown = typeof value === "string" ? JSON.parse(value) : {};
  return isJsonObject(parsed) ? parsed : {};
}

export const jsonText = (value: JsonObject): string | null =>
  Object.keys(value).length === 0 ? null : JSON.stringify(value);

const Source = z.enum(SOURCE_TYPES);
const Action = z.enum(CHANGE_ACTIONS);
const blank = (value: SQLOutputValue | undefined): string | undefined => textOf(value) || undefined;

/** Of a row joined with `provenance`. */
export const provenanceOf = (row: Row): Provenance => ({
  source: Source.parse(row["source"]),
  sourceId: blank(row["source_id"]),
  agent: blank(row["agent"]),
});

const validityOf = (row: Row) => ({
  fromMs: maybeNumber(row["valid_from_ms"]),
  toMs: maybeNumber(row["valid_to_ms"]),
});

/** Of a row of `entity` joined with its `scope_key`. */
export const headOf = (row: Row): EntityHead => ({
  id: EntityId.parse(idText(row["id"])),
  scope: textOf(row["scope_key"]),
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

/** Of a row of `observation` joined with `provenance`. */
export const observationOf = (row: Row): Observation => ({
  id: ObservationId.parse(idText(row["id"])),
  text: textOf(row["text"]),
  confidence: numberOf(row["confidence"]),
  validity: validityOf(row),
  provenance: provenanceOf(row),
  atMs: numberOf(row["at_ms"]),
  since: numberOf(row["since"]),
  until: maybeNumber(row["until"]),
});

/** Of a row of `relation` joined with `provenance`, the ids of its ends (`src_id`, `dst_id`) and their scope's key. */
export const relationOf = (row: Row): Relation => ({
  id: RelationId.parse(idText(row["id"])),
  scope: textOf(row["scope_key"]),
  from: EntityId.parse(idText(row["src_id"])),
  to: EntityId.parse(idText(row["dst_id"])),
  type: textOf(row["type"]),
  strength: numberOf(row["strength"]),
  confidence: numberOf(row["confidence"]),
  isBidirectional: numberOf(row["is_both"]) === 1,
  validity: validityOf(row),
  metadata: jsonOf(row["metadata"]),
  provenance: provenanceOf(row),
  createdAtMs: numberOf(row["created_at_ms"]),
});

/** Of a row of `change` joined with `provenance` and its scope's key. */
export const changeOf = (row: Row): Change => ({
  seq: numberOf(row["seq"]),
  entity: row["entity"] === null ? undefined : EntityId.parse(idText(row["entity"])),
  scope: textOf(row["scope_key"]),
  version: numberOf(row["version"]),
  action: Action.parse(row["action"]),
  provenance: provenanceOf(row),
  atMs: numberOf(row["at_ms"]),
  details: jsonOf(row["details"]),
});
