import {
  nameKey,
  summarize,
  type AgentCandidate,
  type AgentQuery,
  type AgentRevision,
  type AgentStore,
  type AgentSummary,
  type Deployed,
  type Deployment,
  type Page,
  type PageQuery,
  type Paused,
  type RevisionSummary,
  type ServingAgent,
  type StateChange,
} from "../../src/agents/definitions/index.ts";

type Kept = {
  readonly revisions: readonly AgentRevision[];
  readonly deleted: boolean;
  readonly serving: number;
  readonly paused: Paused | undefined;
  readonly fileHash: string | undefined;
};

/** An AgentStore for tests: everything in memory, nothing written while a candidate conflicts. */
export class MemoryAgentStore implements AgentStore {
  #agents: ReadonlyMap<string, Kept> = new Map();

  async deploy(candidates: readonly AgentCandidate[]): Promise<Deployment> {
    const agents = new Map(this.#agents);
    const results: Deployed[] = [];
    for (const candidate of candidates) {
      const key = keyOf(candidate.workspace, candidate.name);
      const kept = agents.get(key);
      const latest = kept?.deleted === false ? kept.revisions[kept.serving - 1] : undefined;
      if (latest !== undefined && latest.name !== candidate.name)
        return { type: "conflict", name: candidate.name, existing: latest.name };
      if (latest !== undefined && latest.sourceHash === candidate.sourceHash) {
        results.push({ type: "unchanged", revision: latest });
        continue;
      }
      const revision = { ...candidate, revision: (kept?.revisions.length ?? 0) + 1 };
      agents.set(key, {
        revisions: [...(kept?.revisions ?? []), revision],
        deleted: false,
        serving: revision.revision,
        paused: kept?.paused,
        fileHash: undefined,
      });
      results.push({ type: latest === undefined ? "created" : "updated", revision });
    }
    this.#agents = agents;
    return { type: "deployed", results };
  }

  async serving(workspace: string, name: string): Promise<ServingAgent | undefined> {
    const kept = this.#agents.get(keyOf(workspace, name));
    return kept && servingOf(kept);
  }

  async activate(workspace: string, name: string, revision: number): Promise<StateChange> {
    const found = await this.revision(workspace, name, revision);
    return this.#change(workspace, name, (kept) =>
      found === undefined
        ? "not-found"
        : kept.serving === revision
          ? "unchanged"
          : { ...kept, serving: revision, fileHash: undefined },
    );
  }

  async pause(workspace: string, name: string, paused: Paused | undefined): Promise<StateChange> {
    return this.#change(workspace, name, (kept) =>
      (kept.paused === undefined) === (paused === undefined) ? "unchanged" : { ...kept, paused },
    );
  }

  async setFileHash(workspace: string, name: string, fileHash: string): Promise<void> {
    this.#change(workspace, name, (kept) => ({ ...kept, fileHash }));
  }

  #change(workspace: string, name: string, change: (kept: Kept) => Kept | "unchanged" | "not-found"): StateChange {
    const kept = this.#agents.get(keyOf(workspace, name));
    const changed = kept?.deleted === false ? change(kept) : "not-found";
    if (typeof changed === "string") return changed;
    this.#agents = new Map(this.#agents).set(keyOf(workspace, name), changed);
    return "changed";
  }

  async revision(workspace: string, name: string, revision: number): Promise<AgentRevision | undefined> {
    return this.#agents.get(keyOf(workspace, name))?.revisions[revision - 1];
  }

  async list(workspace: string, { cursor = "", limit, capability }: AgentQuery): Promise<Page<AgentSummary>> {
    const items = [...this.#agents.values()]
      .flatMap((kept) => servingOf(kept) ?? [])
      .filter((revision) => revision.workspace === workspace && nameKey(revision.name) > cursor)
      .filter(({ definition }) => capability === undefined || definition.capabilities.includes(capability))
      .toSorted((left, right) => (nameKey(left.name) < nameKey(right.name) ? -1 : 1))
      .map(summarize);
    const page = items.slice(0, limit);
    return { items: page, next: items.length > limit ? nameKey(page.at(-1)?.name ?? "") : undefined };
  }

  async revisions(workspace: string, name: string, { cursor, limit }: PageQuery): Promise<Page<RevisionSummary>> {
    const before = cursor === undefined ? Infinity : Number(cursor);
    const items = (this.#agents.get(keyOf(workspace, name))?.revisions ?? [])
      .filter(({ revision }) => revision < before)
      .toReversed()
      .map(({ revision, version, format, sourceHash, fileName, deployedAtMs }) => ({
        revision,
        version,
        format,
        sourceHash,
        fileName,
        deployedAtMs,
      }));
    const page = items.slice(0, limit);
    return { items: page, next: items.length > limit ? String(page.at(-1)?.revision) : undefined };
  }

  async delete(workspace: string, name: string): Promise<boolean> {
    const kept = this.#agents.get(keyOf(workspace, name));
    if (kept?.deleted !== false) return false;
    this.#agents = new Map(this.#agents).set(keyOf(workspace, name), { ...kept, deleted: true, paused: undefined });
    return true;
  }

  async workspaces(): Promise<readonly string[]> {
    const agents = [...this.#agents.values()].filter(({ deleted }) => !deleted);
    return [...new Set(agents.flatMap(({ revisions: [first] }) => first?.workspace ?? []))];
  }

  async count(workspace?: string): Promise<number> {
    const isIn = ({ revisions: [first] }: Kept) => workspace === undefined || first?.workspace === workspace;
    return [...this.#agents.values()].filter((agent) => !agent.deleted && isIn(agent)).length;
  }
}

const servingOf = ({ revisions, deleted, serving, paused, fileHash }: Kept): ServingAgent | undefined => {
  const found = deleted ? undefined : revisions[serving - 1];
  return found && { ...found, paused, fileHash, newestRevision: revisions.length };
};

const keyOf = (workspace: string, name: string): string => JSON.stringify([workspace, nameKey(name)]);
