import type { JsonObject } from "../../../kernel/json.ts";
import { estimateTokens } from "../../../kernel/tokens.ts";
import type { Change, Entity, EntityDiff, Observation } from "../entity.ts";
import type { MemoryPage } from "../memory-store.ts";

/** Estimates the tokens of a value as shown to a model, and truncates a value that is too large. */
export type Measure<One> = {
  readonly tokensOf: (one: One) => number;
  /** Truncates a value that alone exceeds the limit. */
  readonly cutTo: (one: One, tokensMax: number) => One;
};

/** Returns the value, truncated if it exceeds the limit. */
export const cutInto = <One>(tokensMax: number | undefined, one: One, measure: Measure<One>): One =>
  tokensMax === undefined || measure.tokensOf(one) <= tokensMax ? one : measure.cutTo(one, tokensMax);

/** Returns the leading values that fit into the limit; the first is always included, truncated if necessary. */
export function takeWithinBudget<One>(
  tokensMax: number | undefined,
  all: readonly One[],
  measure: Measure<One>,
): { readonly fitting: readonly One[]; readonly tokens: number } {
  const fitting: One[] = [];
  let tokens = 0;
  for (const one of all) {
    const cost = measure.tokensOf(one);
    if (tokensMax !== undefined && tokens + cost > tokensMax) {
      if (fitting.length > 0) break;
      const cut = measure.cutTo(one, tokensMax);
      return { fitting: [cut], tokens: measure.tokensOf(cut) };
    }
    fitting.push(one);
    tokens += cost;
  }
  return { fitting, tokens };
}

/** Returns a page within the token limit; `next` continues after the last value that fits. */
export async function pageWithin<One>(
  read: (limit: number) => Promise<MemoryPage<One>>,
  { limit, tokensMax }: { readonly limit: number; readonly tokensMax?: number | undefined },
  measure: Measure<One>,
): Promise<MemoryPage<One>> {
  const whole = await read(limit);
  if (tokensMax === undefined) return whole;
  const { length } = takeWithinBudget(tokensMax, whole.entries, measure).fitting;
  // Only the reader knows the cursor after the last value that fits.
  const { entries, next } = length === whole.entries.length ? whole : await read(length);
  return { entries: entries.length > 1 ? entries : takeWithinBudget(tokensMax, entries, measure).fitting, next };
}

/** Returns a function that checks successive values: true while they fit, false from the first that does not. */
export function tokenCounter(tokensMax: number): (tokens: number) => boolean {
  let left = tokensMax;
  return (tokens) => {
    left -= tokens;
    return left >= 0;
  };
}

const tokensOfOne = ({ text }: Observation): number => 2 + estimateTokens(text);
const tokensOfAll = (observations: readonly Observation[]): number =>
  observations.reduce((sum, one) => sum + tokensOfOne(one), 0);
/** Returns the newest observations that fit, in the order of age. */
const newest = (observations: readonly Observation[], fits: (tokens: number) => boolean): readonly Observation[] =>
  observations
    .toReversed()
    .filter((one) => fits(tokensOfOne(one)))
    .toReversed();

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
/** Ids are not counted, as for entities. */
const tokensOfField = ([key, value]: readonly [string, unknown]): number =>
  typeof value === "string" && ID.test(value) ? 0 : estimateTokens(`${key}: ${JSON.stringify(value)}`);
const tokensOfFields = (fields: JsonObject): number =>
  Object.entries(fields).reduce((sum, field) => sum + tokensOfField(field), 0);
const firstFields = (fields: JsonObject, fits: (tokens: number) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter((field) => fits(tokensOfField(field))));

const sizeOf = (fields: JsonObject): number => Object.keys(fields).length;
const cutIf = (isCut: boolean): { readonly isCut?: true } => (isCut ? { isCut } : {});

const tokensOfHead = ({ name, type }: Entity): number => estimateTokens(`${name} (${type})`);

/** Name and type, which are always included, then the newest observations. */
export const ENTITY_MEASURE: Measure<Entity> = {
  tokensOf: (entity) => tokensOfHead(entity) + tokensOfAll(entity.observations),
  cutTo: (entity, tokensMax) => {
    const observations = newest(entity.observations, tokenCounter(tokensMax - tokensOfHead(entity)));
    return { ...entity, observations, ...cutIf(observations.length < entity.observations.length) };
  },
};

/** Measures a result by its entity alone. */
export const measureOfEntities = <Shown extends { readonly entity: Entity }>(
  measure: Measure<Entity> = ENTITY_MEASURE,
): Measure<Shown> => ({
  tokensOf: ({ entity }) => measure.tokensOf(entity),
  cutTo: (one, tokensMax) => ({ ...one, entity: measure.cutTo(one.entity, tokensMax) }),
});

/** The action, then the first details. */
export const CHANGE_MEASURE: Measure<Change> = {
  tokensOf: ({ action, details }) => estimateTokens(action) + tokensOfFields(details),
  cutTo: (change, tokensMax) => {
    const details = firstFields(change.details, tokenCounter(tokensMax - estimateTokens(change.action)));
    return { ...change, details, ...cutIf(sizeOf(details) < sizeOf(change.details)) };
  },
};

/** A change with the observations that it added or retracted, by age. */
export type ChangeWithObservations = { readonly change: Change; readonly observations: readonly Observation[] };

/** The change, then the newest of its observations. */
export const CHANGE_WITH_OBSERVATIONS_MEASURE: Measure<ChangeWithObservations> = {
  tokensOf: ({ change, observations }) => CHANGE_MEASURE.tokensOf(change) + tokensOfAll(observations),
  cutTo: ({ change, observations }, tokensMax) => {
    const shown = cutInto(tokensMax, change, CHANGE_MEASURE);
    const left = newest(observations, tokenCounter(tokensMax - CHANGE_MEASURE.tokensOf(shown)));
    return { change: { ...shown, ...cutIf(left.length < observations.length) }, observations: left };
  },
};

const partsOf = ({ fields, added, withdrawn }: EntityDiff): number => sizeOf(fields) + added.length + withdrawn.length;

/** The first fields, then the newest added observations, then the newest removed ones. */
export const DIFF_MEASURE: Measure<EntityDiff> = {
  tokensOf: ({ fields, added, withdrawn }) => tokensOfFields(fields) + tokensOfAll(added) + tokensOfAll(withdrawn),
  cutTo: (diff, tokensMax) => {
    const fits = tokenCounter(tokensMax);
    const fields = firstFields(diff.fields, fits);
    const added = newest(diff.added, fits);
    const withdrawn = newest(diff.withdrawn, fits);
    const cut = { ...diff, fields, added, withdrawn };
    return { ...cut, ...cutIf(partsOf(cut) < partsOf(diff)) };
  },
};
