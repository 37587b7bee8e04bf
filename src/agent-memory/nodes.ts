import type { JsonObject } from "../kernel/json.ts";
import type { EntityId } from "../kernel/ids.ts";
import type { Entity, Memory, Relation, ScopeKey } from "../memory/index.ts";

const PAGE = 1_000;
/** Relations of one answer, and how many are looked through for them: one that others relate to by the thousand still tells its own. */
const RELATIONS_MAX = 5_000;
const LOOKED_MAX = 100_000;

/** An entity as the reference memory server writes it. */
export const inNodes = ({ name, type, observations }: Entity, withObservations = true): JsonObject => ({
  name,
  entityType: type,
  ...(withObservations && { observations: observations.map(({ text }) => text) }),
});

/** A relation by names, as the reference memory server has it. */
export type NodeRelation = { readonly from: string; readonly to: string; readonly relationType: string };

export type GraphOptions = {
  readonly entities: readonly Entity[];
  readonly withObservations: boolean;
  /** Relations that begin at them, or at either end: the former gives each once to who reads page by page. */
  readonly ends: "from" | "either";
};

/** Entities with their relations, by names; `relationsCut` when there are more than one answer holds. */
export async function graphOf(memory: Memory, scopes: readonly ScopeKey[], of: GraphOptions): Promise<JsonObject> {
  const names = new Map(of.entities.map(({ id, name }) => [id, name]));
  const isMeant = ({ from }: Relation) => of.ends === "either" || names.has(from);
  const { relations: meant, isCut } = await relationsOf(memory, { scopes, entities: [...names.keys()] }, isMeant);
  const others = new Set(meant.flatMap(({ from, to }) => [from, to]).filter((id) => !names.has(id)));
  for (const entity of await memory.store.get([...others])) if (entity) names.set(entity.id, entity.name);
  return {
    entities: of.entities.map((entity) => inNodes(entity, of.withObservations)),
    relations: meant.flatMap(({ from, to, type }) => {
      const [a, b] = [names.get(from), names.get(to)];
      return a !== undefined && b !== undefined ? [{ from: a, to: b, relationType: type }] : [];
    }),
    ...(isCut && { relationsCut: true }),
  };
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
  } while (cursor !== undefined && relations.length < RELATIONS_MAX && looked < LOOKED_MAX);
  return { relations, isCut: cursor !== undefined };
}

/** For each that is wanted the relation that is there, or undefined. */
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
