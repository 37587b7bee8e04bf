import { createHash } from "node:crypto";
import * as z from "zod";
import { EntityId, ObservationId, RelationId } from "../../../kernel/ids.ts";
import { canonicalJson, isJsonObject, type JsonObject } from "../../../kernel/json.ts";
import {
  type Change,
  CHANGE_ACTIONS,
  type EntityHead,
  type Observation,
  type Provenance,
  type Relation,
  SOURCE_TYPES,
  type Validity,
} from "../../knowledge/index.ts";
import type { Payload } from "./place.ts";

// What is kept of entities, relations and changes in a point's payload. All of JSON that is not ours is kept as text: Qdrant
// gives objects back with their keys in another order.

/** An open validity, as a number that ranges can compare. */
const OPEN_FROM = Number.MIN_SAFE_INTEGER;
const OPEN_TO = Number.MAX_SAFE_INTEGER;

/** The same id for the same parts, in every process: what is written twice is there once. A UUID of version 8. */
export function idOf(...parts: readonly string[]): string {
  const bytes = createHash("sha256").update(parts.join("\0")).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Where an entity is: there is one point for a scope and name, so that two who make it at once make one. */
export const entityPoint = (scope: string, name: string): string => idOf("entity", scope, name);
/** Where a relation is: it takes the place of the one with the same ends and type. */
export const relationPoint = ({ from, to, type }: Pick<Relation, "from" | "to" | "type">): string =>
  idOf("relation", from, to, type);

/** What a filter compares of a member of metadata. */
export const tagOf = (key: string, value: unknown): string =>
  createHash("sha256")
    .update(`${key}\0${JSON.stringify(value)}`)
    .digest("hex")
    .slice(0, 32);

const Source = z.object({
  source: z.enum(SOURCE_TYPES),
  source_id: z.string().optional(),
  agent: z.string().optional(),
});

const provenanceOf = ({ source, source_id, agent }: z.infer<typeof Source>): Provenance => ({
  source,
  sourceId: source_id,
  agent,
});

const sourcePayload = ({ source, sourceId, agent }: Provenance): z.infer<typeof Source> => ({
  source,
  ...(sourceId === undefined ? {} : { source_id: sourceId }),
  ...(agent === undefined ? {} : { agent }),
});

const Span = z.object({ valid_from: z.number(), valid_to: z.number() });

const validityOf = ({ valid_from, valid_to }: z.infer<typeof Span>): Validity => ({
  fromMs: valid_from === OPEN_FROM ? undefined : valid_from,
  toMs: valid_to === OPEN_TO ? undefined : valid_to,
});

const spanPayload = ({ fromMs, toMs }: Validity): z.infer<typeof Span> => ({
  valid_from: fromMs ?? OPEN_FROM,
  valid_to: toMs ?? OPEN_TO,
});

const jsonOf = (text: string): JsonObject => {
  const parsed: unknown = JSON.parse(text);
  return isJsonObject(parsed) ? parsed : {};
};

export const ObservationPayload = Source.extend(Span.shape).extend({
  id: ObservationId,
  text: z.string(),
  confidence: z.number(),
  at_ms: z.number(),
  since: z.number(),
  until: z.number().optional(),
});

export const observationOf = (payload: z.infer<typeof ObservationPayload>): Observation => ({
  id: payload.id,
  text: payload.text,
  confidence: payload.confidence,
  validity: validityOf(payload),
  provenance: provenanceOf(payload),
  atMs: payload.at_ms,
  since: payload.since,
  until: payload.until,
});

export const observationPayload = (one: Observation): z.input<typeof ObservationPayload> => ({
  id: one.id,
  text: one.text,
  confidence: one.confidence,
  ...spanPayload(one.validity),
  ...sourcePayload(one.provenance),
  at_ms: one.atMs,
  since: one.since,
  ...(one.until === undefined ? {} : { until: one.until }),
});

export const HeadPayload = Span.extend({
  id: EntityId,
  scope: z.string(),
  name: z.string(),
  type: z.string(),
  confidence: z.number(),
  strength: z.number(),
  metadata: z.string(),
  version: z.number(),
  created_at_ms: z.number(),
  updated_at_ms: z.number(),
});

export const headOf = (payload: z.infer<typeof HeadPayload>): EntityHead => ({
  id: payload.id,
  scope: payload.scope,
  name: payload.name,
  type: payload.type,
  confidence: payload.confidence,
  strength: payload.strength,
  validity: validityOf(payload),
  metadata: jsonOf(payload.metadata),
  version: payload.version,
  createdAtMs: payload.created_at_ms,
  updatedAtMs: payload.updated_at_ms,
});

export const headPayload = (head: EntityHead): z.input<typeof HeadPayload> => ({
  id: head.id,
  scope: head.scope,
  name: head.name,
  type: head.type,
  confidence: head.confidence,
  strength: head.strength,
  ...spanPayload(head.validity),
  metadata: JSON.stringify(head.metadata),
  version: head.version,
  created_at_ms: head.createdAtMs,
  updated_at_ms: head.updatedAtMs,
});

const RelationPayload = Source.extend(Span.shape).extend({
  id: RelationId,
  scope: z.string(),
  from: EntityId,
  to: EntityId,
  type: z.string(),
  strength: z.number(),
  confidence: z.number(),
  is_both: z.boolean(),
  metadata: z.string(),
  created_at_ms: z.number(),
  seq: z.number(),
});
export const RELATION_FIELDS = Object.keys(RelationPayload.shape);

/** A relation, and its number in the order in which they were made. */
export function relationOf(payload: unknown): Relation & { readonly seq: number } {
  const read = RelationPayload.parse(payload);
  return {
    id: read.id,
    scope: read.scope,
    from: read.from,
    to: read.to,
    type: read.type,
    strength: read.strength,
    confidence: read.confidence,
    isBidirectional: read.is_both,
    validity: validityOf(read),
    metadata: jsonOf(read.metadata),
    provenance: provenanceOf(read),
    createdAtMs: read.created_at_ms,
    seq: read.seq,
  };
}

export const relationPayload = (relation: Relation, seq: number): Payload => ({
  kind: "relation",
  id: relation.id,
  scope: relation.scope,
  from: relation.from,
  to: relation.to,
  type: relation.type,
  strength: relation.strength,
  confidence: relation.confidence,
  is_both: relation.isBidirectional,
  ...spanPayload(relation.validity),
  metadata: JSON.stringify(relation.metadata),
  ...sourcePayload(relation.provenance),
  created_at_ms: relation.createdAtMs,
  seq,
});

/** A change with the point where it is logged. */
export const ChangePayload = Source.extend({
  point: z.string(),
  seq: z.number(),
  entity: EntityId.optional(),
  scope: z.string(),
  version: z.number(),
  action: z.enum(CHANGE_ACTIONS),
  at_ms: z.number(),
  details: z.string(),
  /** Of the write that made it. */
  token: z.string(),
});
export type Logged = z.infer<typeof ChangePayload>;
export const CHANGE_FIELDS = Object.keys(ChangePayload.shape);

export const changeOf = (payload: Logged): Change => ({
  seq: payload.seq,
  entity: payload.entity,
  scope: payload.scope,
  version: payload.version,
  action: payload.action,
  provenance: provenanceOf(payload),
  atMs: payload.at_ms,
  details: jsonOf(payload.details),
});

export const loggedOf = (
  change: Change,
  { point, token }: { readonly point: string; readonly token: string },
): Logged => ({
  point,
  token,
  seq: change.seq,
  ...(change.entity === undefined ? {} : { entity: change.entity }),
  scope: change.scope,
  version: change.version,
  action: change.action,
  ...sourcePayload(change.provenance),
  at_ms: change.atMs,
  details: canonicalJson(change.details),
});

/** Of each version of an entity there is one change; of what relates it, one for each write. */
export const changePoint = (entity: string, what: string): string => idOf("change", entity, what);

/** A change as a point of the log. */
export const changePayload = (logged: Logged): Payload => ({ kind: "change", ...logged });
