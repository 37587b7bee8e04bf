import type { EntityId, RelationId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Entity, Memory, Relation, ScopeKey, ScopeType } from "../knowledge/index.ts";

/** Whether expired data is only deleted, or written to a file first. */
export const RETENTION_ACTIONS = ["delete", "archive"] as const;

/**
 * `age`: unchanged for too long; `confidence`, `strength`: too low; `count`: among the least recently changed of a scope with too many
 * entities; `relation-strength`: a relation whose strength is too low.
 */
export type RetentionReason = "age" | "confidence" | "strength" | "count" | "relation-strength";

/** When memory expires; undefined criteria are off. */
export type RetentionPolicy = {
  readonly ageMaxMs: number | undefined;
  readonly confidenceMin: number | undefined;
  readonly strengthMin: number | undefined;
  readonly relationStrengthMin: number | undefined;
  readonly perScopeMax: number | undefined;
  /** Only scopes of these types; undefined: all. */
  readonly scopes: readonly ScopeType[] | undefined;
  /**
   * Only entities of these types and with this metadata expire and are counted; undefined: all. Relations expire independently of them.
   */
  readonly types: readonly string[] | undefined;
  readonly metadata: JsonObject | undefined;
  readonly action: (typeof RETENTION_ACTIONS)[number];
  /** Interval between two passes. */
  readonly everyMs: number;
};

/** An entity to delete, with its state when it was selected. */
export type ExpiredEntity = Pick<Entity, "id" | "name" | "updatedAtMs"> & { readonly reason: RetentionReason };

type Selection = {
  readonly memory: Memory;
  readonly policy: RetentionPolicy;
  /** Stops after selecting one more than this. */
  readonly limit: number;
  readonly signal: AbortSignal;
};

const PAGE = 200;
const RELATIONS_PAGE = 1_000;

/**
 * Returns entities of a scope that are too old, uncertain or weak, then those above the entity limit. `entities`: the scope's entities,
 * or more.
 */
export async function expiredEntities({
  memory,
  policy,
  scope,
  limit,
  signal,
  entities,
  nowMs,
}: Selection & { readonly scope: ScopeKey; readonly entities: number; readonly nowMs: number }): Promise<
  readonly ExpiredEntity[]
> {
  const { ageMaxMs, confidenceMin, strengthMin, perScopeMax, types, metadata } = policy;
  const oldMs = ageMaxMs === undefined ? undefined : nowMs - ageMaxMs;
  const isByAgeOnly = [confidenceMin, strengthMin, perScopeMax].every((bound) => bound === undefined);
  if (isByAgeOnly && oldMs === undefined) return [];
  const filter = { scopes: [scope], types, metadata, updatedToMs: isByAgeOnly ? oldMs : undefined };
  // At most this many exceed the limit.
  const excessMax = perScopeMax === undefined ? 0 : Math.max(0, entities - perScopeMax);
  const expired: ExpiredEntity[] = [];
  let oldest: ExpiredEntity[] = [];
  let staying = 0;
  let cursor: string | undefined;
  do {
    const { entries, next } = await memory.list(filter, { limit: PAGE, cursor });
    cursor = next;
    for (const entity of entries) {
      const { id, name, updatedAtMs } = entity;
      const reason = reasonOf(entity, policy, oldMs);
      if (reason) expired.push({ id, name, updatedAtMs, reason });
      else {
        staying += 1;
        if (excessMax > 0) oldest.push({ id, name, updatedAtMs, reason: "count" });
      }
    }
    if (oldest.length > 2 * excessMax + PAGE) oldest = oldestFirst(oldest).slice(0, excessMax);
    if (expired.length > limit) return expired;
  } while (cursor !== undefined && !signal.aborted);
  const excess = perScopeMax === undefined ? 0 : Math.max(0, staying - perScopeMax);
  return [...expired, ...oldestFirst(oldest).slice(0, excess)];
}

/** Returns why an entity expires independently of the number of entities in its scope. */
function reasonOf(
  { updatedAtMs, confidence, strength }: Entity,
  { confidenceMin = 0, strengthMin = 0 }: RetentionPolicy,
  oldMs: number | undefined,
): RetentionReason | undefined {
  if (oldMs !== undefined && updatedAtMs < oldMs) return "age";
  if (confidence < confidenceMin) return "confidence";
  return strength < strengthMin ? "strength" : undefined;
}

const oldestFirst = (all: readonly ExpiredEntity[]): ExpiredEntity[] =>
  all.toSorted((one, other) => one.updatedAtMs - other.updatedAtMs || (one.id < other.id ? -1 : 1));

/** Returns the relations of scopes whose strength is too low. */
export async function expiredRelations({
  memory,
  policy: { relationStrengthMin },
  scopes,
  limit,
  signal,
}: Selection & { readonly scopes: readonly ScopeKey[] }): Promise<readonly Relation[]> {
  const expired: Relation[] = [];
  if (relationStrengthMin === undefined) return expired;
  let cursor: string | undefined;
  do {
    const { entries, next } = await memory.store.relations(
      { scopes, entities: undefined },
      { limit: RELATIONS_PAGE, cursor },
    );
    cursor = next;
    expired.push(...entries.filter(({ strength }) => strength < relationStrengthMin));
  } while (cursor !== undefined && expired.length <= limit && !signal.aborted);
  return expired;
}

/** Returns the entities that did not change since they were selected. */
export async function unchangedEntities(memory: Memory, seen: readonly ExpiredEntity[]): Promise<readonly Entity[]> {
  const updatedAtMs = new Map<EntityId, number>(seen.map((one) => [one.id, one.updatedAtMs]));
  const there = await memory.store.get([...updatedAtMs.keys()]);
  return there.filter((one) => one !== undefined).filter((one) => updatedAtMs.get(one.id) === one.updatedAtMs);
}

/** Returns the relations that still exist; a relation that was created again has another id. */
export async function unchangedRelations(memory: Memory, seen: readonly Relation[]): Promise<readonly Relation[]> {
  const there = new Set<RelationId>();
  for (const { id } of seen) if (await memory.store.relation(id)) there.add(id);
  return seen.filter(({ id }) => there.has(id));
}
