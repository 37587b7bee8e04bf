import type { PinnedTool } from "./pin.ts";

/** Where a tool server comes from: this package, a request, the tools directory, or somewhere else altogether. */
export const TOOL_SERVER_ORIGINS = ["built-in", "uploaded", "directory", "remote"] as const;
export type ToolServerOrigin = (typeof TOOL_SERVER_ORIGINS)[number];

/** A tool server as it was deployed, or a remote one as it was accepted; never changed afterwards. */
export type ToolServerRevision = {
  readonly workspace: string;
  readonly name: string;
  /** 1, 2, 3 … within the server; continues when a deleted server's name is deployed again. */
  readonly revision: number;
  /** The manifest's own version. */
  readonly version: string;
  readonly origin: ToolServerOrigin;
  readonly interface: string;
  /** sha256 of the module, of a remote server of its tools; hexadecimal. */
  readonly moduleHash: string;
  readonly moduleBytes: number;
  /** The text of its tool.toml; empty for a remote server. */
  readonly manifest: string;
  readonly manifestHash: string;
  /** The text of its signature; null for none. */
  readonly signature: string | null;
  readonly tools: readonly PinnedTool[];
  readonly deployedAtMs: number;
};
export type ToolServerCandidate = Omit<ToolServerRevision, "revision">;

/** What is known of a server besides its revisions. */
export type ToolServerHead = {
  readonly workspace: string;
  readonly name: string;
  readonly origin: ToolServerOrigin;
  /** The revision that answers calls; undefined when none has been accepted yet. */
  readonly serving: number | undefined;
  /** The revision that waits to be accepted. */
  readonly pending: number | undefined;
  /** The newest. */
  readonly latest: number;
  /** Reason why an operator paused it; undefined if it is not paused. */
  readonly paused: string | undefined;
};

export type RevisionPage = { readonly items: readonly ToolServerRevision[]; readonly next: string | undefined };

/**
 * Where deployed tool servers are kept. Every method is one transaction, and what it wrote is on disk when it resolves.
 * Names are compared without regard to case.
 */
export interface ToolServerStore {
  /** Workspaces with servers. */
  workspaces(): Promise<readonly string[]>;
  /** Servers that are there, by name. */
  heads(workspace: string): Promise<readonly ToolServerHead[]>;
  /** Undefined when it is not there or was deleted. */
  head(workspace: string, name: string): Promise<ToolServerHead | undefined>;
  /**
   * Adds the next revision: one that serves from now on, or one that waits. In both cases what waited before does so no
   * more. Its module has to be saved already.
   */
  add(candidate: ToolServerCandidate, place: "serving" | "pending"): Promise<ToolServerRevision>;
  /** Lets a revision serve; what waited and is older or the same waits no more. False when there is no such revision. */
  serve(workspace: string, name: string, revision: number): Promise<boolean>;
  /** Lets a revision that is kept wait, or none; nothing else changes. */
  setPending(workspace: string, name: string, revision: number | undefined): Promise<void>;
  /** Any revision that is kept, of deleted servers too. */
  revision(workspace: string, name: string, revision: number): Promise<ToolServerRevision | undefined>;
  /** Newest first; empty when there never was one. */
  revisions(
    workspace: string,
    name: string,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<RevisionPage>;
  /** Undefined resumes it. */
  pause(workspace: string, name: string, reason: string | undefined): Promise<void>;
  /** Deletes a server; its revisions stay until they are pruned. False for an unknown name. */
  delete(workspace: string, name: string): Promise<boolean>;
  /** Forgets all but the newest revisions, those that serve and wait excepted. */
  prune(workspace: string, name: string, keep: number): Promise<void>;
  /** Puts a module on disk, once per distinct content; a damaged one is replaced. Returns its sha256, hexadecimal. */
  saveModule(bytes: Uint8Array): Promise<string>;
  /** Throws ToolModuleDamagedError when it is gone or its bytes have another hash. */
  readModule(moduleHash: string): Promise<Uint8Array>;
  /** Deletes modules that no revision names, such as a crash leaves. */
  sweepModules(): Promise<void>;
}
