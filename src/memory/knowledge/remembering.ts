import { EntityId, mint, ObservationId } from "../../kernel/ids.ts";
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { ChangeAction, Entity, EntityHead, Observation, Provenance, Validity } from "./entity.ts";
import { EntityTypeConflictError, MemoryTooLargeError } from "./errors.ts";
import type { EntityWrite, Passage } from "./memory-store.ts";
import { passagesOf } from "./passages.ts";
import { type ScopeKey, scopeText } from "./scope.ts";
import {
  MEMORY_LIMITS,
  readEntityName,
  readMetadata,
  readObservation,
  readShare,
  readTypeName,
  readValidity,
} from "./values.ts";

/** One thing to be said of an entity. */
export type ObservationInput = {
  readonly text: string;
  readonly confidence?: number | undefined;
  readonly validity?: Partial<Validity> | undefined;
  /** Who said it and when, where that is not who remembers it now. */
  readonly provenance?: Provenance | undefined;
  readonly atMs?: number | undefined;
};

/** What is to be remembered of one entity; what is absent stays as it is. */
export type EntityInput = {
  readonly name: string;
  /** Of a new one `thing`, when absent. */
  readonly type?: string | undefined;
  readonly observations?: readonly ObservationInput[] | undefined;
  readonly confidence?: number | undefined;
  readonly strength?: number | undefined;
  readonly validity?: Partial<Validity> | undefined;
  readonly metadata?: JsonObject | undefined;
  /** What it is from the beginning, when it is new: as another memory had it. No entity may have the id. */
  readonly origin?: EntityOrigin | undefined;
};

/** What an entity that comes from another memory keeps of its life there. */
export type EntityOrigin = {
  readonly id: EntityId | undefined;
  readonly createdAtMs: number | undefined;
  readonly updatedAtMs: number | undefined;
};

/** An input whose values were read: names and texts as they are kept. */
export type CheckedInput = {
  readonly name: string;
  readonly type: string | undefined;
  readonly observations: readonly (Pick<Observation, "text" | "confidence" | "validity"> &
    Pick<ObservationInput, "provenance" | "atMs">)[];
  readonly origin: EntityOrigin | undefined;
  readonly fields: Partial<Pick<EntityHead, "confidence" | "strength" | "validity" | "metadata">>;
};

/** Takes out of what is to be remembered what must not be kept anywhere. */
export type Hide = { text(text: string): string; json(value: Json): Json };

export const HIDE_NOTHING: Hide = { text: (text) => text, json: (value) => value };

/** The input without what is to be hidden. */
export const hiddenInput = (input: EntityInput, hide: Hide): EntityInput => ({
  ...input,
  name: hide.text(input.name),
  ...(input.type !== undefined && { type: hide.text(input.type) }),
  ...(input.observations && { observations: input.observations.map((one) => ({ ...one, text: hide.text(one.text) })) }),
  ...(input.metadata && { metadata: hiddenObject(input.metadata, hide) }),
});

export function hiddenObject(given: JsonObject, hide: Hide): JsonObject {
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
      confidence: readShare(one.confidence ?? confidence ?? 1, "confidence"),
      validity: readValidity(one.validity),
      provenance: one.provenance,
      atMs: one.atMs,
    })),
    origin: input.origin,
    fields: {
      ...(confidence === undefined ? {} : { confidence: readShare(confidence, "confidence") }),
      ...(strength === undefined ? {} : { strength: readShare(strength, "strength") }),
      ...(validity === undefined ? {} : { validity: readValidity(validity) }),
      ...(metadata === undefined ? {} : { metadata: readMetadata(metadata) }),
    },
  };
}

/** What a write does, before its passages have vectors. */
export type Draft = Omit<EntityWrite, "passages" | "passageCount" | "model"> & {
  readonly scope: ScopeKey;
  /** As it is afterwards. */
  readonly after: Entity;
  /** Texts of all passages afterwards, and how many at the beginning are as before. */
  readonly texts: readonly string[];
  readonly kept: number;
};

/** Where and when something is said, and by whom. */
export type At = { readonly scope: ScopeKey; readonly provenance: Provenance; readonly atMs: number };

/** What remembering the input changes, or undefined when it is known already. Throws EntityTypeConflictError, MemoryTooLargeError. */
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

/** A change of an entity that is there: some observations go, others come, fields become otherwise. */
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
      "Split it into several entities, or withdraw what no longer counts.",
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

/** `{"strength":{"before":1,"after":0.5}}` for each field that becomes otherwise; times are in milliseconds, or null. */
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

/** The write that a draft becomes with the vectors of its new passages, in their order. */
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
