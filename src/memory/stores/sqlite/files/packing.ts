import type { EntityId } from "../../../../kernel/ids.ts";
import type { ScoreParts, StoreHits, StoreWalked, WalkStep } from "../../../knowledge/index.ts";
import { ID_CHARACTERS } from "../ids.ts";
import { entityOf, isEntityId, isRelationId, type PackedEntity } from "../rows.ts";

/** Hits as they cross threads: of each the entity, five numbers of its score, and the words it has. */
export type PackedHits = {
  readonly entities: readonly PackedEntity[];
  readonly scores: readonly number[];
  readonly matched: readonly (readonly string[])[];
  readonly isPartial: boolean;
  readonly lacksVectors: boolean;
};
const SCORES = 5;

/**
 * A walk as it crosses threads, which one text does quickest: of each step the entity's id, the relation's, which is blank for
 * a start, and the depth as a character.
 */
export type PackedWalk = { readonly steps: string; readonly isCut: boolean };
export const STEP_CHARACTERS = ID_CHARACTERS * 2 + 1;

/** Ids by name on the other side; blanks where there is none. */
export const idsOf = (text: string): readonly (EntityId | undefined)[] =>
  Array.from({ length: text.length / ID_CHARACTERS }, (_none, at) => {
    const id = text.slice(at * ID_CHARACTERS, (at + 1) * ID_CHARACTERS);
    return id.startsWith(" ") || !isEntityId(id) ? undefined : id;
  });

/** A walk on the other side. */
export function walkedOf({ steps, isCut }: PackedWalk): StoreWalked {
  const walked: WalkStep[] = [];
  for (let at = 0; at < steps.length; at += STEP_CHARACTERS) {
    const entity = steps.slice(at, at + ID_CHARACTERS);
    const depth = steps.charCodeAt(at + ID_CHARACTERS * 2);
    const via = depth === 0 ? "" : steps.slice(at + ID_CHARACTERS, at + ID_CHARACTERS * 2);
    if (isEntityId(entity)) walked.push({ entity, depth, via: isRelationId(via) ? via : undefined });
  }
  return { steps: walked, isCut };
}

/** Hits on the other side. */
export const hitsOf = ({ entities, scores, matched, isPartial, lacksVectors }: PackedHits): StoreHits => ({
  hits: entities.map((entity, index) => ({
    entity: entityOf(entity),
    score: scoreOf(scores, index, matched[index] ?? []),
  })),
  isPartial,
  lacksVectors,
});

function scoreOf(scores: readonly number[], index: number, matched: readonly string[]): ScoreParts {
  const [total = 0, similarity = Number.NaN, keyword = 0, recency = 1, graph = 0] = scores.slice(
    index * SCORES,
    (index + 1) * SCORES,
  );
  return { total, similarity: Number.isNaN(similarity) ? undefined : similarity, keyword, recency, graph, matched };
}
