import type { StoreStats } from "../../knowledge/index.ts";
import type { Facts } from "./facts.ts";
import { numberOf } from "./rows.ts";
import { SPAN } from "./tables.ts";
import type { Vectors } from "./indexing/vectors.ts";

/** Entities whose observations and relations are counted at once: SQLite sorts what it counts by scopes, in memory. */
const COUNTED_AT_ONCE = 20_000;

const ENTITIES = "SELECT scope, count(*) FROM entity GROUP BY scope";
const OBSERVATIONS = `SELECT e.scope, count(*) FROM observation o CROSS JOIN entity e ON e.row = o.row / ${SPAN}
  WHERE o.row >= ? * ${SPAN} AND o.row < ? * ${SPAN} AND o.until IS NULL GROUP BY e.scope`;
const RELATIONS = `SELECT e.scope, count(*) FROM relation r CROSS JOIN entity e ON e.row = r.src
  WHERE r.src >= ? AND r.src < ? GROUP BY e.scope`;

/** How much there is, by scopes and models. */
export function figuresOf(facts: Facts, vectors: Vectors): Omit<StoreStats, "indexed"> {
  const last = numberOf(facts.cells("SELECT max(row) FROM entity")[0]?.[0]);
  const counted = (query: string): ReadonlyMap<number, number> => {
    const counts = new Map<number, number>();
    for (let from = 0; from <= last; from += COUNTED_AT_ONCE)
      for (const [scope, many] of facts.cells(query, from, from + COUNTED_AT_ONCE))
        counts.set(numberOf(scope), (counts.get(numberOf(scope)) ?? 0) + numberOf(many));
    return counts;
  };
  const observations = counted(OBSERVATIONS);
  const relations = counted(RELATIONS);
  const { byModel, without } = vectors.counts();
  const pages = facts.sql("SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()").get();
  return {
    scopes: facts.cells(ENTITIES).map(([scope, entities]) => ({
      scope: facts.scopeKey(numberOf(scope)),
      entities: numberOf(entities),
      observations: observations.get(numberOf(scope)) ?? 0,
      relations: relations.get(numberOf(scope)) ?? 0,
    })),
    bytes: numberOf(pages?.["n"]),
    passagesByModel: byModel,
    passagesWithoutVector: without,
  };
}
