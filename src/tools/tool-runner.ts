import type { ToolCall, ToolResult } from "./call.ts";
import type { ToolServer } from "./tool.ts";

/** Runs tools somewhere safe. One implementation: sandbox child processes. */
export interface ToolRunner {
  /** Every deployed tool server with its tools; cheap, no I/O. */
  servers(): readonly ToolServer[];
  /** Runs one call to its end. Never throws: refusal, limit, crash and cancellation are parts of the result. Arguments are already checked. */
  call(call: ToolCall, signal: AbortSignal): Promise<ToolResult>;
  /** Says that no more calls of this session come, so that its instances can go. */
  endSession(session: string): void;
}
