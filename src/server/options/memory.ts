import { join } from "node:path";
import type { MemoryOptions } from "../../memory/index.ts";
import { type Config, type LoadedConfig, retentionPolicy, searchDefaults, snapshotOptions } from "../config/index.ts";

export function memoryOptions({ config }: LoadedConfig): MemoryOptions {
  const { data, memory, models } = config;
  const { postgresql, neo4j, qdrant } = memory;
  return {
    directory: data.directory,
    backend: memory.backend,
    stores: {
      embedded: { synchronous: memory.synchronous },
      postgresql: {
        url: postgresql.url,
        schema: postgresql.schema,
        connections: postgresql.connections,
        passwordSecret: postgresql.password_secret,
      },
      neo4j: { url: neo4j.url, user: neo4j.user, database: neo4j.database, passwordSecret: neo4j.password_secret },
      qdrant: { url: qdrant.url, collection: qdrant.collection, apiKeySecret: qdrant.api_key_secret },
    },
    embedders: {
      used: models.roles.embedding,
      directory: modelsDirectory(config),
      dims: Object.fromEntries(Object.entries(models.facts).map(([model, facts]) => [model, facts.embedding_dims])),
    },
    defaults: searchDefaults(memory),
    entitiesMax: memory.max_entities,
    snapshots: snapshotOptions(memory),
    retention: retentionPolicy(memory),
  };
}

/** Directory of installed embedding models. */
export const modelsDirectory = (config: Config): string => join(config.data.directory, "models");
