import type { AgentDefinition } from "./definition.ts";
import type { DefinitionFormat } from "./reading.ts";

/** An agent as it was deployed; never changed afterwards. */
export type AgentRevision = {
  readonly workspace: string;
  readonly name: string;
  /** 1, 2, 3 … within the agent; goes on when a deleted agent's name is deployed again. */
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
};

/** What is to be deployed: a revision that has no number yet. */
export type AgentCandidate = Omit<AgentRevision, "revision">;

/** What lists show of an agent's latest revision. */
export type AgentSummary = Pick<AgentRevision, "workspace" | "name" | "revision" | "version" | "deployedAtMs"> &
  Pick<AgentDefinition, "description" | "capabilities" | "tools"> & { readonly model: string | undefined };

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

export type Deployment =
  | { readonly type: "deployed"; readonly results: readonly Deployed[] }
  /** A name differs from a deployed one only in letter case. Nothing was written. */
  | { readonly type: "conflict"; readonly name: string; readonly existing: string };

/** One page; `next` is the cursor of the page after, undefined on the last. Cursors mean nothing to anyone but the store. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | undefined };

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
  /** The revision that new runs use; undefined when the agent is not there or was deleted. */
  latest(workspace: string, name: string, signal?: AbortSignal): Promise<AgentRevision | undefined>;
  /** Any revision that ever was, of deleted agents too: runs stay on the one they began with. */
  revision(workspace: string, name: string, revision: number, signal?: AbortSignal): Promise<AgentRevision | undefined>;
  /** Agents that are there, by name. */
  list(workspace: string, query: AgentQuery, signal?: AbortSignal): Promise<Page<AgentSummary>>;
  /** An agent's revisions, newest first; empty when there never was one. */
  revisions(workspace: string, name: string, query: PageQuery, signal?: AbortSignal): Promise<Page<RevisionSummary>>;
  /** Takes an agent away; its revisions stay. False when it was not there. */
  delete(workspace: string, name: string, signal?: AbortSignal): Promise<boolean>;
  /** Agents that are there, in all workspaces. */
  count(signal?: AbortSignal): Promise<number>;
}

/** Names that differ only in case are one name; this is its key. */
export const nameKey = (name: string): string => name.toLowerCase();

export const summarise = ({
  workspace,
  name,
  revision,
  version,
  deployedAtMs,
  definition,
}: AgentRevision): AgentSummary => ({
  workspace,
  name,
  revision,
  version,
  deployedAtMs,
  description: definition.description,
  capabilities: definition.capabilities,
  tools: definition.tools,
  model: definition.llm.model,
});
