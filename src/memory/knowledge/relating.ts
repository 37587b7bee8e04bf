import { type EntityId, mint, RelationId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Provenance, Relation, Validity } from "./entity.ts";
import { EntityNotFoundError } from "./errors.ts";
import { type Hide, hiddenObject } from "./remembering.ts";
import { type ScopeKey, scopeText } from "./scope.ts";
import { readMetadata, readShare, readTypeName, readValidity } from "./values.ts";

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
  /** Who said it, where that is not who relates them now. */
  readonly provenance?: Provenance | undefined;
  /** The ids of both, where they were looked up already. */
  readonly ends?: RelationEnds | undefined;
};

export type RelationEnds = { readonly from: EntityId; readonly to: EntityId };

const STRENGTH = 0.5;

/** As memory is to have it. Throws EntityNotFoundError, MemoryValueError, MemoryTooLargeError. */
export function relationOf(
  input: RelationInput,
  { from, to }: { readonly from: EntityId | undefined; readonly to: EntityId | undefined },
  at: { readonly scope: ScopeKey; readonly provenance: Provenance; readonly atMs: number; readonly hide: Hide },
): Relation {
  const { scope, provenance, atMs, hide } = at;
  if (from === undefined || to === undefined) throw notFound(scope, from === undefined ? input.from : input.to);
  return {
    id: mint(RelationId),
    scope,
    from,
    to,
    type: readTypeName(hide.text(input.type)),
    strength: readShare(input.strength ?? STRENGTH, "strength"),
    confidence: readShare(input.confidence ?? 1, "confidence"),
    isBidirectional: input.isBidirectional ?? false,
    validity: readValidity(input.validity),
    metadata: readMetadata(input.metadata && hiddenObject(input.metadata, hide)),
    provenance: input.provenance ?? provenance,
    createdAtMs: atMs,
  };
}

/** Nobody of the name is known there. */
export const notFound = (scope: ScopeKey, name: string): EntityNotFoundError =>
  new EntityNotFoundError(
    `memory knows no "${name.slice(0, 100)}" in ${scopeText(scope)}`,
    "`caxton memory list` shows the names; letters' case counts.",
    { scope, entity: name.slice(0, 256) },
  );
