import { SqliteMemoryStore } from "./stores/sqlite/index.ts";
import { type MemoryStore, MemoryUnavailableError } from "./knowledge/index.ts";
import type { Config, MemoryBackend } from "../server/config/index.ts";

/** What a secret of the vault holds now, or why it is not there and what to do. */
export type FindSecret = (
  name: string,
) => { readonly type: "found"; readonly value: string } | { readonly type: "missing"; readonly why: string };

/**
 * The place where memory is kept: the one configured, or the one named. Nothing is connected to before it is used; the
 * clients of the others are not even loaded.
 */
export async function openMemoryStore(
  config: Config,
  { secret, backend = config.memory.backend }: { readonly secret: FindSecret; readonly backend?: MemoryBackend },
): Promise<MemoryStore> {
  const { memory } = config;
  const password = secretOf(backend, secret);
  switch (backend) {
    case "embedded":
      return new SqliteMemoryStore({ directory: config.data.directory, synchronous: memory.synchronous });
    case "postgresql": {
      const { PostgresqlMemoryStore } = await import("./stores/postgresql/index.ts");
      const { url, schema, connections, password_secret: name } = memory.postgresql;
      return new PostgresqlMemoryStore({ url, schema, connections, password: password(name) });
    }
    case "neo4j":
      return openNeo4j(memory.neo4j, password(memory.neo4j.password_secret));
    case "qdrant":
      return openQdrant(memory.qdrant, password(memory.qdrant.api_key_secret));
  }
}

async function openQdrant(
  { url, collection }: Config["memory"]["qdrant"],
  apiKey: () => string | undefined,
): Promise<MemoryStore> {
  const { QdrantMemoryStore } = await import("./stores/qdrant/index.ts");
  return new QdrantMemoryStore({ url, collection, apiKey });
}

async function openNeo4j(
  { url, user, database }: Config["memory"]["neo4j"],
  password: () => string | undefined,
): Promise<MemoryStore> {
  const { Neo4jMemoryStore } = await import("./stores/neo4j/index.ts");
  return new Neo4jMemoryStore({ url, user, password, database });
}

/** Reads a secret each time it is asked, so that one that was changed holds from the next connection on. */
const secretOf =
  (backend: MemoryBackend, secret: FindSecret) => (name: string | undefined) => (): string | undefined => {
    if (name === undefined) return undefined;
    const found = secret(name);
    if (found.type === "found") return found.value;
    throw new MemoryUnavailableError(
      `the secret ${name}, which [memory.${backend}] names, is not there`,
      `To give it: ${found.why}.`,
      { backend },
    );
  };
