import type { AgentDefinition } from "./definition.ts";
import type { DefinitionFormat } from "./reading.ts";

/** An agent as it was deployed; never changed afterwards. */
export type AgentRevision = {
  readonly workspace: string;
  readonly name: string;
  /** 1, 2, 3 … within the agent; continues when a deleted agent's name is deployed again. */
  readonly revision: number;
  /** The file's own version. */
  readonly version: string;
  readonly definition: AgentDefinition;
  readonly source: string;
  readonly format: DefinitionFormat;
  /** sha256 of the source, hexadecimal. */
  readonly sourceHash: string;
  readonly fileName: string;
  readonly deployedAtMs: number;
  /** The principal that deployed it; undefined for the operator, whose files are deployed by the server. */
  readonly deployedBy?: Deployer | undefined;
};

/** The principal that deployed a revision. The triggers in its definition have its rights. */
export type Deployer = { readonly id: string; readonly kind: string; readonly name: string };

/** Since when an agent takes no new work, and why. */
export type Paused = { readonly reason: string; readonly atMs: number };

/** The revision that new runs use, and the state of its agent. */
export type ServingAgent = AgentRevision & {
  /** sha256 of its file's text, if that was deployed last; undefined after a deployment or activation of another origin. */
  readonly fileHash: string | undefined;
  readonly paused: Paused | undefined;
  /** The newest revision; a larger number than `revision` after a rollback. */
  readonly newestRevision: number;
};

/** What is to be deployed: a revision that has no number yet. */
export type AgentCandidate = Omit<AgentRevision, "revision">;

/** What lists show of an agent's serving revision. */
export type AgentSummary = Pick<
  ServingAgent,
  "workspace" | "name" | "revision" | "version" | "deployedAtMs" | "paused" | "newestRevision" | "sourceHash"
> &
  Pick<AgentDefinition, "description" | "capabilities" | "tools"> & {
    readonly model: string | undefined;
    /** Its key and headers, which may refer to secrets. */
    readonly keys: readonly string[];
  };

/** What lists show of one revision. */
export type RevisionSummary = Pick<
  AgentRevision,
  "revision" | "version" | "format" | "sourceHash" | "fileName" | "deployedAtMs"
>;

export type Deployed = {
  /** `unchanged`: the latest revision has the same source hash, and is given back. */
  readonly type: "created" | "updated" | "unchanged";
  readonly revision: AgentRevision;
};

/** `unchanged`: it was so already. `not-found`: the agent or the revision does not exist. */
export type StateChange = "changed" | "unchanged" | "not-found";

export type Deployment =
  | { readonly type: "deployed"; readonly results: readonly Deployed[] }
  /** A name differs from a deployed one only in letter case. Nothing was written. */
  | { readonly type: "conflict"; readonly name: string; readonly existing: string };

/** One page; `next` is the cursor of the page after, undefined on the last. Cursors mean nothing to anyone but the store. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | undefined };

/** Without a principal it is the operator's. */
export type Activation = { readonly atMs: number; readonly by?: Deployer | undefined };
export type PageQuery = { readonly cursor?: string | undefined; readonly limit: number };
export type AgentQuery = PageQuery & {
  /** Only agents that declare exactly this capability. */
  readonly capability?: string | undefined;
};

/**
 * Where deployed agents are kept. Every method is one transaction. Names are compared without regard to case, for
 * finding as for conflicts; the case of the latest deployment is the one shown.
 */
export interface AgentStore {
  /** Adds a revision for each candidate, in order, or nothing at all. An agent that was deleted counts as not there: same source or not, it is `created`. */
  deploy(candidates: readonly AgentCandidate[], signal?: AbortSignal): Promise<Deployment>;
  /** The revision that new runs use: the newest, unless another was activated. Undefined when the agent is not there or was deleted. */
  serving(workspace: string, name: string, signal?: AbortSignal): Promise<ServingAgent | undefined>;
  /** Makes a stored revision the serving one. A later deployment serves in its place. The principal owns the triggers that this changes. */
  activate(workspace: string, name: string, revision: number, activation: Activation): Promise<StateChange>;
  /** Pauses an agent, or resumes it with `undefined`. Deployments do not change this; a deletion ends it. */
  pause(workspace: string, name: string, paused: Paused | undefined, signal?: AbortSignal): Promise<StateChange>;
  /** Stores the hash of the text of an agent's definition file that was deployed. */
  setFileHash(workspace: string, name: string, hash: string): Promise<void>;
  /** Any revision that ever was, of deleted agents too: runs stay on the one they began with. */
  revision(workspace: string, name: string, revision: number, signal?: AbortSignal): Promise<AgentRevision | undefined>;
  /** Agents that are there, by name. */
  list(workspace: string, query: AgentQuery, signal?: AbortSignal): Promise<Page<AgentSummary>>;
  /** An agent's revisions, newest first; empty when there never was one. */
  revisions(workspace: string, name: string, query: PageQuery, signal?: AbortSignal): Promise<Page<RevisionSummary>>;
  /** Deletes an agent; its revisions stay. False if it does not exist. */
  delete(workspace: string, name: string, signal?: AbortSignal): Promise<boolean>;
  /** Workspaces with agents. */
  workspaces(): Promise<readonly string[]>;
  /** Agents that are there, in one workspace or in all. */
  count(workspace?: string, signal?: AbortSignal): Promise<number>;
}

/** Names that differ only in case are one name; this is its key. */
export const nameKey = (name: string): string => name.toLowerCase();

export const summarize = ({
  workspace,
  name,
  revision,
  version,
  deployedAtMs,
  definition,
  paused,
  newestRevision,
  sourceHash,
}: ServingAgent): AgentSummary => ({
  workspace,
  name,
  revision,
  version,
  deployedAtMs,
  paused,
  newestRevision,
  sourceHash,
  description: definition.description,
  capabilities: definition.capabilities,
  tools: definition.tools,
  model: definition.llm.model,
  keys: [definition.llm.apiKey ?? [], Object.values(definition.llm.headers)].flat(),
});
