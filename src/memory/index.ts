export { type MemoryOptions, type MemoryPorts, openMemory, type MemoryServices } from "./open.ts";
export type { FindSecret } from "./open-store.ts";
