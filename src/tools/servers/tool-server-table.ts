import { failedCall, type ToolCall, type ToolResult } from "../catalogue/index.ts";
import { ToolServerNotFoundError } from "../catalogue/index.ts";
import { unavailableReason, type ToolServerLife } from "./life.ts";
import type { RemotePins } from "./remote-pins.ts";
import { entryView, seenLife, ToolServerEntry } from "./tool-server-entry.ts";
import type { ToolHost } from "./tool-host.ts";
import type { ToolLogLine, ToolRunner } from "../catalogue/index.ts";
import type { ToolServer, ToolServerState } from "../catalogue/index.ts";

export type ToolServerTableDeps = {
  readonly host: ToolHost;
  readonly remotes: { readonly runner: ToolRunner; readonly pins: RemotePins } | undefined;
  readonly nowMs: () => number;
  /** Called when a server's state differs from the last emitted one. */
  readonly onChange: (name: string, state: ToolServerState) => void;
};

/**
 * Every tool server of the process, with a door before each: calls of one that is paused, changed, leaving or broken are
 * refused here, the others are counted and passed on.
 */
export class ToolServerTable implements ToolRunner {
  /** Built-in servers that could not be deployed, with the reason. */
  readonly failures = new Map<string, string>();
  readonly #deps: ToolServerTableDeps;
  readonly #entries = new Map<string, ToolServerEntry>();
  readonly #remoteEntries = new Map<string, ToolServerEntry>();
  #views: readonly ToolServer[] = [];
  /** Servers of the host, by name; looked up again when the list has changed. */
  #seen: ReadonlyMap<string, ToolServer> = new Map();

  constructor(deps: ToolServerTableDeps) {
    this.#deps = deps;
  }

  servers(): readonly ToolServer[] {
    const { remotes } = this.#deps;
    return remotes === undefined ? this.#views : [...this.#views, ...remotes.runner.servers().map(this.#remoteView)];
  }

  call(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const entry = this.#entries.get(call.server);
    if (entry === undefined) return this.#callRemote(call, signal);
    const refusal = refusalOf(call, entry.life);
    if (refusal !== undefined) return Promise.resolve(refusal);
    return this.#counted(entry, call, this.#deps.host.call(call, signal));
  }

  logs(server: string): readonly ToolLogLine[] {
    return (this.#entries.has(server) ? this.#deps.host : this.#deps.remotes?.runner)?.logs(server) ?? [];
  }

  endSession(session: string): void {
    this.#deps.host.endSession(session);
    this.#deps.remotes?.runner.endSession(session);
  }

  entries(): readonly ToolServerEntry[] {
    return [...this.#entries.values()];
  }

  /** Servers that every workspace may use: all but the uploaded ones. */
  shared(): readonly ToolServer[] {
    return this.servers().filter(({ name }) => this.#entries.get(name)?.origin !== "uploaded");
  }

  /** The entry of a server that every workspace may use, whatever its letter case. */
  sharedEntry(name: string): ToolServerEntry | undefined {
    const entry = this.find(name) ?? this.remoteEntry(name);
    return entry?.origin === "uploaded" ? undefined : entry;
  }

  /** Whatever its letter case. */
  find(name: string): ToolServerEntry | undefined {
    const exact = this.#entries.get(name);
    if (exact !== undefined) return exact;
    const key = name.toLowerCase();
    return this.entries().find((entry) => entry.name.toLowerCase() === key);
  }

  /** A server that is here, deployed or attached. Throws ToolServerNotFoundError. */
  get(name: string): ToolServerEntry {
    const entry = this.find(name) ?? this.remoteEntry(name);
    if (entry !== undefined) return entry;
    throw new ToolServerNotFoundError(
      name,
      this.servers().map((server) => server.name),
      this.failures.get(name),
    );
  }

  put(entry: ToolServerEntry): void {
    this.#entries.set(entry.name, entry);
    this.listed();
  }

  /** Only if it is still this one. */
  take(entry: ToolServerEntry): void {
    if (this.#entries.get(entry.name) !== entry) return;
    this.#entries.delete(entry.name);
    this.listed();
  }

  /** Rebuilds the list after a change of the active revisions. */
  listed(): void {
    this.#seen = new Map(this.#deps.host.servers().map((view) => [view.name, view]));
    this.#views = this.entries().map((entry) => entryView(entry, () => this.#seen.get(entry.name)));
  }

  /** The state of a server as its host sees it now. */
  lifeOf(entry: ToolServerEntry): ToolServerLife {
    return seenLife(entry.life, this.#seen.get(entry.name));
  }

  emit(entry: ToolServerEntry): void {
    const { state } = this.lifeOf(entry);
    // Otherwise every call would emit the change to running and back.
    const emitted = state === "running" ? "loaded" : state;
    if (emitted === entry.emitted) return;
    entry.emitted = emitted;
    this.#deps.onChange(entry.name, state);
  }

  /** The entry of a remote server with its usage and checks; undefined for an unknown name. */
  remoteEntry(name: string): ToolServerEntry | undefined {
    const { remotes } = this.#deps;
    const view = remotes?.runner.servers().find((each) => each.name === name);
    return view === undefined ? undefined : this.#remoteEntryOf(view.name);
  }

  #remoteEntryOf(name: string): ToolServerEntry {
    let entry = this.#remoteEntries.get(name);
    if (entry === undefined) {
      entry = new ToolServerEntry(name, "remote");
      entry.loadedAtMs = this.#deps.nowMs();
      this.#remoteEntries.set(name, entry);
    }
    return entry;
  }

  readonly #remoteView = (view: ToolServer): ToolServer => {
    const pins = this.#deps.remotes?.pins;
    const life = pins?.lifeOf(view);
    // A server that waits for a sign-in after a restart has not listed its tools: they are called, and wait for it too.
    const isHidden = view.tools.length === 0 && view.signIn !== undefined && view.signIn.state !== "signed-in";
    const shown = pins !== undefined && isHidden ? { ...view, tools: pins.acceptedTools(view.name) } : view;
    if (life === undefined || unavailableReason(life) === undefined) return shown;
    return { ...shown, state: life.state, reason: "reason" in life ? life.reason : "" };
  };

  #callRemote(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const { remotes, host } = this.#deps;
    const view = remotes?.runner.servers().find(({ name }) => name === call.server);
    // The host says in its own words that there is no such server.
    if (remotes === undefined || view === undefined) return host.call(call, signal);
    const refusal = refusalOf(call, remotes.pins.lifeOf(view));
    if (refusal !== undefined) return Promise.resolve(refusal);
    return this.#counted(this.#remoteEntryOf(view.name), call, remotes.runner.call(call, signal));
  }

  /** Runners never reject; one promise and no closure more than needed, since every call of every run comes by here. */
  #counted(entry: ToolServerEntry, { tool }: ToolCall, calling: Promise<ToolResult>): Promise<ToolResult> {
    const generation = entry.begin();
    return calling.then((result) => {
      entry.end(generation);
      const isKnown = result.type === "done" || result.reason !== "unknown-tool";
      if (isKnown) entry.usage.record(tool, result, this.#deps.nowMs());
      if (result.type === "failed" && entry.origin !== "remote") this.emit(entry);
      return result;
    });
  }
}

function refusalOf({ server }: ToolCall, life: ToolServerLife): ToolResult | undefined {
  const why = unavailableReason(life);
  return why === undefined ? undefined : failedCall("unavailable", `${server} takes no calls: ${why}`);
}
