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

/** A runner for deployed modules. One implementation: the sandbox. */
export interface ToolHost extends ToolRunner {
  /** Makes a module ready and asks it for its tools, without deploying it. Throws when it is no tool server. */
  inspect(module: ToolModule, signal: AbortSignal): Promise<Inspection>;
  /** Like `inspect`, but of a fresh start, nothing remembered. */
  check(module: ToolModule, signal: AbortSignal): Promise<Inspection>;
  /** Replaces the server of that name by a module; its running calls finish. */
  deploy(module: ToolModule, signal: AbortSignal): Promise<ToolServer>;
  /** Removes a server; its running calls finish. False for an unknown name. */
  remove(name: string): boolean;
  /** Calls `listener` with each line that a server writes to its log from now on, in any revision. */
  watchLog(server: string, listener: (line: ToolLogLine) => void): Disposable;
}
