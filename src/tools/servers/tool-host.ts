import type { ToolManifest } from "../catalogue/index.ts";
import type { ToolServerOrigin } from "./tool-server-store.ts";
import type { Tool, ToolServer, ToolServerInterface } from "../catalogue/index.ts";
import type { ToolLogLine, ToolRunner } from "../catalogue/index.ts";

export type ToolModule = {
  readonly manifest: ToolManifest;
  readonly module: Uint8Array;
  /** Modules of different origin should not share a process. */
  readonly origin: ToolServerOrigin;
};

/** What a module is, seen without letting anybody call it. */
export type Inspection = {
  /** sha256, hexadecimal. */
  readonly moduleHash: string;
  readonly moduleBytes: number;
  readonly interface: ToolServerInterface;
  readonly tools: readonly Tool[];
};

/** A runner that modules are put into and taken out of. One implementation: the sandbox. */
export interface ToolHost extends ToolRunner {
  /** Makes a module ready and asks it for its tools, without deploying it. Throws when it is no tool server. */
  inspect(module: ToolModule, signal: AbortSignal): Promise<Inspection>;
  /** Like `inspect`, but of a fresh start, nothing remembered. */
  check(module: ToolModule, signal: AbortSignal): Promise<Inspection>;
  /** Puts a module in the place of the server of that name; calls under way there end as they would have. */
  deploy(module: ToolModule, signal: AbortSignal): Promise<ToolServer>;
  /** Takes a server away; its calls under way end as they would have. False when there was none. */
  remove(name: string): boolean;
  /** Tells each line a server writes to its log from now on, whichever revision of it. */
  watchLog(server: string, listener: (line: ToolLogLine) => void): Disposable;
}
