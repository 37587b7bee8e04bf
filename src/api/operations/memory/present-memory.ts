import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import {
  type Change,
  type Entity,
  type Graph,
  type Observation,
  type Provenance,
  type Relation,
  scopeText,
  type SearchResult,
} from "../../../memory/knowledge/index.ts";
import type * as contract from "../../contract/index.ts";
import { instant, instantOrNull } from "../instant.ts";

const presentProvenance = ({ source, sourceId, agent }: Provenance) => ({
  source,
  source_id: sourceId ?? null,
  agent: agent ?? null,
});

export const presentObservation = (one: Observation): contract.MemoryObservation => ({
  id: one.id,
  text: one.text,
  confidence: one.confidence,
  valid_from: instantOrNull(one.validity.fromMs),
  valid_to: instantOrNull(one.validity.toMs),
  provenance: presentProvenance(one.provenance),
  at: instant(one.atMs),
  since: one.since,
  until: one.until ?? null,
});

export const presentEntity = (one: Entity): contract.MemoryEntity => ({
  id: one.id,
  scope: scopeText(one.scope),
  name: one.name,
  type: one.type,
  observations: one.observations.map(presentObservation),
  confidence: one.confidence,
  strength: one.strength,
  valid_from: instantOrNull(one.validity.fromMs),
  valid_to: instantOrNull(one.validity.toMs),
  metadata: one.metadata,
  version: one.version,
  created_at: instant(one.createdAtMs),
  updated_at: instant(one.updatedAtMs),
  truncated: one.isCut === true,
});

export const presentRelation = (one: Relation): contract.MemoryRelation => ({
  id: one.id,
  scope: scopeText(one.scope),
  from: one.from,
  to: one.to,
  type: one.type,
  strength: one.strength,
  confidence: one.confidence,
  bidirectional: one.isBidirectional,
  valid_from: instantOrNull(one.validity.fromMs),
  valid_to: instantOrNull(one.validity.toMs),
  metadata: one.metadata,
  provenance: presentProvenance(one.provenance),
  created_at: instant(one.createdAtMs),
});

export const presentChange = (one: Change): contract.MemoryChange => ({
  seq: one.seq,
  entity: one.entity ?? null,
  scope: scopeText(one.scope),
  version: one.version,
  action: one.action,
  provenance: presentProvenance(one.provenance),
  at: instant(one.atMs),
  details: presentFields(one.details),
  truncated: one.isCut === true,
});

const TIMES = ["valid_from", "valid_to"] as const;

/** Changed fields as the API has them: times as instants, which memory keeps in milliseconds. */
export function presentFields(details: JsonObject): JsonObject {
  const times = TIMES.flatMap((key) => {
    const change = details[key];
    if (!isJsonObject(change)) return [];
    return [[key, Object.fromEntries(Object.entries(change).map(([side, at]) => [side, instantOf(at)]))] as const];
  });
  return { ...details, ...Object.fromEntries(times) };
}

const instantOf = (at: Json): Json => (typeof at === "number" ? instant(at) : at);

export const presentGraph = ({ entities, relations, isCut, next }: Graph): contract.MemoryGraph => ({
  entities: entities.map(({ entity, depth, via }) => ({ entity: presentEntity(entity), depth, via: via ?? null })),
  relations: relations.map(presentRelation),
  truncated: isCut,
  next: next ?? null,
});

/** Matching facts that a hit reports. */
const FACTS_MAX = 5;

export const presentSearch = ({ hits, next, tokens, notices }: SearchResult): contract.MemorySearchResult => ({
  items: hits.map(({ entity, score, ranked }) => ({
    entity: presentEntity(entity),
    score: { ...score, similarity: score.similarity ?? null, matched: [...score.matched] },
    facts: ranked.slice(0, FACTS_MAX).map(({ fact: { id, text }, score: one }) => ({ id, text, score: one })),
  })),
  next: next ?? null,
  tokens,
  notices: [...notices],
});
