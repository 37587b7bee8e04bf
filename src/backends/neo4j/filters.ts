import type { EntityFilter } from "../../memory/index.ts";
import type { Parameters } from "./connection.ts";
import { tagOf } from "./rows.ts";

/** Whether `e` passes but for its scope; with `keepParameters`. One text for all filters, so that it is planned once. */
export const KEEP = `(
  ($types IS NULL OR e.type IN $types)
  AND ($confidenceMin IS NULL OR e.confidence >= $confidenceMin)
  AND ($updatedFromMs IS NULL OR e.updatedAtMs >= $updatedFromMs)
  AND ($updatedToMs IS NULL OR e.updatedAtMs <= $updatedToMs)
  AND ($validToMs IS NULL OR e.validFromMs IS NULL OR e.validFromMs <= $validToMs)
  AND ($validFromMs IS NULL OR e.validToMs IS NULL OR e.validToMs > $validFromMs)
  AND all(tag IN $tags WHERE tag IN e.tags)
  AND ($agent IS NULL OR EXISTS { MATCH (e)-[:OBSERVED]->(o:CaxtonObservation) WHERE o.until IS NULL AND o.agent = $agent })
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
