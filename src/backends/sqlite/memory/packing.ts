import type { ScoreParts, StoreHits, StoreWalked } from "../../../memory/index.ts";
import { ID_CHARACTERS } from "./ids.ts";
import { entityOf, isEntityId, isRelationId, type PackedEntity } from "./rows.ts";

/** Hits as they cross threads: of each the entity, five numbers of its score, and the words it has. */
export type PackedHits = {
  readonly entities: readonly PackedEntity[];
  readonly scores: readonly number[];
  readonly matched: readonly (readonly string[])[];
  readonly isPartial: boolean;
};
const SCORES = 5;

/** A walk as it crosses threads: of each step the entity's id and the relation's, which is blank for a start. */
export type PackedWalk = { readonly ids: string; readonly depths: readonly number[]; readonly isCut: boolean };

/** A walk on the other side. */
export const walkedOf = ({ ids, depths, isCut }: PackedWalk): StoreWalked => ({
  steps: depths.flatMap((depth, at) => {
    const from = at * ID_CHARACTERS * 2;
    const entity = ids.slice(from, from + ID_CHARACTERS);
    const via = depth === 0 ? "" : ids.slice(from + ID_CHARACTERS, from + ID_CHARACTERS * 2);
    return isEntityId(entity) ? [{ entity, depth, via: isRelationId(via) ? via : undefined }] : [];
  }),
  isCut,
});

/** Hits on the other side. */
export const hitsOf = ({ entities, scores, matched, isPartial }: PackedHits): StoreHits => ({
  hits: entities.map((entity, index) => ({
    entity: entityOf(entity),
    score: scoreOf(scores, index, matched[index] ?? []),
  })),
  isPartial,
});

function scoreOf(scores: readonly number[], index: number, matched: readonly string[]): ScoreParts {
  const [total = 0, similarity = Number.NaN, keyword = 0, recency = 1, graph = 0] = scores.slice(
    index * SCORES,
    (index + 1) * SCORES,
  );
  return { total, similarity: Number.isNaN(similarity) ? undefined : similarity, keyword, recency, graph, matched };
}
