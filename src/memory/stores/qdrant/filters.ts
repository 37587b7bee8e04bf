import { type EntityFilter, isValidDuring, type ScopeKey } from "../../knowledge/index.ts";
import { ENTITY } from "./archive.ts";
import { type Document, entityOf } from "./documents.ts";
import { tagOf } from "./facts.ts";
import { type Condition, type Filter, is, oneOf, within } from "./place.ts";

export const ofScopes = (scopes: readonly ScopeKey[]): Condition => oneOf("scope", scopes);

/** What is being forgotten is in no answer. */
const FORGOTTEN = oneOf("todo", ["forget"]);

/** Entities that pass, as Qdrant asks it. */
export function filterOf(filter: EntityFilter): Filter & { readonly must: Condition[] } {
  const { types, agent, metadata, confidenceMin, updatedFromMs, updatedToMs, validFromMs, validToMs } = filter;
  const must: Condition[] = [ENTITY, ofScopes(filter.scopes)];
  if (types) must.push(oneOf("type", types));
  if (agent !== undefined) must.push(is("agents", agent));
  for (const [key, value] of Object.entries(metadata ?? {})) must.push(is("tags", tagOf(key, value)));
  if (confidenceMin !== undefined) must.push(within("confidence", { gte: confidenceMin }));
  if (updatedFromMs !== undefined) must.push(within("updated_at_ms", { gte: updatedFromMs }));
  if (updatedToMs !== undefined) must.push(within("updated_at_ms", { lte: updatedToMs }));
  if (validToMs !== undefined) must.push(within("valid_from", { lte: validToMs }));
  if (validFromMs !== undefined) must.push(within("valid_to", { gt: validFromMs }));
  return { must, must_not: [FORGOTTEN] };
}

/** Whether one that was read passes. */
export function passes(document: Document, filter: EntityFilter): boolean {
  const { head } = document;
  const { types, agent, metadata = {}, confidenceMin = 0 } = filter;
  const { updatedFromMs = -Infinity, updatedToMs = Infinity, validFromMs = -Infinity, validToMs = Infinity } = filter;
  return (
    filter.scopes.includes(head.scope) &&
    (types === undefined || types.includes(head.type)) &&
    head.confidence >= confidenceMin &&
    head.updatedAtMs >= updatedFromMs &&
    head.updatedAtMs <= updatedToMs &&
    isValidDuring(head.validity, { fromMs: validFromMs, toMs: validToMs }) &&
    (agent === undefined || entityOf(document).observations.some(({ provenance }) => provenance.agent === agent)) &&
    Object.entries(metadata).every(([key, value]) => JSON.stringify(head.metadata[key]) === JSON.stringify(value))
  );
}
