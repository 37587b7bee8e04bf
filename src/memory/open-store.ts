import { join } from "node:path";
import { type MemoryStore, MemoryUnavailableError } from "./knowledge/index.ts";
import { SqliteMemoryStore } from "./stores/sqlite/index.ts";
import { MemoryBackendUnknownError } from "./transfer/index.ts";

/** The value of a secret, or why it is missing, with a remedy. */
export type FindSecret = (
  name: string,
) => { readonly type: "found"; readonly value: string } | { readonly type: "missing"; readonly why: string };

/** The configuration of all memory backends, by name. Secrets are given by name. */
export type MemoryStoreOptions = {
  readonly embedded: { readonly synchronous: "normal" | "full" };
  readonly postgresql: {
    readonly url: string;
    readonly schema: string;
    readonly connections: number;
    readonly passwordSecret: string | undefined;
  };
  readonly neo4j: {
    readonly url: string;
    readonly user: string;
    readonly database: string;
    readonly passwordSecret: string | undefined;
  };
  readonly qdrant: {
    readonly url: string;
    readonly collection: string;
    readonly apiKeySecret: string | undefined;
  };
};
export type MemoryBackend = keyof MemoryStoreOptions;

/**
 * Opens memory backends by name. A backend connects at its first use; the clients of the other backends are not
 * loaded. Rejects with MemoryBackendUnknownError for a name that this version does not know.
 */
export function storeOpener(
  stores: MemoryStoreOptions,
  directory: string,
  secret: FindSecret,
): (name: string) => Promise<MemoryStore> {
  return async (name) => {
    switch (name) {
      case "embedded":
        return new SqliteMemoryStore({ directory, ...stores.embedded });
      case "postgresql": {
        const { PostgresqlMemoryStore } = await import("./stores/postgresql/index.ts");
        const { passwordSecret, ...place } = stores.postgresql;
        return new PostgresqlMemoryStore({ ...place, password: secretOf(name, secret, passwordSecret) });
      }
      case "neo4j": {
        const { Neo4jMemoryStore } = await import("./stores/neo4j/index.ts");
        const { passwordSecret, ...place } = stores.neo4j;
        return new Neo4jMemoryStore({ ...place, password: secretOf(name, secret, passwordSecret) });
      }
      case "qdrant": {
        const { QdrantMemoryStore } = await import("./stores/qdrant/index.ts");
        const { apiKeySecret, ...place } = stores.qdrant;
        return new QdrantMemoryStore({ ...place, apiKey: secretOf(name, secret, apiKeySecret) });
      }
      default:
        throw unknownPlace(join(directory, "memory-backend.json"), name, Object.keys(stores));
    }
  };
}

const unknownPlace = (file: string, name: string, known: readonly string[]): MemoryBackendUnknownError =>
  new MemoryBackendUnknownError(
    `${file} names the backend ${name.slice(0, 100)}, which is not one of ${known.join(", ")}`,
    "Use the version of Caxton that wrote it, or set memory.backend to the backend that was active, and delete the file.",
    { file },
  );

/** Reads a secret for each connection, so that a changed one is used from the next connection on. */
const secretOf = (backend: MemoryBackend, secret: FindSecret, name: string | undefined) => (): string | undefined => {
  if (name === undefined) return undefined;
  const found = secret(name);
  if (found.type === "found") return found.value;
  throw new MemoryUnavailableError(
    `the secret ${name}, which [memory.${backend}] names, is not there`,
    `To give it: ${found.why}.`,
    { backend },
  );
};
