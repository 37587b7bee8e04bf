/** Tool servers as WebAssembly in sandbox children, and the port through which they reach anything outside. */
export { type Broker, type BrokeredFile, type Caller, refused, type Refused } from "./broker.ts";
export { ToolServerBuildError, ToolServerRefusedError } from "./errors.ts";
export type { LogLine } from "./guest-log.ts";
export { Sandbox, type SandboxDeps, type SandboxOptions, type SandboxStats } from "./sandbox.ts";
export {
  type DirectoryEntry,
  type FileInfo,
  type OpenFlags,
  type Refusal,
  REFUSALS as BROKER_REFUSALS,
} from "./wire/index.ts";
