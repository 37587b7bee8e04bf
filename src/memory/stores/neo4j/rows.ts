import { createHash } from "node:crypto";
import * as z from "zod";
import { EntityId, ObservationId, RelationId } from "../../../kernel/ids.ts";
import { isJsonObject, type JsonObject } from "../../../kernel/json.ts";
import {
  type Change,
  CHANGE_ACTIONS,
  type Entity,
  type EntityHead,
  type Observation,
  type Passage,
  type Provenance,
  type Relation,
  SOURCE_TYPES,
  type Validity,
} from "../../knowledge/index.ts";
import { wordsOf } from "../../search-index/index.ts";
import { type Parameters, type Row, whole } from "./connection.ts";

// Facts as properties of nodes and relationships. What is not known is no property. JSON that is not ours is kept as text.

const digest = (text: string, length: number): string =>
  createHash("sha256").update(text).digest("hex").slice(0, length);

/** A scope as one word, which the index of words holds beside the text's words. */
export const placeOf = (scope: string): string => `s${digest(scope, 32)}`;
/** What a filter compares of a member of metadata. */
export const tagOf = (key: string, value: unknown): string => digest(`${key}\0${JSON.stringify(value)}`, 32);

const Sourced = z.object({
  source: z.enum(SOURCE_TYPES),
  sourceId: z.string().optional(),
  agent: z.string().optional(),
});
const Spanned = z.object({ validFromMs: z.number().optional(), validToMs: z.number().optional() });

const provenanceOf = ({ source, sourceId, agent }: z.infer<typeof Sourced>): Provenance => ({
  source,
  sourceId,
  agent,
});
const validityOf = ({ validFromMs, validToMs }: z.infer<typeof Spanned>): Validity => ({
  fromMs: validFromMs,
  toMs: validToMs,
});

function jsonOf(text: string | undefined): JsonObject {
  const parsed: unknown = text === undefined ? {} : JSON.parse(text);
  return isJsonObject(parsed) ? parsed : {};
}

const maybeWhole = (value: number | undefined) => (value === undefined ? undefined : whole(value));
const sourceProperties = ({ source, sourceId, agent }: Provenance): Parameters => ({ source, sourceId, agent });
const spanProperties = ({ fromMs, toMs }: Validity): Parameters => ({
  validFromMs: maybeWhole(fromMs),
  validToMs: maybeWhole(toMs),
});
const jsonProperty = (value: JsonObject): string | undefined =>
  Object.keys(value).length === 0 ? undefined : JSON.stringify(value);

const HeadRow = Spanned.extend({
  id: EntityId,
  scope: z.string(),
  name: z.string(),
  type: z.string(),
  confidence: z.number(),
  strength: z.number(),
  metadata: z.string().optional(),
  version: z.number(),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
});

function headOf(properties: unknown): EntityHead {
  const { validFromMs, validToMs, metadata, ...head } = HeadRow.parse(properties);
  return { ...head, validity: validityOf({ validFromMs, validToMs }), metadata: jsonOf(metadata) };
}

export const headProperties = (head: EntityHead): Parameters => ({
  id: head.id,
  scope: head.scope,
  name: head.name,
  type: head.type,
  confidence: head.confidence,
  strength: head.strength,
  ...spanProperties(head.validity),
  metadata: jsonProperty(head.metadata),
  tags: Object.entries(head.metadata).map(([key, value]) => tagOf(key, value)),
  version: whole(head.version),
  createdAtMs: whole(head.createdAtMs),
  updatedAtMs: whole(head.updatedAtMs),
});

const ObservationRow = Sourced.extend(Spanned.shape).extend({
  id: ObservationId,
  text: z.string(),
  confidence: z.number(),
  atMs: z.number(),
  since: z.number(),
  until: z.number().optional(),
});

function observationOf(properties: unknown): Observation {
  const row = ObservationRow.parse(properties);
  const { id, text, confidence, atMs, since, until } = row;
  return { id, text, confidence, validity: validityOf(row), provenance: provenanceOf(row), atMs, since, until };
}

/** `position` is its place among those that came with the same version. */
export const observationProperties = (one: Observation, position: number): Parameters => ({
  id: one.id,
  text: one.text,
  confidence: one.confidence,
  ...spanProperties(one.validity),
  ...sourceProperties(one.provenance),
  atMs: whole(one.atMs),
  since: whole(one.since),
  until: maybeWhole(one.until),
  position: whole(position),
});

const Known = z.object({ head: z.unknown(), observations: z.array(z.unknown()) });

/** Of a row with `head` and `observations`, as `ENTITY` gives it. */
export function entityOf(row: Row): Entity {
  const { head, observations } = Known.parse(row);
  // What was withdrawn after the version that was read is not withdrawn yet.
  return { ...headOf(head), observations: observations.map((one) => ({ ...observationOf(one), until: undefined })) };
}

/** The same with all observations as they are. */
export function toStored(row: Row): { readonly head: EntityHead; readonly observations: readonly Observation[] } {
  const { head, observations } = Known.parse(row);
  return { head: headOf(head), observations: observations.map(observationOf) };
}

const RelationRow = Sourced.extend(Spanned.shape).extend({
  id: RelationId,
  scope: z.string(),
  type: z.string(),
  strength: z.number(),
  confidence: z.number(),
  isBidirectional: z.boolean(),
  metadata: z.string().optional(),
  createdAtMs: z.number(),
  seq: z.number(),
});
const Ends = z.object({ relation: RelationRow, from: EntityId, to: EntityId });

/** Of a row with `relation`, `from` and `to`; with its number in the order in which they were made. */
export function relationOf(row: Row): { readonly seq: number; readonly relation: Relation } {
  const { relation: read, from, to } = Ends.parse(row);
  const { id, scope, type, strength, confidence, isBidirectional, createdAtMs } = read;
  const [validity, provenance] = [validityOf(read), provenanceOf(read)];
  const metadata = jsonOf(read.metadata);
  return {
    seq: read.seq,
    relation: {
      id,
      scope,
      from,
      to,
      type,
      strength,
      confidence,
      isBidirectional,
      validity,
      metadata,
      provenance,
      createdAtMs,
    },
  };
}

export const relationProperties = (relation: Relation): Parameters => ({
  id: relation.id,
  scope: relation.scope,
  type: relation.type,
  strength: relation.strength,
  confidence: relation.confidence,
  isBidirectional: relation.isBidirectional,
  ...spanProperties(relation.validity),
  metadata: jsonProperty(relation.metadata),
  ...sourceProperties(relation.provenance),
  createdAtMs: whole(relation.createdAtMs),
});

const ChangeRow = Sourced.extend({
  seq: z.number(),
  entity: EntityId.optional(),
  scope: z.string(),
  version: z.number(),
  action: z.enum(CHANGE_ACTIONS),
  atMs: z.number(),
  details: z.string().optional(),
});

export function changeOf(properties: unknown): Change {
  const { source, sourceId, agent, details, entity, ...change } = ChangeRow.parse(properties);
  return { ...change, entity, provenance: { source, sourceId, agent }, details: jsonOf(details) };
}

/** A change that has no number yet. */
export type NewChange = Omit<Change, "seq">;

export const changeProperties = (change: NewChange): Parameters => ({
  entity: change.entity,
  scope: change.scope,
  version: whole(change.version),
  action: change.action,
  ...sourceProperties(change.provenance),
  atMs: whole(change.atMs),
  details: jsonProperty(change.details),
});

export const passageId = (entity: EntityId, ordinal: number): string => `${entity}/${String(ordinal).padStart(6, "0")}`;

/** What a passage is found by, without its vector. */
export function passageProperties(
  of: { readonly id: EntityId; readonly scope: string },
  { ordinal, text }: Pick<Passage, "ordinal" | "text">,
): Parameters {
  const { counts, length } = wordsOf(text);
  const words = [...counts].flatMap(([stem, count]) => Array.from({ length: count }, () => stem)).join(" ");
  const place = placeOf(of.scope);
  const id = passageId(of.id, ordinal);
  return { id, scope: of.scope, place, ordinal: whole(ordinal), text, words, length: whole(length) };
}

export const numberOf = (value: unknown): number => z.number().parse(value);
export const textOf = (value: unknown): string => z.string().parse(value);
export const entityIdOf = (value: unknown): EntityId => EntityId.parse(value);
