import type { ToolCall, ToolResult } from "./call.ts";
import type { ToolServer } from "./tool.ts";

export type ToolLogLine = { readonly atMs: number; readonly text: string };

/** Runs tools somewhere safe. One implementation: sandbox child processes. */
export interface ToolRunner {
  /** Every deployed tool server with its tools; cheap, no I/O. */
  servers(): readonly ToolServer[];
  /** Runs one call to its end. Never throws: refusal, limit, crash and cancellation are parts of the result. Arguments are already checked. */
  call(call: ToolCall, signal: AbortSignal): Promise<ToolResult>;
  /** The last lines a server wrote to its log, oldest first, fit for a terminal; none for an unknown server. */
  logs(server: string): readonly ToolLogLine[];
  /** Says that no more calls of this session come, so that its instances can go. */
  endSession(session: string): void;
}
