import type { EntityFilter } from "../../knowledge/index.ts";
import type { Parameters } from "./connection.ts";
import { tagOf } from "./rows.ts";

/** Whether `e` passes but for its scope; with `keepParameters`. One text for all filters, so that it is planned once. */
export const KEEP = `(
  ($p.types IS NULL OR e.type IN $p.types)
  AND ($p.confidenceMin IS NULL OR e.confidence >= $p.confidenceMin)
  AND ($p.updatedFromMs IS NULL OR e.updatedAtMs >= $p.updatedFromMs)
  AND ($p.updatedToMs IS NULL OR e.updatedAtMs <= $p.updatedToMs)
  AND ($p.validToMs IS NULL OR e.validFromMs IS NULL OR e.validFromMs <= $p.validToMs)
  AND ($p.validFromMs IS NULL OR e.validToMs IS NULL OR e.validToMs > $p.validFromMs)
  AND all(tag IN $p.tags WHERE tag IN e.tags)
  AND ($p.agent IS NULL OR EXISTS { MATCH (e)-[:OBSERVED]->(o:CaxtonObservation) WHERE o.until IS NULL AND o.agent = $p.agent })
)`;

export const keepParameters = (filter: EntityFilter): Parameters => ({
  scopes: filter.scopes,
  types: filter.types ?? null,
  confidenceMin: filter.confidenceMin ?? null,
  updatedFromMs: filter.updatedFromMs ?? null,
  updatedToMs: filter.updatedToMs ?? null,
  validFromMs: filter.validFromMs ?? null,
  validToMs: filter.validToMs ?? null,
  tags: Object.entries(filter.metadata ?? {}).map(([key, value]) => tagOf(key, value)),
  agent: filter.agent ?? null,
});
