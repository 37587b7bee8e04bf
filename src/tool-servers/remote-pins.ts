import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { isOpen, load, resume, pause, stopChanged, type ToolServerLife } from "./life.ts";
import { mustWait, type ToolServerChange, toolsDifference } from "./pin-difference.ts";
import { type PinnedTool, pinTools, toolListHash } from "./pin.ts";
import type { OperatorWord } from "./served.ts";
import type { ToolServerCandidate, ToolServerStore } from "./tool-server-store.ts";
import type { Tool, ToolServer } from "../tools/index.ts";

export type RemotePinsDeps = {
  readonly store: ToolServerStore;
  readonly clock: Clock;
  readonly workspace: string;
  readonly wordOn: (name: string) => OperatorWord;
  readonly onChange: (name: string) => void;
};

type Remote = {
  /** What was accepted; undefined until it was first seen. */
  accepted: readonly PinnedTool[] | undefined;
  acceptedHash: string;
  /** What it has now, where that has to be accepted. */
  waiting:
    | { readonly hash: string; readonly tools: readonly PinnedTool[]; readonly changes: readonly ToolServerChange[] }
    | undefined;
  life: ToolServerLife;
  /** Writes, one after the other. */
  written: Promise<unknown>;
};

/**
 * Holds remote servers to the tools they had when they were attached: what a model is told must not change behind the
 * back of who allowed it. The first list that is seen is taken as accepted; a later one that alters it stops the server.
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
      this.#accepted(remote, revision.tools);
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

  /** What a server has now and what of it waits; undefined for one that was never seen. */
  changesOf(name: string): readonly ToolServerChange[] {
    return this.#remotes.get(name)?.waiting?.changes ?? [];
  }

  /** Takes what waits as accepted. False when nothing does. */
  async accept(name: string): Promise<boolean> {
    const remote = this.#remotes.get(name);
    if (remote?.waiting === undefined || remote.life.state !== "pending") return false;
    await remote.written;
    const { store, workspace } = this.#deps;
    const head = await store.head(workspace, name);
    if (head?.pending !== undefined) await store.serve(workspace, name, head.pending);
    this.#accepted(remote, remote.waiting.tools);
    const accepted = load(remote.life);
    remote.life = head?.paused === undefined ? accepted : pause(accepted, head.paused);
    return true;
  }

  setPaused(name: string, reason: string | undefined): void {
    const remote = this.#of(name);
    if (reason !== undefined && isOpen(remote.life)) remote.life = pause(remote.life, reason);
    else if (reason === undefined && remote.life.state === "paused") remote.life = resume(remote.life);
  }

  #of(name: string): Remote {
    let remote = this.#remotes.get(name);
    if (remote === undefined) {
      remote = {
        accepted: undefined,
        acceptedHash: "",
        waiting: undefined,
        life: { state: "loaded" },
        written: Promise.resolve(),
      };
      this.#remotes.set(name, remote);
    }
    return remote;
  }

  #accepted(remote: Remote, tools: readonly PinnedTool[]): void {
    remote.accepted = tools;
    remote.acceptedHash = toolListHash(tools);
    remote.waiting = undefined;
  }

  #judge(remote: Remote, view: ToolServer): void {
    const hash = this.#hashOf(view.tools);
    if (hash === remote.acceptedHash) {
      // It changed back, so that there is nothing to accept.
      if (remote.life.state === "pending") remote.life = load(remote.life);
      remote.waiting = undefined;
      return;
    }
    if (hash === remote.waiting?.hash) return;
    const tools = pinTools(view.tools);
    const changes = remote.accepted === undefined ? [] : toolsDifference(remote.accepted, tools);
    const waits = remote.accepted !== undefined && mustWait(changes, this.#deps.wordOn(view.name).accept);
    if (waits) {
      remote.waiting = { hash, tools, changes };
      if (isOpen(remote.life) || remote.life.state === "paused") {
        remote.life = stopChanged(remote.life, summary(changes));
      } else if (remote.life.state === "pending") remote.life = { state: "pending", reason: summary(changes) };
    } else {
      this.#accepted(remote, tools);
      if (remote.life.state === "pending") remote.life = load(remote.life);
    }
    remote.written = remote.written.then(() => this.#write(view, tools, waits));
    this.#deps.onChange(view.name);
  }

  /** Never rejects: a pin that cannot be written is judged again after a restart. */
  async #write(view: ToolServer, tools: readonly PinnedTool[], waits: boolean): Promise<void> {
    try {
      await this.#deps.store.add(this.#candidate(view, tools), waits ? "pending" : "serving");
    } catch (error) {
      log.error({ err: error, toolServer: view.name }, "the tools of a remote server could not be pinned");
    }
  }

  #candidate(view: ToolServer, tools: readonly PinnedTool[]): ToolServerCandidate {
    return {
      workspace: this.#deps.workspace,
      name: view.name,
      version: view.version,
      origin: "remote",
      interface: view.interface,
      moduleHash: toolListHash(tools),
      moduleBytes: 0,
      manifest: "",
      manifestHash: "",
      signature: null,
      tools,
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

const summary = (changes: readonly ToolServerChange[]): string => {
  const asking = changes.filter(({ asks }) => asks);
  const [first = changes[0]] = asking;
  const more = Math.max(asking.length, 1) - 1;
  return `${first?.text ?? "its tools"}${more > 0 ? ` and ${more} more` : ""}`;
};
