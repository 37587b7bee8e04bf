import type { JsonObject } from "../../kernel/json.ts";
import type { EntityId } from "../../kernel/ids.ts";
import { estimateTokens } from "../../kernel/tokens.ts";
import {
  type Entity,
  ENTITY_MEASURE,
  type Measure,
  type Memory,
  type MemoryPage,
  pageWithin,
  type Relation,
  type ScopeKey,
  tokenCounter,
} from "../../memory/knowledge/index.ts";

const PAGE = 1_000;
/**
 * Relations of one answer, and maximum scanned for them: an entity with thousands of relations from others still
 * reports its own.
 */
const RELATIONS_MAX = 5_000;
const CANDIDATES_MAX = 100_000;

/** Of a bound of tokens, what entities may take of it, so that something is left for their relations. */
const ENTITIES_SHARE = 0.75;

/** An entity as the reference memory server writes it; `truncated` if some observations were left out. */
export const inNodes = ({ name, type, observations, isCut }: Entity, withObservations = true): JsonObject => ({
  name,
  entityType: type,
  ...(withObservations && { observations: observations.map(({ text }) => text), ...(isCut && { truncated: true }) }),
});

/** As models are shown it. */
export const nodeText = (node: unknown): string => JSON.stringify(node, undefined, 2);

const tokensOf = (node: JsonObject): number => estimateTokens(nodeText(node));

const measureOf = (withObservations: boolean): Measure<Entity> => ({
  tokensOf: (entity) => tokensOf(inNodes(entity, withObservations)),
  cutTo: (entity, tokensMax) => {
    if (!withObservations) return entity;
    // What JSON adds to the texts is taken off in proportion.
    const textShare = ENTITY_MEASURE.tokensOf(entity) / tokensOf(inNodes(entity));
    return ENTITY_MEASURE.cutTo(entity, tokensMax * textShare);
  },
});

/** Bounds of an answer: its tokens, and whether it includes observations. */
type Bounds = { readonly maxTokens?: number | undefined; readonly includeObservations: boolean };

/** The share of the tokens that entities of one answer may take, and how they are counted. */
export const entityBounds = ({ maxTokens, includeObservations }: Bounds) => ({
  tokensMax: maxTokens === undefined ? undefined : maxTokens * ENTITIES_SHARE,
  measure: measureOf(includeObservations),
});

/** Entities of one answer, as far as their share of the tokens allows; `next` continues after them. */
export function nodesWithin(
  read: (limit: number) => Promise<MemoryPage<Entity>>,
  { limit, ...bounds }: Bounds & { readonly limit: number },
): Promise<MemoryPage<Entity>> {
  const { tokensMax, measure } = entityBounds(bounds);
  return pageWithin(read, { limit, tokensMax }, measure);
}

/** A relation by names, as the reference memory server has it. */
export type NodeRelation = { readonly from: string; readonly to: string; readonly relationType: string };

export type GraphOptions = {
  readonly entities: readonly Entity[];
  readonly withObservations: boolean;
  /** About so many tokens of all; relations get what entities leave of them. */
  readonly maxTokens?: number | undefined;
  /** Relations that begin at them, or at either end: the former gives each once to who reads page by page. */
  readonly ends: "from" | "either";
};

/** Entities with their relations, by names; `relationsCut` when there are more than one answer, or the bound of tokens, holds. */
export async function graphOf(memory: Memory, scopes: readonly ScopeKey[], of: GraphOptions): Promise<JsonObject> {
  const names = new Map(of.entities.map(({ id, name }) => [id, name]));
  const matches = ({ from }: Relation) => of.ends === "either" || names.has(from);
  const { relations: resolveEntities, isCut } = await relationsOf(
    memory,
    { scopes, entities: [...names.keys()] },
    matches,
  );
  const others = new Set(resolveEntities.flatMap(({ from, to }) => [from, to]).filter((id) => !names.has(id)));
  for (const entity of await memory.store.get([...others])) if (entity) names.set(entity.id, entity.name);
  const entities = of.entities.map((entity) => inNodes(entity, of.withObservations));
  const all = resolveEntities.flatMap(({ from, to, type }) => {
    const [a, b] = [names.get(from), names.get(to)];
    return a !== undefined && b !== undefined ? [{ from: a, to: b, relationType: type }] : [];
  });
  const fits = tokenCounter((of.maxTokens ?? Infinity) - entities.reduce((sum, node) => sum + tokensOf(node), 0));
  const relations = all.filter((relation) => fits(tokensOf(relation)));
  return { entities, relations, ...((isCut || relations.length < all.length) && { relationsCut: true }) };
}

async function relationsOf(
  memory: Memory,
  of: { readonly scopes: readonly ScopeKey[]; readonly entities: readonly EntityId[] },
  isMeant: (relation: Relation) => boolean,
): Promise<{ readonly relations: readonly Relation[]; readonly isCut: boolean }> {
  const relations: Relation[] = [];
  if (of.entities.length === 0) return { relations, isCut: false };
  let cursor: string | undefined;
  let looked = 0;
  do {
    const page = await memory.store.relations(of, { limit: PAGE, cursor });
    relations.push(...page.entries.filter(isMeant));
    looked += page.entries.length;
    cursor = page.next;
  } while (cursor !== undefined && relations.length < RELATIONS_MAX && looked < CANDIDATES_MAX);
  return { relations, isCut: cursor !== undefined };
}

/** A name, or a text, as memory keeps it; empty when it says nothing. */
export const normalizeText = ({ changes }: Pick<Memory, "changes">, text: string): string =>
  changes.redact.text(text).normalize("NFC").trim();

/** Relations as memory keeps them, each once. */
export function normalizeRelations(
  memory: Pick<Memory, "changes">,
  relations: readonly NodeRelation[],
): readonly NodeRelation[] {
  const kept = relations.map(({ from, to, relationType }) => ({
    from: normalizeText(memory, from),
    to: normalizeText(memory, to),
    relationType: normalizeText(memory, relationType),
  }));
  return [...new Map(kept.map((one) => [JSON.stringify(one), one])).values()];
}

/** For each that is wanted, as it is kept, the relation that is there, or undefined. */
export async function relationsBetween(
  memory: Memory,
  scope: ScopeKey,
  wanted: readonly NodeRelation[],
): Promise<readonly (Relation | undefined)[]> {
  const ends = await memory.store.find(
    wanted.flatMap(({ from, to }) => [
      { scope, name: from },
      { scope, name: to },
    ]),
  );
  const found: (Relation | undefined)[] = [];
  for (const [index, { relationType }] of wanted.entries()) {
    const [from, to] = [ends[2 * index], ends[2 * index + 1]];
    const isWanted = (one: Relation) => one.from === from?.id && one.to === to?.id && one.type === relationType;
    found.push(from && to ? await relationOf(memory, { scope, end: from.id }, isWanted) : undefined);
  }
  return found;
}

/** However many relations the end has. */
async function relationOf(
  memory: Memory,
  { scope, end }: { readonly scope: ScopeKey; readonly end: EntityId },
  isWanted: (relation: Relation) => boolean,
): Promise<Relation | undefined> {
  let cursor: string | undefined;
  do {
    const page = await memory.store.relations({ scopes: [scope], entities: [end] }, { limit: PAGE, cursor });
    const found = page.entries.find(isWanted);
    if (found) return found;
    cursor = page.next;
  } while (cursor !== undefined);
  return undefined;
}
