export { type MemoryOptions, type MemoryPorts, openMemory, type MemoryServices } from "./open.ts";
