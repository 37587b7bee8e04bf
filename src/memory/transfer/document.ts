import * as z from "zod";
import { ObservationId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import {
  type Change,
  CHANGE_ACTIONS,
  type Entity,
  type EntityHistory,
  type Observation,
  type Provenance,
  type Relation,
  scopeText,
  SOURCE_TYPES,
} from "../knowledge/index.ts";

/** Version of exported documents; imports accept all versions with the same major number. */
export const DOCUMENT_VERSION = "1.0";

const Share = z.number().min(0).max(1).nullish();
const Instant = z.iso.datetime({ offset: true }).nullish();

const ProvenanceDocument = z.object({
  source: z.enum(SOURCE_TYPES),
  source_id: z.string().nullish(),
  agent: z.string().nullish(),
});

const ObservationDocument = z.union([
  z.string(),
  z.object({
    id: ObservationId.optional(),
    text: z.string(),
    confidence: Share,
    valid_from: Instant,
    valid_to: Instant,
    provenance: ProvenanceDocument.nullish(),
    at: Instant,
    /** Versions, if the history is included. */
    since: z.int().min(1).optional(),
    until: z.int().min(1).nullish(),
  }),
]);

const ChangeDocument = z.object({
  version: z.int().min(0),
  action: z.enum(CHANGE_ACTIONS),
  provenance: ProvenanceDocument,
  at: z.iso.datetime({ offset: true }),
  details: JsonObject,
});

/**
 * An entity in exported documents. The reference memory server of the Model Context Protocol writes `type` as `entityType`. Only the name
 * is required.
 */
export const EntityDocument = z.object({
  id: z.string().optional(),
  scope: z.string().optional(),
  name: z.string(),
  type: z.string().optional(),
  /** The reference memory server accepts an empty type, which means none. */
  entityType: z
    .string()
    .transform((type) => (type === "" ? undefined : type))
    .optional(),
  observations: z.array(ObservationDocument).default([]),
  confidence: Share,
  strength: Share,
  valid_from: Instant,
  valid_to: Instant,
  metadata: JsonObject.nullish(),
  version: z.int().min(1).optional(),
  created_at: Instant,
  updated_at: Instant,
  /** Oldest first; if present, `observations` includes retracted ones. */
  changes: z.array(ChangeDocument).optional(),
  /** Vectors of the passages as base64, 32-bit floats in little-endian order. */
  embedding: z.object({ model: z.string(), vectors: z.array(z.string()) }).optional(),
});
export type EntityDocument = z.output<typeof EntityDocument>;

/** A relation between two named entities of one scope. */
export const RelationDocument = z.object({
  scope: z.string().optional(),
  from: z.string(),
  to: z.string(),
  type: z.string().optional(),
  relationType: z.string().optional(),
  strength: Share,
  confidence: Share,
  bidirectional: z.boolean().nullish(),
  valid_from: Instant,
  valid_to: Instant,
  metadata: JsonObject.nullish(),
  provenance: ProvenanceDocument.nullish(),
});
export type RelationDocument = z.output<typeof RelationDocument>;

export const ms = (instant: string | null | undefined): number | undefined =>
  instant === null || instant === undefined ? undefined : Date.parse(instant);
const instant = (atMs: number): string => new Date(atMs).toISOString();

export const provenanceIn = ({ source, source_id: id, agent }: z.output<typeof ProvenanceDocument>): Provenance => ({
  source,
  sourceId: id ?? undefined,
  agent: agent ?? undefined,
});

const provenanceOut = ({ source, sourceId, agent }: Provenance): object => ({
  source,
  ...(sourceId !== undefined && { source_id: sourceId }),
  ...(agent !== undefined && { agent }),
});

const validityOut = ({ fromMs, toMs }: Entity["validity"]): object => ({
  ...(fromMs !== undefined && { valid_from: instant(fromMs) }),
  ...(toMs !== undefined && { valid_to: instant(toMs) }),
});

const observationOut = (one: Observation, withHistory: boolean): object => ({
  id: one.id,
  text: one.text,
  ...(one.confidence !== 1 && { confidence: one.confidence }),
  ...validityOut(one.validity),
  provenance: provenanceOut(one.provenance),
  at: instant(one.atMs),
  ...(withHistory && { since: one.since, ...(one.until !== undefined && { until: one.until }) }),
});

const changeOut = ({ version, action, provenance, atMs, details }: Change): object => ({
  version,
  action,
  provenance: provenanceOut(provenance),
  at: instant(atMs),
  details,
});

/** Converts an entity to a document, with its history if given. */
export function entityOut(
  entity: Entity,
  more: {
    readonly history?: EntityHistory | undefined;
    readonly embedding?: { readonly model: string; readonly vectors: readonly string[] } | undefined;
  },
): object {
  const { history, embedding } = more;
  const observations = history?.observations ?? entity.observations;
  return {
    id: entity.id,
    scope: scopeText(entity.scope),
    name: entity.name,
    type: entity.type,
    confidence: entity.confidence,
    strength: entity.strength,
    ...validityOut(entity.validity),
    ...(Object.keys(entity.metadata).length > 0 && { metadata: entity.metadata }),
    version: entity.version,
    created_at: instant(entity.createdAtMs),
    updated_at: instant(entity.updatedAtMs),
    observations: observations.map((one) => observationOut(one, history !== undefined)),
    ...(history && { changes: history.changes.map(changeOut) }),
    ...(embedding && { embedding }),
  };
}

/** Converts a relation with the names of its ends to a document. */
export const relationOut = (one: Relation, ends: { readonly from: string; readonly to: string }): object => ({
  scope: scopeText(one.scope),
  from: ends.from,
  to: ends.to,
  type: one.type,
  strength: one.strength,
  confidence: one.confidence,
  ...(one.isBidirectional && { bidirectional: true }),
  ...validityOut(one.validity),
  ...(Object.keys(one.metadata).length > 0 && { metadata: one.metadata }),
  provenance: provenanceOut(one.provenance),
  created_at: instant(one.createdAtMs),
});

export const vectorOut = (vector: Float32Array): string => {
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  for (const [at, part] of vector.entries()) bytes.writeFloatLE(part, at * Float32Array.BYTES_PER_ELEMENT);
  return bytes.toString("base64");
};

/** Decodes a vector; returns undefined if its length is wrong. */
export function vectorIn(text: string, dims: number): Float32Array | undefined {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== dims * Float32Array.BYTES_PER_ELEMENT) return undefined;
  const vector = Float32Array.from({ length: dims }, (_none, at) =>
    bytes.readFloatLE(at * Float32Array.BYTES_PER_ELEMENT),
  );
  const length = Math.hypot(...vector);
  // Vectors are compared as unit vectors; others would be similar to everything or nothing.
  return Math.abs(length - 1) < UNIT_TOLERANCE ? vector : undefined;
}

const UNIT_TOLERANCE = 0.01;
