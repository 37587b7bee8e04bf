import { join } from "node:path";
import { type MemoryStore, MemoryUnavailableError } from "./knowledge/index.ts";
import { SqliteMemoryStore } from "./stores/sqlite/index.ts";
import { MemoryPlaceUnknownError } from "./transfer/index.ts";

/** What a secret of the vault holds now, or why it is not there and what to do. */
export type FindSecret = (
  name: string,
) => { readonly type: "found"; readonly value: string } | { readonly type: "missing"; readonly why: string };

/** Every place that can hold memory, by its name. Secrets are given by their names. */
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
 * Opens memory's places by their names. Nothing is connected to before it is used; the clients of the other places are not
 * even loaded. Rejects with MemoryPlaceUnknownError for a name that this version does not know.
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
        throw unknownPlace(join(directory, "memory-place.json"), name, Object.keys(stores));
    }
  };
}

const unknownPlace = (file: string, name: string, known: readonly string[]): MemoryPlaceUnknownError =>
  new MemoryPlaceUnknownError(
    `${file} says that memory is in ${name.slice(0, 100)}, which is none of ${known.join(", ")}`,
    "Use the version of Caxton that wrote it, or set memory.backend to the place that memory went to, and remove the file.",
    { file },
  );

/** Reads a secret each time it is asked, so that one that was changed holds from the next connection on. */
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
