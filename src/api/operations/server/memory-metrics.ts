import { type LimitUse, type Memory, scopeTypeOf, type MemorySize } from "../../../memory/knowledge/index.ts";
import { counter, gauge, histogram, type Metric } from "./exposition.ts";

/** How long the other figures wait for what memory holds. */
const WAIT_MS = 250;

/** What is done with memory, and what it holds, where its place says so in time. Never rejects. */
export async function memoryMetrics(memory: Memory): Promise<readonly Metric[]> {
  const { entitiesCreated, relationsCreated, searches, results, embedding } = memory.counts();
  const asked = searches.buckets.reduce((sum, count) => sum + count, 0);
  return [
    counter("caxton_memory_search_queries_total", "Searches of memory, those that failed included", asked),
    histogram("caxton_memory_search_duration_seconds", "Searches of memory, their question's embedding included", [
      { took: searches },
    ]),
    histogram("caxton_memory_search_results", "Entities that a search found", [{ took: results }]),
    histogram(
      "caxton_memory_embedding_duration_seconds",
      "Calls of the embedder for memory, each of one or more texts",
      [{ took: embedding }],
    ),
    counter("caxton_memory_entities_created_total", "Entities that came to be known", entitiesCreated),
    counter(
      "caxton_memory_relations_created_total",
      "Relations made, those included that took the place of the same",
      relationsCreated,
    ),
    ...held(await memory.size(WAIT_MS)),
    ...limits(memory.capacity.known()),
  ];
}

/** Usage of limits; without values if there is no limit, or before the first count. */
function limits(known: readonly LimitUse[]): readonly Metric[] {
  const entities = known.find(({ what }) => what === "entities");
  const vectors = known.find(({ what }) => what === "vectors");
  return [
    gauge("caxton_memory_entities_limit", "Entities that there may be: memory.max_entities", entities?.max),
    gauge(
      "caxton_memory_vector_count",
      "Places that vectors have taken of those that searches have room for",
      vectors?.used,
    ),
    gauge("caxton_memory_vectors_limit", "Vectors that searches have room for", vectors?.max),
  ];
}

/** What memory holds; without values while it is not known. */
function held(stock: MemorySize | undefined): readonly Metric[] {
  const { scopes, bytes } = stock?.stats ?? { scopes: [], bytes: undefined };
  const byType = new Map<string, number>();
  for (const { scope, entities } of scopes) {
    const type = scopeTypeOf(scope) ?? "other";
    byType.set(type, (byType.get(type) ?? 0) + entities);
  }
  const sum = (of: "entities" | "relations") => stock && scopes.reduce((total, scope) => total + scope[of], 0);
  return [
    {
      name: "caxton_memory_entities_total",
      help: "Entities in memory, by the kind of their scope",
      type: "gauge",
      samples: [...byType].map(([scope, value]) => ({ labels: { scope }, value })),
    },
    gauge("caxton_memory_entity_count", "Entities in memory", sum("entities")),
    gauge("caxton_memory_relation_count", "Relations in memory", sum("relations")),
    gauge("caxton_memory_database_size_bytes", "Memory on disk, where its place says so", bytes),
    gauge(
      "caxton_memory_stats_age_seconds",
      "When what memory holds was counted; absent while memory does not say what it holds",
      stock && stock.ageMs / 1_000,
    ),
  ];
}
