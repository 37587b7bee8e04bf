export { type MemoryOptions, type MemoryPorts, openMemory, type OpenMemory } from "./open.ts";
export type { FindSecret } from "./open-store.ts";
