/** Memory in Qdrant. */
export { QdrantMemoryStore, type QdrantOptions } from "./qdrant-memory-store.ts";
