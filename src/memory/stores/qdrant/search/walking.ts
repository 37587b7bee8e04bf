import type { EntityId } from "../../../../kernel/ids.ts";
import type { Relation, StoreWalk, StoreWalked, WalkStep } from "../../../knowledge/index.ts";
import { type Archive, inFilters, RELATION } from "../archive.ts";
import { RELATION_FIELDS, relationOf } from "../facts.ts";
import { ofScopes } from "../filters.ts";
import { QDRANT_LIMITS } from "../limits.ts";
import { type Condition, is, oneOf, type Place, within } from "../place.ts";

type Step = WalkStep & { readonly parent: number };

/** Follows relations level by level: one question for all that were reached in the same number of steps. */
export async function walk(
  { place, archive }: { readonly place: Place; readonly archive: Archive },
  of: StoreWalk,
): Promise<StoreWalked> {
  const start = await inScopes(archive, of, [...new Set(of.start)]);
  const steps: Step[] = start
    .slice(0, of.visitsMax)
    .map((entity) => ({ entity, depth: 0, via: undefined, parent: -1 }));
  const seen = new Map(steps.map(({ entity }, index) => [entity, index]));
  let isCut = start.length > of.visitsMax;
  let looks = of.visitsMax * QDRANT_LIMITS.looksPerVisit;
  for (let depth = 1, from = 0; depth <= of.depth && from < steps.length && !isCut; depth += 1) {
    const frontier = steps.slice(from).map(({ entity }) => entity);
    from = steps.length;
    const found = await relationsOf(place, of, { frontier, looksMax: looks });
    looks -= found.relations.length;
    isCut = found.isCut;
    const reached = found.relations.flatMap((relation) => ways(relation, of.direction, seen));
    const living = await archive.living([...new Set(reached.map(({ to }) => to))]);
    for (const { via, to, parent } of reached) {
      if (seen.has(to) || !living.has(to)) continue;
      if (steps.length >= of.visitsMax) {
        isCut = true;
        break;
      }
      seen.set(to, steps.length);
      steps.push({ entity: to, depth, via, parent });
    }
  }
  const ordered = of.order === "depth" ? depthFirst(steps) : steps;
  return { steps: ordered.map(({ parent: _parent, ...step }) => step), isCut };
}

async function inScopes(archive: Archive, { scopes }: StoreWalk, ids: readonly EntityId[]) {
  const found = await archive.current(ids);
  return ids.filter((id) => scopes.includes(found.get(id)?.head.scope ?? ""));
}

async function relationsOf(
  place: Place,
  { scopes, types, strengthMin, direction }: StoreWalk,
  { frontier, looksMax }: { readonly frontier: readonly EntityId[]; readonly looksMax: number },
) {
  const relations: (Relation & { readonly seq: number })[] = [];
  const must = [RELATION, ofScopes(scopes)];
  if (types) must.push(oneOf("type", types));
  if (strengthMin > 0) must.push(within("strength", { gte: strengthMin }));
  for (const some of inFilters(frontier)) {
    const [out, into] = [oneOf("from", some), oneOf("to", some)];
    const should =
      direction === "both" ? [out, into] : direction === "outgoing" ? [out, bothWays(into)] : [into, bothWays(out)];
    for await (const page of place.scroll({ must, should }, { fields: RELATION_FIELDS })) {
      relations.push(...page.map(({ payload }) => relationOf(payload)));
      if (relations.length > looksMax) return { relations, isCut: true };
    }
  }
  return { relations: relations.toSorted((one, other) => one.seq - other.seq), isCut: false };
}

/** Relations that can be gone from their other end too. */
const bothWays = (end: Condition): Condition => ({ must: [end, is("is_both", true)] });

/** Which ways a relation can be gone from what is known. */
function ways(
  { id: via, from, to, isBidirectional }: Relation,
  direction: StoreWalk["direction"],
  seen: ReadonlyMap<EntityId, number>,
) {
  const [isFrom, isTo] = [seen.get(from), seen.get(to)];
  return [
    ...(isFrom !== undefined && (direction !== "incoming" || isBidirectional) ? [{ via, to, parent: isFrom }] : []),
    ...(isTo !== undefined && (direction !== "outgoing" || isBidirectional) ? [{ via, to: from, parent: isTo }] : []),
  ];
}

/** The same steps, each followed by those that were reached from it. */
function depthFirst(steps: readonly Step[]): readonly Step[] {
  const children: Step[][] = steps.map(() => []);
  for (const step of steps) children[step.parent]?.push(step);
  const index = new Map(steps.map((step, at) => [step, at]));
  const ordered: Step[] = [];
  const stack = steps.filter(({ parent }) => parent < 0).toReversed();
  for (let step = stack.pop(); step; step = stack.pop()) {
    ordered.push(step);
    stack.push(...(children[index.get(step) ?? -1] ?? []).toReversed());
  }
  return ordered;
}
