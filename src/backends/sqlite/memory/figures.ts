import type { ScopeKey, StoreFigures } from "../../../memory/index.ts";
import type { Facts } from "./facts.ts";
import { numberOf, textOf } from "./rows.ts";
import { SPAN } from "./tables.ts";
import type { Vectors } from "./vectors.ts";

/** How much there is, by scopes and models. */
export function figuresOf(facts: Facts, vectors: Vectors): Omit<StoreFigures, "indexed"> {
  const count = (query: string): ReadonlyMap<ScopeKey, number> =>
    new Map(
      facts
        .sql(`SELECT s.key, c.many FROM (${query}) c JOIN scope s ON s.n = c.scope`)
        .all()
        .map((row) => [textOf(row["key"]), numberOf(row["many"])]),
    );
  const entities = count("SELECT scope, count(*) AS many FROM entity GROUP BY scope");
  const observations = count(
    `SELECT e.scope AS scope, count(*) AS many FROM observation o CROSS JOIN entity e ON e.row = o.row / ${SPAN}
     WHERE o.until IS NULL GROUP BY e.scope`,
  );
  const relations = count(
    "SELECT e.scope AS scope, count(*) AS many FROM relation r CROSS JOIN entity e ON e.row = r.src GROUP BY e.scope",
  );
  const { byModel, without } = vectors.counts();
  const pages = facts.sql("SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()").get();
  return {
    scopes: [...entities].map(([scope, n]) => ({
      scope,
      entities: n,
      observations: observations.get(scope) ?? 0,
      relations: relations.get(scope) ?? 0,
    })),
    bytes: numberOf(pages?.["n"]),
    passagesByModel: byModel,
    passagesWithoutVector: without,
  };
}
