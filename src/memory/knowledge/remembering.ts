import { EntityId, mint, ObservationId } from "../../kernel/ids.ts";
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { ChangeAction, Entity, EntityHead, Observation, Provenance, Validity } from "./entity.ts";
import { EntityTypeConflictError, MemoryTooLargeError } from "./errors.ts";
import type { EntityWrite, Passage } from "./memory-store.ts";
import { passagesOf } from "./search/passages.ts";
import { type ScopeKey, scopeText } from "./scope.ts";
import {
  MEMORY_LIMITS,
  readEntityName,
  readMetadata,
  readObservation,
  readRatio,
  readTypeName,
  readValidity,
} from "./values.ts";

/** An observation to add to an entity. */
export type ObservationInput = {
  readonly text: string;
  readonly confidence?: number | undefined;
  readonly validity?: Partial<Validity> | undefined;
  /** Who stated it and when, if not the caller now. */
  readonly provenance?: Provenance | undefined;
  readonly atMs?: number | undefined;
};

/** What to remember about an entity; absent fields do not change. */
export type EntityInput = {
  readonly name: string;
  /** Default for a new entity: `thing`. */
  readonly type?: string | undefined;
  readonly observations?: readonly ObservationInput[] | undefined;
  readonly confidence?: number | undefined;
  readonly strength?: number | undefined;
  readonly validity?: Partial<Validity> | undefined;
  readonly metadata?: JsonObject | undefined;
  /** Identity and times of a new entity that comes from another memory. No entity may have the id. */
  readonly origin?: EntityOrigin | undefined;
};

/** Identity and times that an entity keeps from another memory. */
export type EntityOrigin = {
  readonly id: EntityId | undefined;
  readonly createdAtMs: number | undefined;
  readonly updatedAtMs: number | undefined;
};

/** A validated input, with normalized names and texts. */
export type CheckedInput = {
  readonly name: string;
  readonly type: string | undefined;
  readonly observations: readonly (Pick<Observation, "text" | "confidence" | "validity"> &
    Pick<ObservationInput, "provenance" | "atMs">)[];
  readonly origin: EntityOrigin | undefined;
  readonly fields: Partial<Pick<EntityHead, "confidence" | "strength" | "validity" | "metadata">>;
};

/** Redacts text and JSON before it is stored. */
export type Redact = { text(text: string): string; json(value: Json): Json };

export const NO_REDACTION: Redact = { text: (text) => text, json: (value) => value };

/** Returns the input with confidential text redacted. */
export const redactInput = (input: EntityInput, hide: Redact): EntityInput => ({
  ...input,
  name: hide.text(input.name),
  ...(input.type !== undefined && { type: hide.text(input.type) }),
  ...(input.observations && { observations: input.observations.map((one) => ({ ...one, text: hide.text(one.text) })) }),
  ...(input.metadata && { metadata: redactObject(input.metadata, hide) }),
});

export function redactObject(given: JsonObject, hide: Redact): JsonObject {
  const hidden = hide.json(given);
  return isJsonObject(hidden) ? hidden : {};
}

const TYPE = "thing";

/** Throws MemoryValueError, MemoryTooLargeError. */
export function checkInput(input: EntityInput): CheckedInput {
  const { confidence, strength, validity, metadata } = input;
  return {
    name: readEntityName(input.name),
    type: input.type === undefined ? undefined : readTypeName(input.type),
    observations: (input.observations ?? []).map((one) => ({
      text: readObservation(one.text),
      confidence: readRatio(one.confidence ?? confidence ?? 1, "confidence"),
      validity: readValidity(one.validity),
      provenance: one.provenance,
      atMs: one.atMs,
    })),
    origin: input.origin,
    fields: {
      ...(confidence === undefined ? {} : { confidence: readRatio(confidence, "confidence") }),
      ...(strength === undefined ? {} : { strength: readRatio(strength, "strength") }),
      ...(validity === undefined ? {} : { validity: readValidity(validity) }),
      ...(metadata === undefined ? {} : { metadata: readMetadata(metadata) }),
    },
  };
}

/** A write whose passages have no vectors yet. */
export type Draft = Omit<EntityWrite, "passages" | "passageCount" | "model"> & {
  readonly scope: ScopeKey;
  /** The entity after the write. */
  readonly after: Entity;
  /** Texts of all passages after the write, and the number of leading ones that did not change. */
  readonly texts: readonly string[];
  readonly kept: number;
};

/** Scope, provenance and time of a change. */
export type At = { readonly scope: ScopeKey; readonly provenance: Provenance; readonly atMs: number };

/** Returns the change, or undefined if the entity already contains it. Throws EntityTypeConflictError, MemoryTooLargeError. */
export function draftOf(input: CheckedInput, before: Entity | undefined, at: At): Draft | undefined {
  if (before && input.type !== undefined && input.type !== before.type) {
    throw new EntityTypeConflictError(
      `${input.name} is a ${before.type} in ${scopeText(at.scope)}, not a ${input.type}`,
      `Leave the type out, or give another name; \`caxton memory revise\` changes the type.`,
      { scope: at.scope, name: input.name, type: before.type },
    );
  }
  const known = new Set(before?.observations.map(({ text }) => text));
  const fresh = input.observations.filter(({ text }) => !known.has(text) && known.add(text));
  const details = before ? changedFields(before, input.fields) : {};
  if (before && fresh.length === 0 && Object.keys(details).length === 0) return undefined;
  const head = headAfter(input, before, at);
  const added = fresh.map((one): Observation => ({
    ...one,
    id: mint(ObservationId),
    provenance: one.provenance ?? at.provenance,
    atMs: one.atMs ?? at.atMs,
    since: head.version,
    until: undefined,
  }));
  return draft({
    action: !before ? "create" : fresh.length > 0 ? "observe" : "revise",
    before,
    head,
    added,
    withdrawn: [],
    details,
    at,
  });
}

/** Drafts a change of an existing entity: removes and adds observations, changes fields. */
export function draftChange(
  before: Entity,
  change: {
    readonly action: Extract<ChangeAction, "withdraw" | "revise" | "revert">;
    readonly added?: readonly Observation[];
    readonly withdrawn?: readonly ObservationId[];
    readonly fields?: Partial<Pick<EntityHead, "name" | "type" | "confidence" | "strength" | "validity" | "metadata">>;
  },
  at: Omit<At, "scope">,
): Draft {
  const { fields = {}, added = [], withdrawn = [], action } = change;
  const head = { ...headOf(before), ...fields, version: before.version + 1, updatedAtMs: at.atMs };
  return draft({
    action,
    before,
    head,
    added,
    withdrawn,
    details: changedFields(before, fields),
    at: { ...at, scope: before.scope },
  });
}

function headOf(entity: Entity): EntityHead {
  const { observations: _observations, ...head } = entity;
  return head;
}

function headAfter(input: CheckedInput, before: Entity | undefined, { scope, atMs }: At): EntityHead {
  const { origin } = input;
  const base: EntityHead = before
    ? headOf(before)
    : {
        id: origin?.id ?? mint(EntityId),
        scope,
        name: input.name,
        type: input.type ?? TYPE,
        confidence: 1,
        strength: 1,
        validity: { fromMs: undefined, toMs: undefined },
        metadata: {},
        version: 0,
        createdAtMs: origin?.createdAtMs ?? atMs,
        updatedAtMs: atMs,
      };
  const updatedAtMs = before ? atMs : (origin?.updatedAtMs ?? atMs);
  return { ...base, ...input.fields, version: base.version + 1, updatedAtMs };
}

function draft(of: {
  readonly action: EntityWrite["action"];
  readonly before: Entity | undefined;
  readonly head: EntityHead;
  readonly added: readonly Observation[];
  readonly withdrawn: readonly ObservationId[];
  readonly details: JsonObject;
  readonly at: At;
}): Draft {
  const { action, before, head, added, withdrawn, details, at } = of;
  const gone = new Set(withdrawn);
  const observations = [...(before?.observations.filter(({ id }) => !gone.has(id)) ?? []), ...added];
  const bytes = observations.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (bytes > MEMORY_LIMITS.entityBytesMax && added.length > 0) {
    throw new MemoryTooLargeError(
      `${head.name} would take ${bytes} bytes`,
      "Split it into several entities, or retract observations that are obsolete.",
      {
        field: "observations",
        max: MEMORY_LIMITS.entityBytesMax,
      },
    );
  }
  const after = { ...head, observations };
  const texts = passagesOf(after);
  const earlier = before ? passagesOf(before) : [];
  const differs = texts.findIndex((text, index) => text !== earlier[index]);
  return {
    type: "entity",
    scope: at.scope,
    action,
    expected: before?.version ?? 0,
    head,
    added,
    withdrawn,
    provenance: at.provenance,
    details,
    after,
    texts,
    kept: differs === -1 ? texts.length : differs,
  };
}

/** Returns `{"strength":{"before":1,"after":0.5}}` for each changed field; times are in milliseconds, or null. */
export function changedFields(before: EntityHead, fields: Partial<EntityHead>): JsonObject {
  const [was, is] = [fieldsOf(before), fieldsOf({ ...before, ...fields })];
  const changed = Object.keys(is).filter((key) => canonicalJson(was[key] ?? null) !== canonicalJson(is[key] ?? null));
  return Object.fromEntries(changed.map((key) => [key, { before: was[key] ?? null, after: is[key] ?? null }]));
}

const fieldsOf = ({ name, type, confidence, strength, validity, metadata }: EntityHead): JsonObject => ({
  name,
  type,
  confidence,
  strength,
  valid_from: validity.fromMs ?? null,
  valid_to: validity.toMs ?? null,
  metadata,
});

/** Completes a draft with the vectors of its new passages, in their order. */
export function writeOf(
  of: Draft,
  vectors: readonly (Float32Array | undefined)[],
  model: string | undefined,
): EntityWrite {
  const { after: _after, texts, kept, scope: _scope, ...write } = of;
  const passages = texts
    .slice(kept)
    .map((text, index): Passage => ({ ordinal: kept + index, text, vector: vectors[index] }));
  return { ...write, passages, passageCount: texts.length, model };
}
