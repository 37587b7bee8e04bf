import { createHash } from "node:crypto";
import {
  type RevisionPage,
  type ToolServerCandidate,
  type ToolServerHead,
  ToolModuleDamagedError,
  type ToolServerRevision,
  type ToolServerStore,
} from "../../src/tools/servers/index.ts";

type Kept = {
  readonly head: ToolServerHead;
  readonly deleted: boolean;
  readonly revisions: readonly ToolServerRevision[];
};

/** A ToolServerStore for tests: everything in memory. */
export class MemoryToolServerStore implements ToolServerStore {
  readonly #servers = new Map<string, Kept>();
  readonly #modules = new Map<string, Uint8Array>();

  async workspaces(): Promise<readonly string[]> {
    const heads = [...this.#servers.values()].filter(({ deleted }) => !deleted);
    return [...new Set(heads.map(({ head }) => head.workspace))];
  }

  async heads(workspace: string): Promise<readonly ToolServerHead[]> {
    return [...this.#servers.entries()]
      .filter(([, { head, deleted }]) => !deleted && head.workspace === workspace)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([, { head }]) => head);
  }

  async head(workspace: string, name: string): Promise<ToolServerHead | undefined> {
    const kept = this.#servers.get(keyOf(workspace, name));
    return kept === undefined || kept.deleted ? undefined : kept.head;
  }

  async add(candidate: ToolServerCandidate, place: "serving" | "pending"): Promise<ToolServerRevision> {
    const key = keyOf(candidate.workspace, candidate.name);
    const kept = this.#servers.get(key);
    const latest = (kept?.head.latest ?? 0) + 1;
    const revision = { ...candidate, revision: latest };
    const before = kept?.deleted === false ? kept.head : undefined;
    const head: ToolServerHead = {
      workspace: candidate.workspace,
      name: candidate.name,
      origin: candidate.origin,
      serving: place === "serving" ? latest : before?.serving,
      pending: place === "pending" ? latest : undefined,
      latest,
      paused: before?.paused,
    };
    this.#servers.set(key, { head, deleted: false, revisions: [...(kept?.revisions ?? []), revision] });
    return revision;
  }

  async serve(workspace: string, name: string, revision: number): Promise<boolean> {
    const kept = this.#servers.get(keyOf(workspace, name));
    if (kept === undefined || kept.deleted || !kept.revisions.some((each) => each.revision === revision)) return false;
    const { pending } = kept.head;
    const waits = pending !== undefined && pending > revision ? pending : undefined;
    this.#put(kept, { ...kept.head, serving: revision, pending: waits });
    return true;
  }

  async setPending(workspace: string, name: string, revision: number | undefined): Promise<void> {
    const kept = this.#servers.get(keyOf(workspace, name));
    if (kept?.deleted === false) this.#put(kept, { ...kept.head, pending: revision });
  }

  async revision(workspace: string, name: string, revision: number): Promise<ToolServerRevision | undefined> {
    return this.#servers.get(keyOf(workspace, name))?.revisions.find((each) => each.revision === revision);
  }

  async revisions(
    workspace: string,
    name: string,
    { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<RevisionPage> {
    const before = cursor === undefined ? Infinity : Number(cursor);
    const all = this.#servers.get(keyOf(workspace, name))?.revisions ?? [];
    const items = all.filter(({ revision }) => revision < before).toReversed();
    const page = items.slice(0, limit);
    return { items: page, next: items.length > limit ? String(page.at(-1)?.revision) : undefined };
  }

  async pause(workspace: string, name: string, reason: string | undefined): Promise<void> {
    const kept = this.#servers.get(keyOf(workspace, name));
    if (kept !== undefined) this.#put(kept, { ...kept.head, paused: reason });
  }

  async delete(workspace: string, name: string): Promise<boolean> {
    const key = keyOf(workspace, name);
    const kept = this.#servers.get(key);
    if (kept === undefined || kept.deleted) return false;
    const head = { ...kept.head, serving: undefined, pending: undefined, paused: undefined };
    this.#servers.set(key, { ...kept, head, deleted: true });
    return true;
  }

  async prune(workspace: string, name: string, keep: number): Promise<void> {
    const key = keyOf(workspace, name);
    const kept = this.#servers.get(key);
    if (kept === undefined) return;
    const { serving, pending } = kept.head;
    const newest = kept.revisions.slice(-keep);
    const revisions = kept.revisions.filter(
      (each) => newest.includes(each) || each.revision === serving || each.revision === pending,
    );
    this.#servers.set(key, { ...kept, revisions });
    await this.sweepModules();
  }

  async saveModule(bytes: Uint8Array): Promise<string> {
    const hash = createHash("sha256").update(bytes).digest("hex");
    this.#modules.set(hash, bytes);
    return hash;
  }

  async readModule(hash: string): Promise<Uint8Array> {
    const bytes = this.#modules.get(hash);
    if (bytes !== undefined) return bytes;
    throw new ToolModuleDamagedError(`there is no module ${hash}`, "Deploy it again.", {
      moduleHash: hash,
      path: hash,
    });
  }

  async sweepModules(): Promise<void> {
    const named = new Set(
      [...this.#servers.values()].flatMap(({ revisions }) => revisions.map((each) => each.moduleHash)),
    );
    for (const hash of this.#modules.keys()) if (!named.has(hash)) this.#modules.delete(hash);
  }

  #put(kept: Kept, head: ToolServerHead): void {
    this.#servers.set(keyOf(head.workspace, head.name), { ...kept, head });
  }
}

const keyOf = (workspace: string, name: string): string => JSON.stringify([workspace, name.toLowerCase()]);
