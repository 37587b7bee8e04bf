/** Tool servers as WebAssembly in sandbox children, and the port through which they reach anything outside. */
export {
  type Broker,
  type BrokeredFile,
  type Caller,
  type FileAccess,
  hostRefused,
  type HostRefused,
  type HttpAccess,
  type HttpAnswer,
  type HttpRequest,
  type MemoryAccess,
  type MemoryFound,
  type MemoryHit,
  type MemorySearch,
  type MessageAccess,
  refused,
  type Refused,
  type SentMessage,
  type StateAccess,
  type StateEntry,
  type TimeChange,
} from "./host-calls/broker.ts";
export { type ConfinementReport, probeConfinement } from "./children/confinement-check.ts";
export { ToolServerRefusedError } from "./errors.ts";
export type { LogLine } from "./guest-log.ts";
export { ISOLATIONS } from "./children/sandbox-child.ts";
export type { TrustGroup } from "./children/child-pools.ts";
export { Sandbox, type SandboxDeps, type SandboxOptions } from "./sandbox.ts";
export {
  CONFINEMENT_MODES,
  type DirectoryEntry,
  type FileInfo,
  type FileKind,
  type Listing,
  type OpenFlags,
  type Refusal,
  type Stamp,
  type Stamps,
} from "./wire/index.ts";
