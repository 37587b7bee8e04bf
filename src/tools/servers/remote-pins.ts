import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { ToolServerNotPendingError } from "./errors.ts";
import { isOpen, load, resume, pause, stopChanged, type ToolServerLife } from "./life.ts";
import { requiresApproval, type ToolServerChange, toolsDifference } from "./pin-difference.ts";
import { type PinnedTool, pinTools, toolListHash } from "./pin.ts";
import type { OperatorOverrides } from "./active-revision.ts";
import type { ToolServerCandidate, ToolServerStore } from "./tool-server-store.ts";
import type { Tool, ToolServer } from "../catalogue/index.ts";

export type RemotePinsDeps = {
  readonly store: ToolServerStore;
  readonly clock: Clock;
  readonly workspace: string;
  readonly overridesOf: (name: string) => OperatorOverrides;
  /** Revisions that are kept of each server. */
  readonly revisionsMax: number;
  readonly onChange: (name: string) => void;
};

/** What a server has now, where that has to be accepted. */
type Waiting = {
  readonly candidate: ToolServerCandidate;
  readonly changes: readonly ToolServerChange[];
};

/** To be written where something may wait: nothing does any more. */
const NOTHING = "nothing";

type Remote = {
  /** What was accepted; undefined until it was first seen. */
  accepted: readonly PinnedTool[] | undefined;
  /** The same as the catalogue shows them. */
  tools: readonly Tool[];
  acceptedHash: string;
  waiting: Waiting | undefined;
  /** Whether the store may say that something waits. */
  isPending: boolean;
  life: ToolServerLife;
  /** Reason why an operator paused it; undefined if it is not paused. */
  paused: string | undefined;
  /** What is still to be written: the last that was taken, and after it the last that waits. */
  toServe: ToolServerCandidate | undefined;
  toWait: ToolServerCandidate | typeof NOTHING | undefined;
  /** Ends when nothing is to be written any more. */
  writing: Promise<void> | undefined;
};

/**
 * Holds remote servers to the tools they had when they were attached: the tools offered to a model must not change without approval. The first list that is seen is taken as accepted; a later one that alters it stops the server.
 * What a server shows only for a moment may never be written, so that a server that keeps changing does not fill the store.
 */
export class RemotePins {
  readonly #deps: RemotePinsDeps;
  readonly #remotes = new Map<string, Remote>();
  readonly #hashes = new WeakMap<readonly Tool[], string>();
  #isOpen = false;

  constructor(deps: RemotePinsDeps) {
    this.#deps = deps;
  }

  /** Reads what was accepted before. Until then no remote server takes calls. */
  async open(): Promise<void> {
    const { store, workspace } = this.#deps;
    for (const head of await store.heads(workspace)) {
      if (head.origin !== "remote" || head.serving === undefined) continue;
      const revision = await store.revision(workspace, head.name, head.serving);
      if (revision === undefined) continue;
      const remote = this.#of(head.name);
      this.#accepted(remote, head.name, revision.tools);
      remote.isPending = head.pending !== undefined;
      remote.paused = head.paused;
      if (head.paused !== undefined) remote.life = { state: "paused", reason: head.paused };
    }
    this.#isOpen = true;
  }

  /** Whether this server may be used as it is now; called before each use, cheap when nothing changed. */
  lifeOf(view: ToolServer): ToolServerLife {
    if (!this.#isOpen) return { state: "unloaded" };
    const remote = this.#of(view.name);
    // A server that cannot be reached has no tools to judge.
    if (view.state === "loaded" || view.state === "running") this.#judge(remote, view);
    return remote.life;
  }

  /** The tools that were accepted last, also of a server that cannot be reached. */
  acceptedTools(name: string): readonly Tool[] {
    return this.#remotes.get(name)?.tools ?? [];
  }

  /** What a server has now and what of it waits; undefined for one that was never seen. */
  changesOf(name: string): readonly ToolServerChange[] {
    return this.#remotes.get(name)?.waiting?.changes ?? [];
  }

  /**
   * Takes what waits as accepted. `revision`, where given, has to be it. What the server shows meanwhile is not accepted
   * with it. Called in the turn of the server's name. Throws ToolServerNotPendingError.
   */
  async accept(name: string, revision: number | undefined): Promise<void> {
    const { store, workspace } = this.#deps;
    const remote = this.#remotes.get(name);
    const waiting = remote?.waiting;
    if (remote === undefined || waiting === undefined) throw new ToolServerNotPendingError(name, undefined);
    // It may not have been possible to write it when it was seen.
    remote.toWait = waiting.candidate;
    await this.#write(remote, name);
    const head = await store.head(workspace, name);
    const pending = head?.pending === undefined ? undefined : await store.revision(workspace, name, head.pending);
    const isWhatWaits = remote.waiting === waiting && pending?.moduleHash === waiting.candidate.moduleHash;
    if (!isWhatWaits || (revision !== undefined && pending.revision !== revision))
      throw new ToolServerNotPendingError(name, remote.waiting && head?.pending);
    await store.serve(workspace, name, pending.revision);
    // Another list that came in the meantime is judged against this one when the server is looked at next.
    this.#accepted(remote, name, waiting.candidate.tools);
    resumeCalls(remote);
  }

  setPaused(name: string, reason: string | undefined): void {
    const remote = this.#of(name);
    remote.paused = reason;
    if (reason !== undefined && isOpen(remote.life)) remote.life = pause(remote.life, reason);
    else if (reason === undefined && remote.life.state === "paused") remote.life = resume(remote.life);
  }

  #of(name: string): Remote {
    let remote = this.#remotes.get(name);
    if (remote === undefined) {
      remote = {
        accepted: undefined,
        tools: [],
        acceptedHash: "",
        waiting: undefined,
        isPending: false,
        life: { state: "loaded" },
        paused: undefined,
        toServe: undefined,
        toWait: undefined,
        writing: undefined,
      };
      this.#remotes.set(name, remote);
    }
    return remote;
  }

  #accepted(remote: Remote, server: string, tools: readonly PinnedTool[]): void {
    remote.accepted = tools;
    remote.tools = tools.map(({ outputSchema, ...tool }) => ({
      ...tool,
      server,
      outputSchema: outputSchema ?? undefined,
    }));
    remote.acceptedHash = toolListHash(tools);
    remote.waiting = undefined;
    remote.isPending = false;
  }

  #judge(remote: Remote, view: ToolServer): void {
    const hash = this.#hashOf(view.tools);
    if (hash === remote.acceptedHash) {
      // It changed back, so that there is nothing to accept.
      resumeCalls(remote);
      if (remote.isPending) this.#withdraw(remote, view.name);
      return;
    }
    if (hash === remote.waiting?.candidate.moduleHash) return;
    const candidate = this.#candidate(view, hash);
    const { tools } = candidate;
    const changes = remote.accepted === undefined ? [] : toolsDifference(remote.accepted, tools);
    if (remote.accepted !== undefined && requiresApproval(changes, this.#deps.overridesOf(view.name).accept)) {
      remote.waiting = { candidate, changes };
      remote.isPending = true;
      remote.toWait = candidate;
      if (isOpen(remote.life) || remote.life.state === "paused") {
        remote.life = stopChanged(remote.life, summary(changes));
      } else if (remote.life.state === "pending") remote.life = { state: "pending", reason: summary(changes) };
    } else {
      this.#accepted(remote, view.name, tools);
      remote.toServe = candidate;
      remote.toWait = undefined;
      resumeCalls(remote);
    }
    void this.#write(remote, view.name);
    this.#deps.onChange(view.name);
  }

  #withdraw(remote: Remote, name: string): void {
    remote.waiting = undefined;
    remote.isPending = false;
    remote.toWait = NOTHING;
    void this.#write(remote, name);
    this.#deps.onChange(name);
  }

  /** Writes until there is nothing left to write. Never rejects: a pin that cannot be written is judged again after a restart. */
  #write(remote: Remote, name: string): Promise<void> {
    remote.writing ??= this.#writeAll(remote, name);
    return remote.writing;
  }

  async #writeAll(remote: Remote, name: string): Promise<void> {
    const { store, workspace } = this.#deps;
    for (;;) {
      const { toServe, toWait } = remote;
      if (toServe === undefined) remote.toWait = undefined;
      else remote.toServe = undefined;
      try {
        if (toServe !== undefined) await this.#add(toServe, "serving");
        else if (toWait === NOTHING) await store.setPending(workspace, name, undefined);
        else if (toWait !== undefined) await this.#add(toWait, "pending");
        else {
          remote.writing = undefined;
          return;
        }
      } catch (error) {
        log.error({ err: error, toolServer: name }, "the tools of a remote server could not be pinned");
      }
    }
  }

  /** Adds a revision, unless the newest is this one and has this place already. */
  async #add(candidate: ToolServerCandidate, place: "serving" | "pending"): Promise<void> {
    const { store, revisionsMax } = this.#deps;
    const { workspace, name } = candidate;
    const head = await store.head(workspace, name);
    const newest = head === undefined ? undefined : await store.revision(workspace, name, head.latest);
    if (newest?.moduleHash === candidate.moduleHash && head !== undefined) {
      if (head[place] === newest.revision) return;
      // It was pending before and was withdrawn: it need not be written again.
      if (place === "pending") return store.setPending(workspace, name, newest.revision);
    }
    await store.add(candidate, place);
    await store.prune(workspace, name, revisionsMax);
  }

  #candidate(view: ToolServer, hash: string): ToolServerCandidate {
    return {
      workspace: this.#deps.workspace,
      name: view.name,
      version: view.version,
      origin: "remote",
      interface: view.interface,
      moduleHash: hash,
      moduleBytes: 0,
      manifest: "",
      manifestHash: "",
      signature: null,
      tools: pinTools(view.tools),
      deployedAtMs: this.#deps.clock.nowMs(),
    };
  }

  #hashOf(tools: readonly Tool[]): string {
    let hash = this.#hashes.get(tools);
    if (hash === undefined) {
      hash = toolListHash(pinTools(tools));
      this.#hashes.set(tools, hash);
    }
    return hash;
  }
}

/** Ends the pending state: the server accepts calls again, unless an operator paused it. */
function resumeCalls(remote: Remote): void {
  if (remote.life.state !== "pending") return;
  const loaded = load(remote.life);
  remote.life = remote.paused === undefined ? loaded : pause(loaded, remote.paused);
}

const summary = (changes: readonly ToolServerChange[]): string => {
  const asking = changes.filter(({ asks }) => asks);
  const [first = changes[0]] = asking;
  const more = Math.max(asking.length, 1) - 1;
  return `${first?.text ?? "its tools"}${more > 0 ? ` and ${more} more` : ""}`;
};
