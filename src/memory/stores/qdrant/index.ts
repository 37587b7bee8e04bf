/** Memory in Qdrant. */
export { QdrantMemoryStore } from "./qdrant-memory-store.ts";
