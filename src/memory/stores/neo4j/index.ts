/** Memory in a Neo4j database, over Bolt. */
export { type Neo4jMemoryOptions, Neo4jMemoryStore } from "./neo4j-memory-store.ts";
