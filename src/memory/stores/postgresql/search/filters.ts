import type { EntityFilter } from "../../../knowledge/index.ts";
import { scopesOf } from "../rows.ts";
import { type Values } from "../session.ts";
import { encodeJson } from "../texts.ts";

/** What of a filter is more than its scopes, as conditions on `e`; empty: nothing is. */
export function narrowing(filter: EntityFilter, values: Values): string {
  const conditions: string[] = [];
  const add = (condition: (parameter: string) => string, value: Parameters<Values["add"]>[0] | undefined): void => {
    if (value !== undefined) conditions.push(condition(values.add(value)));
  };
  add((types) => `e.type = ANY(${types}::text[])`, filter.types);
  add((least) => `e.confidence >= ${least}`, filter.confidenceMin);
  add((from) => `e.updated_at_ms >= ${from}`, filter.updatedFromMs);
  add((to) => `e.updated_at_ms <= ${to}`, filter.updatedToMs);
  add((from) => `(e.valid_to_ms IS NULL OR e.valid_to_ms > ${from})`, filter.validFromMs);
  add((to) => `(e.valid_from_ms IS NULL OR e.valid_from_ms <= ${to})`, filter.validToMs);
  add(
    (agent) => `EXISTS (SELECT 1 FROM observation o JOIN provenance p ON p.n = o.provenance
      WHERE o.entity = e.row AND o.until IS NULL AND p.agent = ${agent})`,
    filter.agent,
  );
  if (filter.metadata && Object.keys(filter.metadata).length > 0) {
    add(
      (wanted) => `NOT EXISTS (SELECT 1 FROM jsonb_each(${wanted}::jsonb) w
        WHERE e.metadata::jsonb -> w.key IS DISTINCT FROM w.value)`,
      encodeJson(filter.metadata),
    );
  }
  return conditions.join(" AND ");
}

/** The whole filter, on `e`. */
export function filtering(filter: EntityFilter, values: Values): string {
  const scopes = `e.scope = ${scopesOf(values.add(filter.scopes))}`;
  const narrow = narrowing(filter, values);
  return narrow === "" ? scopes : `${scopes} AND ${narrow}`;
}
