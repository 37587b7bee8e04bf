import { type EntityId, mint, RelationId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Provenance, Relation, Validity } from "./entity.ts";
import { EntityNotFoundError } from "./errors.ts";
import { type Redact, redactObject } from "./remembering.ts";
import { type ScopeKey, scopeText } from "./scope.ts";
import { readMetadata, readRatio, readTypeName, readValidity } from "./values.ts";

/** A relation between two named entities of one scope. */
export type RelationInput = {
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly strength?: number | undefined;
  readonly confidence?: number | undefined;
  readonly isBidirectional?: boolean | undefined;
  readonly validity?: Partial<Validity> | undefined;
  readonly metadata?: JsonObject | undefined;
  /** Who stated it, if not the caller. */
  readonly provenance?: Provenance | undefined;
  /** Ids of both ends, if they are resolved. */
  readonly ends?: RelationEnds | undefined;
};

export type RelationEnds = { readonly from: EntityId; readonly to: EntityId };

const STRENGTH = 0.5;

/** Converts an input to the relation to store. Throws EntityNotFoundError, MemoryValueError, MemoryTooLargeError. */
export function relationOf(
  input: RelationInput,
  { from, to }: { readonly from: EntityId | undefined; readonly to: EntityId | undefined },
  at: { readonly scope: ScopeKey; readonly provenance: Provenance; readonly atMs: number; readonly hide: Redact },
): Relation {
  const { scope, provenance, atMs, hide } = at;
  if (from === undefined || to === undefined) throw notFound(scope, from === undefined ? input.from : input.to);
  return {
    id: mint(RelationId),
    scope,
    from,
    to,
    type: readTypeName(hide.text(input.type)),
    strength: readRatio(input.strength ?? STRENGTH, "strength"),
    confidence: readRatio(input.confidence ?? 1, "confidence"),
    isBidirectional: input.isBidirectional ?? false,
    validity: readValidity(input.validity),
    metadata: readMetadata(input.metadata && redactObject(input.metadata, hide)),
    provenance: input.provenance ?? provenance,
    createdAtMs: atMs,
  };
}

/** Returns the error for an unknown name in the scope. */
export const notFound = (scope: ScopeKey, name: string): EntityNotFoundError =>
  new EntityNotFoundError(
    `memory knows no "${name.slice(0, 100)}" in ${scopeText(scope)}`,
    "`caxton memory list` shows the names; letters' case counts.",
    { scope, entity: name.slice(0, 256) },
  );
