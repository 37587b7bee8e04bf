import type { Clock } from "../../kernel/clock.ts";
import { contentHash } from "../../kernel/content-hash.ts";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import { log } from "../../kernel/log.ts";
import {
  ToolRevisionNotFoundError,
  ToolServerBuiltInError,
  ToolServerConfiguredError,
  ToolServerNameTakenError,
  ToolServerNotPendingError,
  ToolServerStateError,
} from "./errors.ts";
import { ToolServerNotFoundError } from "../catalogue/index.ts";
import { perform, unload } from "./life.ts";
import { applyOverrides, isReservedToolServer, systemNote } from "../catalogue/index.ts";
import { requiresApproval, pinDifference, type ToolServerChange } from "./pin-difference.ts";
import { pinTools } from "./pin.ts";
import { RemotePins } from "./remote-pins.ts";
import {
  manifestOf,
  type OperatorOverrides,
  pinOf,
  refuseMachineGrants,
  publisherOf,
  type ActiveRevision,
  type Trust,
} from "./active-revision.ts";
import type { ToolServerEntry } from "./tool-server-entry.ts";
import { ToolServerLoader } from "./tool-server-loader.ts";
import type { ToolHost } from "./tool-host.ts";
import type { ToolRunner } from "../catalogue/index.ts";
import type {
  ToolServerCandidate,
  ToolServerHead,
  ToolServerOrigin,
  ToolServerRevision,
  ToolServerStore,
} from "./tool-server-store.ts";
import { ToolServerTable } from "./tool-server-table.ts";
import type { ToolLogLine, ToolServerState } from "../catalogue/index.ts";

export type ToolServersDeps = {
  readonly store: ToolServerStore;
  readonly host: ToolHost;
  /** Servers that are attached and not deployed; their tools are pinned too. */
  readonly remotes?: ToolRunner | undefined;
  /** Servers that this workspace shares with all others; absent for the operator's workspace, which has them. */
  readonly shared?: ToolServerTable | undefined;
  readonly clock: Clock;
  /** Called when a server's state has changed, except between loaded and running. */
  readonly onChange?: ((name: string, state: ToolServerState) => void) | undefined;
};
export type ToolServersOptions = {
  readonly workspace: string;
  readonly overridesOf: (name: string) => OperatorOverrides;
  readonly trust: Trust;
  /** Revisions that are kept of each server; 1 to 1,000. */
  readonly revisionsMax: number;
  /** How long a server that is deleted waits for its calls before it is taken off the list. */
  readonly drainMs: number;
};

export type DeployRequest = {
  readonly module: Uint8Array;
  /** The text of its tool.toml. */
  readonly manifest: string;
  readonly signature: string | undefined;
  readonly origin: Exclude<ToolServerOrigin, "remote">;
  /** Serve at once, whatever changed. */
  readonly accept: boolean;
  readonly dryRun: boolean;
};
export type Deployed = {
  readonly outcome: "created" | "updated" | "unchanged" | "pending";
  /** Of a dry run, the one it would become. */
  readonly revision: ToolServerRevision;
  readonly served: Pick<ActiveRevision, "manifest" | "publisher">;
  readonly changes: readonly ToolServerChange[];
  /** What its author or operator may have overlooked. */
  readonly notes: readonly string[];
};

/**
 * Deployment, replacement, pause and deletion of tool servers.
 *
 * servers.tool-servers.V1. The store decides which revision is active after a restart; a deployment is durable before its caller gets the result.
 * servers.tool-servers.V2. Changes of one server happen one after another; calls continue.
 * servers.tool-servers.V3. A call begun on one revision ends on it.
 */
export class ToolServers {
  /** What runs see. */
  readonly runner: ToolServerTable;
  readonly remotePins: RemotePins;
  readonly #deps: ToolServersDeps;
  readonly #options: ToolServersOptions;
  readonly #loader: ToolServerLoader;
  readonly #turns = new KeyedMutex<string>();

  constructor(deps: ToolServersDeps, options: ToolServersOptions) {
    this.#deps = deps;
    this.#options = options;
    const { store, clock, remotes, host } = deps;
    const onChange = deps.onChange ?? (() => {});
    this.remotePins = new RemotePins({
      store,
      clock,
      workspace: options.workspace,
      overridesOf: options.overridesOf,
      revisionsMax: options.revisionsMax,
      onChange: (name) => this.#emitRemote(name),
    });
    this.runner = new ToolServerTable({
      host,
      remotes: remotes && { runner: remotes, pins: this.remotePins },
      nowMs: () => clock.nowMs(),
      onChange,
    });
    const { overridesOf, trust } = options;
    this.#loader = new ToolServerLoader({ store, host, table: this.runner, clock, overridesOf, trust });
  }

  /**
   * Deploys a module as the next revision of the server its manifest names. When that changes what was accepted, it is pending while the previous revision stays active. Throws ToolManifestInvalidError, signature errors, what the host's
   * `inspect` throws, ToolServerNameTakenError, ToolServerBuiltInError.
   */
  async deploy(request: DeployRequest, signal: AbortSignal): Promise<Deployed> {
    const { manifest, hash } = manifestOf(request.manifest, "tool.toml");
    return this.#inTurn(manifest.name, () => this.#deploy(request, { name: manifest.name, hash }, signal));
  }

  async #deploy(
    request: DeployRequest,
    { name, hash }: { readonly name: string; readonly hash: string },
    signal: AbortSignal,
  ): Promise<Deployed> {
    const { store } = this.#deps;
    const { workspace, trust, overridesOf } = this.#options;
    const word = overridesOf(name);
    const head = await store.head(workspace, name);
    this.#refuseTaken(request, name, head);
    const { origin, signature = null, module } = request;
    const draft = { name, origin, moduleHash: await contentHash(module), manifestHash: hash, signature };
    publisherOf(draft, trust);
    const known = await this.#known(head, draft, request);
    if (known !== undefined) return known;
    const { manifest } = manifestOf(request.manifest, "tool.toml");
    if (this.#deps.shared !== undefined) refuseMachineGrants(manifest);
    const limited = applyOverrides(manifest, word.overrides);
    const inspection = await this.#deps.host.inspect({ manifest: limited, module, origin }, signal);
    const candidate: ToolServerCandidate = {
      ...draft,
      workspace,
      version: manifest.version,
      interface: inspection.interface,
      moduleBytes: module.byteLength,
      manifest: request.manifest,
      tools: pinTools(inspection.tools),
      deployedAtMs: this.#deps.clock.nowMs(),
    };
    const before = await this.#revisionOf(head, head?.serving);
    const revision = { ...candidate, revision: (head?.latest ?? 0) + 1 };
    const changes = before === undefined ? [] : this.difference(before, revision);
    const waits = !request.accept && before !== undefined && requiresApproval(changes, word.accept);
    const outcome = waits ? "pending" : before === undefined ? "created" : "updated";
    const notes = [systemNote(module, limited.grants)].filter((note) => note !== "");
    if (request.dryRun) return { outcome, revision, served: this.#loader.serve(revision), changes, notes };
    await store.saveModule(module);
    const added = await store.add(candidate, waits ? "pending" : "serving");
    const served = this.#loader.serve(added);
    if (waits) this.#nowPending(added);
    else await this.#loader.replace(served, module, before);
    await store.prune(workspace, name, this.#options.revisionsMax);
    return { outcome, revision: added, served, changes, notes };
  }

  /** An existing deployment, unchanged: active, pending, or replaced by hand. */
  async #known(
    head: ToolServerHead | undefined,
    draft: Content,
    { origin, module, accept, dryRun }: DeployRequest,
  ): Promise<Deployed | undefined> {
    if (head === undefined) return undefined;
    const serving = await this.#revisionOf(head, head.serving);
    const latest = await this.#revisionOf(head, head.latest);
    const answer = (outcome: Deployed["outcome"], revision: ToolServerRevision): Deployed => ({
      outcome,
      revision,
      served: this.#loader.serve(revision),
      changes: serving === undefined ? [] : this.difference(serving, revision),
      notes: [],
    });
    if (latest !== undefined && head.pending === latest.revision && isSame(latest, draft)) {
      if (!accept) {
        if (!dryRun) await this.#loader.ensureLoaded(head, undefined);
        return answer("pending", latest);
      }
      const accepted = answer("updated", latest);
      if (!dryRun) await this.#loader.letServe(latest, serving);
      return accepted;
    }
    const isAutomatic = origin !== "uploaded";
    const isKnown = [serving, isAutomatic ? latest : undefined].some(
      (each) => each !== undefined && isSame(each, draft),
    );
    if (!isKnown || serving === undefined) return undefined;
    if (!dryRun) await this.#loader.ensureLoaded(head, isSame(serving, draft) ? module : undefined);
    return answer("unchanged", serving);
  }

  #refuseTaken({ origin }: DeployRequest, name: string, head: ToolServerHead | undefined): void {
    const existing = head?.name ?? this.runner.find(name)?.name ?? this.runner.remoteEntry(name)?.name;
    const taken = (what: string, other = existing ?? name): ToolServerNameTakenError =>
      new ToolServerNameTakenError(`${what} has the name ${other}`, "Give this one another name in its tool.toml.", {
        server: name,
        existing: other,
      });
    const isBuiltIn = head?.origin === "built-in" || isReservedToolServer(name);
    if (isBuiltIn && origin !== "built-in") throw new ToolServerBuiltInError(name, "replaced");
    const shared = this.#deps.shared?.sharedEntry(name);
    if (shared !== undefined && head === undefined) throw taken("a tool server that all workspaces share", shared.name);
    if (!this.#options.overridesOf(name).enabled) throw new ToolServerStateError(name, "disabled", "deploy");
    if (this.runner.remoteEntry(name) !== undefined) throw taken("a remote tool server");
    if (existing !== undefined && existing !== name) throw taken("a tool server that differs in letter case only");
    if (head !== undefined && head.origin !== "built-in" && origin === "built-in")
      throw taken("a deployed tool server");
  }

  /** Puts servers that are in the store into the host, after a start. One that cannot be loaded is listed as failed. */
  async restore(): Promise<void> {
    await this.remotePins.open();
    for (const head of await this.#deps.store.heads(this.#options.workspace)) {
      const isOurs = head.origin === "uploaded" || head.origin === "directory";
      if (!isOurs || !this.#options.overridesOf(head.name).enabled) continue;
      if (isReservedToolServer(head.name)) {
        log.error(
          { toolServer: head.name },
          "a deployed tool server has the name of a built-in one and is not loaded; deploy it under another name",
        );
        continue;
      }
      await this.#inTurn(head.name, () => this.#loader.ensureLoaded(head, undefined)).catch((error: unknown) => {
        log.error({ toolServer: head.name, err: error }, "a tool server cannot be loaded");
      });
    }
  }

  /** Lets the waiting revision serve. `revision`, where given, has to be it. Throws ToolServerNotPendingError. */
  async accept(name: string, revision: number | undefined): Promise<void> {
    await this.#inTurn(name, async () => {
      if (this.runner.remoteEntry(name) !== undefined) {
        await this.remotePins.accept(name, revision);
        return this.#emitRemote(name);
      }
      const head = await this.#headOf(name);
      const waiting = await this.#revisionOf(head, head?.pending);
      if (waiting === undefined || (revision !== undefined && waiting.revision !== revision)) {
        throw new ToolServerNotPendingError(name, head?.pending);
      }
      await this.#loader.letServe(waiting, await this.#revisionOf(head, head?.serving));
    });
  }

  /** Lets any revision that is kept serve; that a person asks for it accepts it. Throws ToolRevisionNotFoundError. */
  async activate(name: string, revision: number): Promise<void> {
    if (this.runner.remoteEntry(name) !== undefined)
      throw new ToolServerConfiguredError(name, "activate a revision of");
    await this.#inTurn(name, async () => {
      const head = await this.#headOf(name);
      const wanted = await this.#revisionOf(head, revision);
      if (wanted === undefined) throw new ToolRevisionNotFoundError(name, revision);
      await this.#loader.letServe(wanted, await this.#revisionOf(head, head?.serving));
    });
  }

  /** Refuses calls until `resume`, across restarts; running calls finish. Throws ToolServerStateError. */
  async pause(name: string, reason: string): Promise<void> {
    await this.#act(name, "pause", reason);
  }

  async resume(name: string): Promise<void> {
    await this.#act(name, "resume", "");
  }

  async #act(name: string, action: "pause" | "resume", reason: string): Promise<void> {
    const paused = action === "pause" ? reason : undefined;
    await this.#inTurn(name, async () => {
      const { store } = this.#deps;
      const { workspace } = this.#options;
      const remote = this.runner.remoteEntry(name);
      if (remote !== undefined) {
        const view = this.runner.servers().find((each) => each.name === name);
        const isPaused = view?.state === "paused";
        if (view === undefined || view.state === "pending" || isPaused === (action === "pause"))
          throw new ToolServerStateError(name, view?.state ?? "unloaded", action);
        await store.pause(workspace, name, paused);
        this.remotePins.setPaused(name, paused);
        return this.#deps.onChange?.(name, action === "pause" ? "paused" : "loaded");
      }
      const entry = this.runner.get(name);
      const life = perform(entry.name, entry.life, action, reason);
      await store.pause(workspace, name, paused);
      entry.life = life;
      this.runner.emit(entry);
    });
  }

  /**
   * Deletes a server: refuses new calls at once; running calls finish. `drained` resolves when they
   * have, or the time for it is over. Throws ToolServerBuiltInError, ToolServerStateError.
   */
  async delete(name: string): Promise<{ readonly callsInFlight: number; readonly drained: Promise<void> }> {
    if (this.runner.remoteEntry(name) !== undefined) throw new ToolServerConfiguredError(name, "delete");
    return this.#inTurn(name, async () => {
      const entry = this.runner.get(name);
      if (entry.origin === "built-in") throw new ToolServerBuiltInError(entry.name, "deleted");
      const life = perform(entry.name, entry.life, "delete", "");
      await this.#deps.store.delete(this.#options.workspace, name);
      entry.life = life;
      this.runner.emit(entry);
      const { callsInFlight } = entry;
      const drained = this.#drain(entry);
      if (callsInFlight === 0) await drained;
      return { callsInFlight, drained };
    });
  }

  async #drain(entry: ToolServerEntry): Promise<void> {
    const late = new AbortController();
    await Promise.race([entry.idle(), this.#deps.clock.sleep(this.#options.drainMs, late.signal).catch(() => {})]);
    late.abort();
    // A server of that name may have been deployed again in the meantime.
    if (this.runner.find(entry.name) !== entry) return;
    this.#deps.host.remove(entry.name);
    if (entry.life.state === "draining") entry.life = unload(entry.life);
    this.runner.take(entry);
    this.runner.emit(entry);
  }

  /** Calls `listener` with each line that a server writes to its log from now on, in any revision. */
  watchLog(name: string, listener: (line: ToolLogLine) => void): Disposable {
    return this.#deps.host.watchLog(name, listener);
  }

  get trust(): Trust {
    return this.#options.trust;
  }

  /** What changed from one revision to another, as the operator's configuration is now. */
  difference(before: ToolServerRevision, after: ToolServerRevision): readonly ToolServerChange[] {
    const word = this.#options.overridesOf(after.name);
    return pinDifference(pinOf(before, word), pinOf(after, word));
  }

  #emitRemote(name: string): void {
    this.#deps.onChange?.(name, this.runner.servers().find((view) => view.name === name)?.state ?? "unloaded");
  }

  #nowPending({ name, revision }: ToolServerRevision): void {
    const entry = this.runner.find(name);
    if (entry === undefined) return;
    entry.pending = revision;
    // Its state is as before; what waits is news all the same.
    this.#deps.onChange?.(name, this.runner.lifeOf(entry).state);
  }

  async #headOf(name: string): Promise<ToolServerHead> {
    const head = await this.#deps.store.head(this.#options.workspace, name);
    if (head !== undefined) return head;
    throw new ToolServerNotFoundError(
      name,
      this.runner.servers().map((server) => server.name),
      this.runner.failures.get(name),
    );
  }

  async #revisionOf(
    head: ToolServerHead | undefined,
    revision: number | undefined,
  ): Promise<ToolServerRevision | undefined> {
    if (head === undefined || revision === undefined) return undefined;
    return this.#deps.store.revision(head.workspace, head.name, revision);
  }

  #inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    return this.#turns.run(name.toLowerCase(), work);
  }
}

type Content = Pick<ToolServerRevision, "moduleHash" | "manifestHash" | "signature">;
const isSame = (one: Content, other: Content): boolean =>
  one.moduleHash === other.moduleHash && one.manifestHash === other.manifestHash && one.signature === other.signature;
