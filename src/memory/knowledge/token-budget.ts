import type { JsonObject } from "../../kernel/json.ts";
import { estimateTokens } from "../../kernel/tokens.ts";
import type { Change, Entity, EntityDiff, Observation } from "./entity.ts";
import type { MemoryPage } from "./memory-store.ts";

/** About how many tokens a model is shown of something, and what of it is left where that is too much. */
export type Measure<One> = {
  readonly tokensOf: (one: One) => number;
  /** Of what is too much by itself. */
  readonly cutTo: (one: One, tokensMax: number) => One;
};

/** Whole where it fits into so many tokens, else cut. */
export const cutInto = <One>(tokensMax: number | undefined, one: One, measure: Measure<One>): One =>
  tokensMax === undefined || measure.tokensOf(one) <= tokensMax ? one : measure.cutTo(one, tokensMax);

/** The first of them, as many as fit into so many tokens; the very first is always there, cut if it must be. */
export function fittingInto<One>(
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

/** A page as far as the tokens reach; `next` goes on behind what fits. */
export async function pageWithin<One>(
  read: (limit: number) => Promise<MemoryPage<One>>,
  { limit, tokensMax }: { readonly limit: number; readonly tokensMax?: number | undefined },
  measure: Measure<One>,
): Promise<MemoryPage<One>> {
  const whole = await read(limit);
  if (tokensMax === undefined) return whole;
  const { length } = fittingInto(tokensMax, whole.entries, measure).fitting;
  // Only who reads knows the cursor behind the last that fits.
  const { entries, next } = length === whole.entries.length ? whole : await read(length);
  return { entries: entries.length > 1 ? entries : fittingInto(tokensMax, entries, measure).fitting, next };
}

/** Says of one after another whether it still fits; after one that does not, none does. */
export function spending(tokensMax: number): (tokens: number) => boolean {
  let left = tokensMax;
  return (tokens) => {
    left -= tokens;
    return left >= 0;
  };
}

const tokensOfOne = ({ text }: Observation): number => 2 + estimateTokens(text);
const tokensOfAll = (observations: readonly Observation[]): number =>
  observations.reduce((sum, one) => sum + tokensOfOne(one), 0);
/** The newest of what is in the order of age. */
const newest = (observations: readonly Observation[], fits: (tokens: number) => boolean): readonly Observation[] =>
  observations
    .toReversed()
    .filter((one) => fits(tokensOfOne(one)))
    .toReversed();

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
/** Ids cost nothing here, as those of entities. */
const tokensOfField = ([key, value]: readonly [string, unknown]): number =>
  typeof value === "string" && ID.test(value) ? 0 : estimateTokens(`${key}: ${JSON.stringify(value)}`);
const tokensOfFields = (fields: JsonObject): number =>
  Object.entries(fields).reduce((sum, field) => sum + tokensOfField(field), 0);
const firstFields = (fields: JsonObject, fits: (tokens: number) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter((field) => fits(tokensOfField(field))));

const sizeOf = (fields: JsonObject): number => Object.keys(fields).length;
const cutIf = (isCut: boolean): { readonly isCut?: true } => (isCut ? { isCut } : {});

const tokensOfHead = ({ name, type }: Entity): number => estimateTokens(`${name} (${type})`);

/** Name and type, which are always there, and its newest observations. */
export const ENTITY_MEASURE: Measure<Entity> = {
  tokensOf: (entity) => tokensOfHead(entity) + tokensOfAll(entity.observations),
  cutTo: (entity, tokensMax) => {
    const observations = newest(entity.observations, spending(tokensMax - tokensOfHead(entity)));
    return { ...entity, observations, ...cutIf(observations.length < entity.observations.length) };
  },
};

/** Of what an entity is told with, the entity alone counts. */
export const measureOfEntities = <Shown extends { readonly entity: Entity }>(
  measure: Measure<Entity> = ENTITY_MEASURE,
): Measure<Shown> => ({
  tokensOf: ({ entity }) => measure.tokensOf(entity),
  cutTo: (one, tokensMax) => ({ ...one, entity: measure.cutTo(one.entity, tokensMax) }),
});

/** What was done, and the first details of it. */
export const CHANGE_MEASURE: Measure<Change> = {
  tokensOf: ({ action, details }) => estimateTokens(action) + tokensOfFields(details),
  cutTo: (change, tokensMax) => {
    const details = firstFields(change.details, spending(tokensMax - estimateTokens(change.action)));
    return { ...change, details, ...cutIf(sizeOf(details) < sizeOf(change.details)) };
  },
};

/** A change with the observations that it brought or took back, by age. */
export type ToldChange = { readonly change: Change; readonly observations: readonly Observation[] };

/** The change before what it brought, of which the newest stay. */
export const TOLD_CHANGE_MEASURE: Measure<ToldChange> = {
  tokensOf: ({ change, observations }) => CHANGE_MEASURE.tokensOf(change) + tokensOfAll(observations),
  cutTo: ({ change, observations }, tokensMax) => {
    const shown = cutInto(tokensMax, change, CHANGE_MEASURE);
    const left = newest(observations, spending(tokensMax - CHANGE_MEASURE.tokensOf(shown)));
    return { change: { ...shown, ...cutIf(left.length < observations.length) }, observations: left };
  },
};

const partsOf = ({ fields, added, withdrawn }: EntityDiff): number => sizeOf(fields) + added.length + withdrawn.length;

/** The first fields, then the newest of what came, then of what went. */
export const DIFF_MEASURE: Measure<EntityDiff> = {
  tokensOf: ({ fields, added, withdrawn }) => tokensOfFields(fields) + tokensOfAll(added) + tokensOfAll(withdrawn),
  cutTo: (diff, tokensMax) => {
    const fits = spending(tokensMax);
    const fields = firstFields(diff.fields, fits);
    const added = newest(diff.added, fits);
    const withdrawn = newest(diff.withdrawn, fits);
    const cut = { ...diff, fields, added, withdrawn };
    return { ...cut, ...cutIf(partsOf(cut) < partsOf(diff)) };
  },
};
