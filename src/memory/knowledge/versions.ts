import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { Change, Entity, EntityDiff, EntityHead, Observation, Validity } from "./entity.ts";
import { EntityVersionNotFoundError } from "./errors.ts";
import type { EntityHistory, PageOf } from "./memory-store.ts";
import { changedFields } from "./remembering.ts";
import { memoryCursors, readCursor } from "./cursors.ts";
import {
  takeWithinBudget,
  CHANGE_WITH_OBSERVATIONS_MEASURE,
  type ChangeWithObservations,
} from "./search/token-budget.ts";

/** Versioned fields of a head. */
type Fields = Pick<EntityHead, "name" | "type" | "confidence" | "strength" | "validity" | "metadata">;

/** Returns the entity at a version. Throws EntityVersionNotFoundError. */
export function entityAt({ head, observations, changes }: EntityHistory, version: number): Entity {
  if (!Number.isInteger(version) || version < 1 || version > head.version) {
    throw new EntityVersionNotFoundError(
      `${head.name} has no version ${version}`,
      `Its versions are 1 to ${head.version}; \`caxton memory log\` lists them.`,
      { entity: head.name, version },
    );
  }
  const later = changes.filter(
    (change) => change.version > version && change.action !== "relate" && change.action !== "unrelate",
  );
  const fields = later.reduceRight<Fields>((after, { details }) => undone(after, details), head);
  const last = changes.findLast((change) => change.version === version);
  return {
    ...head,
    ...fields,
    version,
    updatedAtMs: last?.atMs ?? head.createdAtMs,
    observations: observations.filter(
      ({ since, until }) => since <= version && (until === undefined || until > version),
    ),
  };
}

function undone(after: Fields, details: JsonObject): Fields {
  const before = (key: string): Json | undefined => {
    const entry = details[key];
    return isJsonObject(entry) ? entry["before"] : undefined;
  };
  const text = (key: "name" | "type") => stringOr(before(key), after[key]);
  const share = (key: "confidence" | "strength") => numberOr(before(key), after[key]);
  const metadata = before("metadata");
  return {
    name: text("name"),
    type: text("type"),
    confidence: share("confidence"),
    strength: share("strength"),
    validity: spanBefore(after.validity, before("valid_from"), before("valid_to")),
    metadata: isJsonObject(metadata) ? metadata : after.metadata,
  };
}

const stringOr = (value: Json | undefined, changed: string): string => (typeof value === "string" ? value : changed);
const numberOr = (value: Json | undefined, otherwise: number): number =>
  typeof value === "number" ? value : otherwise;

function spanBefore(after: Validity, from: Json | undefined, to: Json | undefined): Validity {
  return { fromMs: endBefore(from, after.fromMs), toMs: endBefore(to, after.toMs) };
}

/** undefined: unchanged; null: was open. */
function endBefore(was: Json | undefined, is: number | undefined): number | undefined {
  if (was === undefined) return is;
  return typeof was === "number" ? was : undefined;
}

/** Throws EntityVersionNotFoundError. */
export function diffOf(history: EntityHistory, from: number, to: number): EntityDiff {
  const [a, b] = [entityAt(history, from), entityAt(history, to)];
  const [inA, inB] = [new Set(a.observations.map(({ id }) => id)), new Set(b.observations.map(({ id }) => id))];
  return {
    from,
    to,
    added: b.observations.filter(({ id }) => !inA.has(id)),
    withdrawn: a.observations.filter(({ id }) => !inB.has(id)),
    fields: changedFields(a, b),
  };
}

/** A current observation with the change that added it. */
export type Blame = { readonly observation: Observation; readonly change: Change | undefined };

export const blameOf = ({ head, observations, changes }: EntityHistory): readonly Blame[] =>
  observations
    .filter(({ until }) => until === undefined || until > head.version)
    .map((observation) => ({ observation, change: changes.find(({ version }) => version === observation.since) }));

/**
 * A page of changes, newest first, with the observations that they added or retracted, by age, and its estimated tokens. A cursor is the
 * number of the last change of the previous page, so new changes do not shift pages. Throws MemoryCursorError.
 */
export function pageOfHistory(
  { observations, changes }: EntityHistory,
  { limit, cursor, tokensMax }: PageOf & { readonly tokensMax?: number | undefined },
): Pick<EntityHistory, "observations" | "changes"> & { readonly next: string | undefined; readonly tokens: number } {
  const [before] = readCursor(memoryCursors.changes, cursor) ?? [Infinity];
  const [newer, older] = [changes.filter(({ seq }) => seq >= before), changes.filter(({ seq }) => seq < before)];
  const page = older.slice(-limit).toReversed();
  const expanded = withObservations(page, observations, {
    before: newer[0]?.version,
    isLast: page.length === older.length,
  });
  const { fitting, tokens } = takeWithinBudget(tokensMax, expanded, CHANGE_WITH_OBSERVATIONS_MEASURE);
  const shown = new Set(fitting.flatMap((one) => one.observations));
  const last = fitting.at(-1);
  return {
    changes: fitting.map(({ change }) => change),
    observations: observations.filter((one) => shown.has(one)),
    next: last && fitting.length < older.length ? memoryCursors.changes.encode(last.change.seq) : undefined,
    tokens,
  };
}

/**
 * Adds to changes, newest first, the observations of their versions. Observations of a version without a change belong to the next older
 * change, or to the first.
 */
function withObservations(
  page: readonly Change[],
  observations: readonly Observation[],
  of: { readonly before: number | undefined; readonly isLast: boolean },
): readonly ChangeWithObservations[] {
  // A relation change has the version that the entity already had: the newest change of a version gets its observations.
  const to = Math.max(of.before ?? Infinity, (page[0]?.version ?? 0) + 1);
  const placeOf = (version: number | undefined): number => {
    if (version === undefined || version >= to) return -1;
    const place = page.findIndex((change) => change.version <= version);
    return place === -1 && of.isLast ? page.length - 1 : place;
  };
  const brought = page.map((): Observation[] => []);
  for (const one of observations) {
    for (const place of new Set([placeOf(one.since), placeOf(one.until)])) brought[place]?.push(one);
  }
  return page.map((change, at) => ({ change, observations: brought[at] ?? [] }));
}
