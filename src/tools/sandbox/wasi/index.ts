/** WASI preview 1 for one guest: pure host functions over a gate that parks the guest and a client that asks for files. */
export { GuestMemory } from "./guest-memory.ts";
export type { FileClient, HostBridge } from "./host-bridge.ts";
export { WASI_MODULE, wasiImports } from "./imports.ts";
export { SeededStream } from "./seeded-stream.ts";
export { Stdio, type Streams } from "./stdio.ts";
export { System, type SystemSettings } from "./system.ts";
export { Wasi } from "./wasi.ts";
