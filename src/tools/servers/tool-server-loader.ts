import type { Clock } from "../../kernel/clock.ts";
import { fail, load, pause, type ToolServerLife } from "./life.ts";
import {
  type OperatorOverrides,
  type ActiveRevision,
  verifyRevision,
  type Trust,
  parseRevision,
} from "./active-revision.ts";
import { ToolServerEntry } from "./tool-server-entry.ts";
import type { ToolHost } from "./tool-host.ts";
import type { ToolServerHead, ToolServerRevision, ToolServerStore } from "./tool-server-store.ts";
import type { ToolServerTable } from "./tool-server-table.ts";

export type ToolServerLoaderDeps = {
  readonly store: ToolServerStore;
  readonly host: ToolHost;
  readonly table: ToolServerTable;
  readonly clock: Clock;
  readonly overridesOf: (name: string) => OperatorOverrides;
  readonly trust: Trust;
};

const never = new AbortController().signal;

/** Puts revisions into the host and into the table. Called in the turn of the server's name. */
export class ToolServerLoader {
  readonly #deps: ToolServerLoaderDeps;

  constructor(deps: ToolServerLoaderDeps) {
    this.#deps = deps;
  }

  /** Throws ToolManifestInvalidError, ToolSignatureInvalidError, ToolSignatureRequiredError. */
  serve(revision: ToolServerRevision): ActiveRevision {
    return verifyRevision(revision, this.#deps.overridesOf(revision.name), this.#deps.trust);
  }

  /** The server's entry, a new one when it is not there or on its way out. */
  entryFor({ name, origin }: ToolServerRevision): ToolServerEntry {
    const known = this.#deps.table.find(name);
    if (known !== undefined && known.life.state !== "draining" && known.origin === origin) return known;
    const entry = new ToolServerEntry(name, origin);
    if (known !== undefined && known.life.state !== "draining") entry.life = known.life;
    return entry;
  }

  /**
   * Loads the active revision, unless it is loaded and usable. `module`, where given, are its bytes, which also repair damaged ones in the store. What cannot be loaded is listed as failed, and its error is thrown.
   */
  async ensureLoaded(head: ToolServerHead, module: Uint8Array | undefined): Promise<void> {
    const { store, host, table, clock } = this.#deps;
    if (head.serving === undefined) return;
    const revision = await store.revision(head.workspace, head.name, head.serving);
    if (revision === undefined) return;
    const entry = this.entryFor(revision);
    entry.pending = head.pending;
    const seen = host.servers().find(({ name }) => name === entry.name);
    if (seen?.state === "failed" && entry.life.state !== "draining") entry.life = fail(entry.life, seen.reason);
    // At a start nothing is known to be damaged, and hashing every module twice would cost time.
    if (module !== undefined && entry.life.state !== "unloaded") await store.saveModule(module);
    if (entry.life.state !== "unloaded" && entry.life.state !== "failed") return;
    try {
      entry.served = parseRevision(revision, this.#deps.overridesOf(revision.name));
      const served = this.serve(revision);
      const bytes = module ?? (await store.readModule(revision.moduleHash));
      await host.deploy({ manifest: served.manifest, module: bytes, origin: revision.origin }, never);
      entry.served = served;
      entry.loadedAtMs = clock.nowMs();
      const loaded = load(entry.life);
      entry.life = head.paused === undefined ? loaded : pause(loaded, head.paused);
    } catch (error) {
      entry.life = fail(entry.life, error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      table.put(entry);
      table.emit(entry);
    }
  }

  /** Lets a revision of the store serve. Throws ToolModuleDamagedError, and as `serve` does. */
  async letServe(wanted: ToolServerRevision, before: ToolServerRevision | undefined): Promise<void> {
    const { store } = this.#deps;
    const served = this.serve(wanted);
    const module = await store.readModule(wanted.moduleHash);
    await store.serve(wanted.workspace, wanted.name, wanted.revision);
    await this.replace(served, module, before);
  }

  /** Replaces the loaded revision by the active one of the store. If this fails, the previous revision stays active. */
  async replace(served: ActiveRevision, module: Uint8Array, before: ToolServerRevision | undefined): Promise<void> {
    const { store, host, table, clock } = this.#deps;
    const { revision } = served;
    const entry = this.entryFor(revision);
    try {
      await host.deploy({ manifest: served.manifest, module, origin: revision.origin }, never);
    } catch (error) {
      if (before === undefined) await store.delete(revision.workspace, revision.name);
      else await store.serve(before.workspace, before.name, before.revision);
      throw error;
    }
    entry.served = served;
    if (entry.pending !== undefined && entry.pending <= revision.revision) entry.pending = undefined;
    entry.loadedAtMs = clock.nowMs();
    entry.check = undefined;
    const head = await store.head(revision.workspace, revision.name);
    entry.life = replaced(entry.life, head?.paused);
    table.put(entry);
    table.emit(entry);
  }
}

/** The life of a server whose revision was replaced: what an operator paused stays so, also where it was not loaded yet. */
function replaced(life: ToolServerLife, paused: string | undefined): ToolServerLife {
  switch (life.state) {
    case "unloaded":
    case "pending":
    case "failed":
      return paused === undefined ? load(life) : pause(load(life), paused);
    case "loaded":
    case "running":
    case "quarantined":
      return { state: "loaded" };
    case "paused":
    case "draining":
      return life;
  }
}
