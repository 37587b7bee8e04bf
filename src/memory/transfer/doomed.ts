import type { EntityId, RelationId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Entity, Memory, Relation, ScopeKey, ScopeType } from "../knowledge/index.ts";

/** Whether what goes is only forgotten, or written to a file before. */
export const RETENTION_ACTIONS = ["delete", "archive"] as const;

/**
 * `age`: not changed for too long; `confidence`, `strength`: too little; `count`: the longest unchanged of a scope that has too
 * many; `relation-strength`: not an entity, but a relation of too little strength.
 */
export type RetentionReason = "age" | "confidence" | "strength" | "count" | "relation-strength";

/** What goes from memory; what is undefined takes nothing away. */
export type RetentionPolicy = {
  readonly ageMaxMs: number | undefined;
  readonly confidenceMin: number | undefined;
  readonly strengthMin: number | undefined;
  readonly relationStrengthMin: number | undefined;
  readonly perScopeMax: number | undefined;
  /** Only in scopes of these kinds; in all when undefined. */
  readonly scopes: readonly ScopeType[] | undefined;
  /** Only entities of these types, and with these metadata, go and are counted; all when undefined. Relations go by themselves. */
  readonly types: readonly string[] | undefined;
  readonly metadata: JsonObject | undefined;
  readonly action: (typeof RETENTION_ACTIONS)[number];
  /** Between two passes. */
  readonly everyMs: number;
};

/** An entity that is to go, as it was when it was looked at. */
export type DoomedEntity = Pick<Entity, "id" | "name" | "updatedAtMs"> & { readonly reason: RetentionReason };

type Looking = {
  readonly memory: Memory;
  readonly policy: RetentionPolicy;
  /** It looks no further than so many that are to go, and one. */
  readonly most: number;
  readonly signal: AbortSignal;
};

const PAGE = 200;
const RELATIONS_PAGE = 1_000;

/** Entities of a scope that are too old, uncertain or weak, and what is then too many. `entities`: how many the scope has, or more. */
export async function doomedEntities({
  memory,
  policy,
  scope,
  most,
  signal,
  entities,
  nowMs,
}: Looking & { readonly scope: ScopeKey; readonly entities: number; readonly nowMs: number }): Promise<
  readonly DoomedEntity[]
> {
  const { ageMaxMs, confidenceMin, strengthMin, perScopeMax, types, metadata } = policy;
  const oldMs = ageMaxMs === undefined ? undefined : nowMs - ageMaxMs;
  const isByAgeOnly = [confidenceMin, strengthMin, perScopeMax].every((bound) => bound === undefined);
  if (isByAgeOnly && oldMs === undefined) return [];
  const filter = { scopes: [scope], types, metadata, updatedToMs: isByAgeOnly ? oldMs : undefined };
  // No more than these can be too many.
  const excessMax = perScopeMax === undefined ? 0 : Math.max(0, entities - perScopeMax);
  const doomed: DoomedEntity[] = [];
  let oldest: DoomedEntity[] = [];
  let staying = 0;
  let cursor: string | undefined;
  do {
    const { entries, next } = await memory.list(filter, { limit: PAGE, cursor });
    cursor = next;
    for (const entity of entries) {
      const { id, name, updatedAtMs } = entity;
      const reason = reasonOf(entity, policy, oldMs);
      if (reason) doomed.push({ id, name, updatedAtMs, reason });
      else {
        staying += 1;
        if (excessMax > 0) oldest.push({ id, name, updatedAtMs, reason: "count" });
      }
    }
    if (oldest.length > 2 * excessMax + PAGE) oldest = oldestFirst(oldest).slice(0, excessMax);
    if (doomed.length > most) return doomed;
  } while (cursor !== undefined && !signal.aborted);
  const excess = perScopeMax === undefined ? 0 : Math.max(0, staying - perScopeMax);
  return [...doomed, ...oldestFirst(oldest).slice(0, excess)];
}

/** Why an entity goes, whatever else there is in its scope. */
function reasonOf(
  { updatedAtMs, confidence, strength }: Entity,
  { confidenceMin = 0, strengthMin = 0 }: RetentionPolicy,
  oldMs: number | undefined,
): RetentionReason | undefined {
  if (oldMs !== undefined && updatedAtMs < oldMs) return "age";
  if (confidence < confidenceMin) return "confidence";
  return strength < strengthMin ? "strength" : undefined;
}

const oldestFirst = (all: readonly DoomedEntity[]): DoomedEntity[] =>
  all.toSorted((one, other) => one.updatedAtMs - other.updatedAtMs || (one.id < other.id ? -1 : 1));

/** Relations of scopes that are too weak. */
export async function doomedRelations({
  memory,
  policy: { relationStrengthMin },
  scopes,
  most,
  signal,
}: Looking & { readonly scopes: readonly ScopeKey[] }): Promise<readonly Relation[]> {
  const doomed: Relation[] = [];
  if (relationStrengthMin === undefined) return doomed;
  let cursor: string | undefined;
  do {
    const { entries, next } = await memory.store.relations(
      { scopes, entities: undefined },
      { limit: RELATIONS_PAGE, cursor },
    );
    cursor = next;
    doomed.push(...entries.filter(({ strength }) => strength < relationStrengthMin));
  } while (cursor !== undefined && doomed.length <= most && !signal.aborted);
  return doomed;
}

/** Those that are as they were when they were looked at. */
export async function stillDoomed(memory: Memory, seen: readonly DoomedEntity[]): Promise<readonly Entity[]> {
  const updatedAtMs = new Map<EntityId, number>(seen.map((one) => [one.id, one.updatedAtMs]));
  const there = await memory.store.get([...updatedAtMs.keys()]);
  return there.filter((one) => one !== undefined).filter((one) => updatedAtMs.get(one.id) === one.updatedAtMs);
}

/** The same of relations: one that was made anew has another id. */
export async function stillRelated(memory: Memory, seen: readonly Relation[]): Promise<readonly Relation[]> {
  const there = new Set<RelationId>();
  for (const { id } of seen) if (await memory.store.relation(id)) there.add(id);
  return seen.filter(({ id }) => there.has(id));
}
