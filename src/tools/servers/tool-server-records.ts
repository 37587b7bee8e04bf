import type { Clock } from "../../kernel/clock.ts";
import { ToolRevisionNotFoundError, ToolServerConfiguredError } from "./errors.ts";
import { type Health, type HealthCheck, healthOf } from "./health.ts";
import type { ToolServerLife } from "./life.ts";
import { type UpdatePolicy, type ToolServerChange } from "./pin-difference.ts";
import { pinTools, toolListHash } from "./pin.ts";
import { type Publisher, publisherOf, type OperatorOverrides } from "./active-revision.ts";
import type { ToolServerEntry } from "./tool-server-entry.ts";
import type { ToolHost } from "./tool-host.ts";
import type { ToolServerHead, ToolServerRevision, ToolServerStore } from "./tool-server-store.ts";
import type { ToolServers } from "./tool-servers.ts";
import type { ToolServer } from "../catalogue/index.ts";

/** What a remote server said when it was asked whether it is there. `pingMs` is the way there and back. */
export type RemoteAnswer =
  | { readonly type: "answered"; readonly pingMs: number; readonly tools: number }
  | { readonly type: "silent"; readonly reason: string };

/** A remote runner that can ask a server whether it is there, and for its tools. */
export type CheckedRunner = {
  check?(server: string, signal: AbortSignal): Promise<RemoteAnswer>;
};

export type ToolServerRecordsDeps = {
  readonly servers: ToolServers;
  readonly store: ToolServerStore;
  readonly host: ToolHost;
  readonly remotes?: CheckedRunner | undefined;
  readonly clock: Clock;
};

export type HealthReport = {
  readonly health: Health;
  readonly note: string;
  readonly uptimeMs: number;
  readonly check: HealthCheck | undefined;
};

export type ToolServerVersion = {
  readonly revision: ToolServerRevision;
  readonly status: "serving" | "pending" | "draining" | "past";
  readonly publisher: Publisher;
  /** Changes against the previous stored revision. */
  readonly changes: readonly ToolServerChange[];
};

export type ToolServerRecord = {
  readonly view: ToolServer;
  readonly entry: ToolServerEntry;
  /** What was accepted; undefined where nothing has been written yet. */
  readonly serving: ToolServerRevision | undefined;
  readonly publisher: Publisher;
  readonly accept: UpdatePolicy;
  readonly health: HealthReport;
  readonly pending:
    | { readonly revision: ToolServerRevision; readonly changes: readonly ToolServerChange[] }
    | undefined;
};

/** A check this young is not made again. */
const CHECK_AGE_MS = 10_000;
const CHECK_MS_MAX = 60_000;

/** What is known of tool servers: their history, health and modules. */
export class ToolServerRecords {
  readonly #deps: ToolServerRecordsDeps;
  readonly #workspace: string;
  readonly #overridesOf: (name: string) => OperatorOverrides;
  #checking: Promise<unknown> = Promise.resolve();

  constructor(
    deps: ToolServerRecordsDeps,
    options: { readonly workspace: string; readonly overridesOf: (name: string) => OperatorOverrides },
  ) {
    this.#deps = deps;
    this.#workspace = options.workspace;
    this.#overridesOf = options.overridesOf;
  }

  /** Every server, without I/O, in the order of their names. */
  list(): readonly { readonly view: ToolServer; readonly entry: ToolServerEntry; readonly health: Health }[] {
    const { runner } = this.#deps.servers;
    return runner
      .servers()
      .map((view) => {
        const entry = runner.get(view.name);
        return { view, entry, health: healthOf(lifeIn(view), entry.usage.totals(), entry.check).health };
      })
      .toSorted((one, other) => (one.view.name < other.view.name ? -1 : 1));
  }

  /** Throws ToolServerNotFoundError. */
  async get(name: string): Promise<ToolServerRecord> {
    const { servers, store } = this.#deps;
    const { entry, view } = this.#known(name);
    const head = await store.head(this.#workspace, entry.name);
    const waiting = await this.#revision(head, head?.pending);
    const serving = await this.#revision(head, head?.serving);
    return {
      view,
      entry,
      serving,
      publisher: publisherIn(entry),
      accept: this.#overridesOf(entry.name).accept,
      health: this.#health(entry, view),
      pending: waiting && {
        revision: waiting,
        changes: serving === undefined ? [] : servers.difference(serving, waiting),
      },
    };
  }

  /** Revisions that are kept, newest first. Throws ToolServerNotFoundError. */
  async versions(
    name: string,
    { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly ToolServerVersion[]; readonly next: string | undefined }> {
    const { servers, store } = this.#deps;
    const { entry } = this.#known(name);
    const head = await store.head(this.#workspace, entry.name);
    // One more, so that the last of the page has something to be compared with.
    const { items } = await store.revisions(this.#workspace, entry.name, { cursor, limit: limit + 1 });
    const shown = items.slice(0, limit).map((revision, index): ToolServerVersion => {
      const before = items[index + 1];
      return {
        revision,
        status: statusOf(revision, head, entry),
        publisher: publisherNow(revision, this.#deps.servers),
        changes: before === undefined ? [] : servers.difference(before, revision),
      };
    });
    const last = shown.at(-1);
    return { items: shown, next: items.length > limit && last ? String(last.revision.revision) : undefined };
  }

  /** What is different between two revisions: by default between what serves and what waits or is newest. */
  async difference(
    name: string,
    { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  ): Promise<{
    readonly name: string;
    readonly from: number;
    readonly to: number;
    readonly changes: readonly ToolServerChange[];
  }> {
    const { entry } = this.#known(name);
    const head = await this.#deps.store.head(this.#workspace, entry.name);
    const older = await this.#wanted(head, name, from ?? head?.serving ?? 1);
    const newer = await this.#wanted(head, name, to ?? head?.pending ?? head?.latest ?? 1);
    const changes = this.#deps.servers.difference(older, newer);
    return { name: entry.name, from: older.revision, to: newer.revision, changes };
  }

  /** A revision's module, its bytes checked; by default of the one that serves. Throws ToolRevisionNotFoundError, ToolModuleDamagedError. */
  async module(
    name: string,
    revision: number | undefined,
  ): Promise<{ readonly revision: ToolServerRevision; readonly bytes: Uint8Array }> {
    const { entry } = this.#known(name);
    if (entry.origin === "remote") throw new ToolServerConfiguredError(entry.name, "download a module of");
    const head = await this.#deps.store.head(this.#workspace, entry.name);
    const found = await this.#wanted(head, name, revision ?? head?.serving ?? 1);
    return { revision: found, bytes: await this.#deps.store.readModule(found.moduleHash) };
  }

  /**
   * Health of a server, after asking it for its tools in a separate start. Throws ToolServerNotFoundError; when
   * `signal` is aborted, its reason or the resulting error: the health is then unknown.
   */
  async check(name: string, signal: AbortSignal): Promise<HealthReport & { readonly entry: ToolServerEntry }> {
    const { entry } = this.#known(name);
    if (this.#isDue(entry)) {
      // One at a time: each may take a core for a while. Who waited may find that another has just asked.
      const turn = this.#checking.then(() => this.#checkNow(entry, signal));
      this.#checking = turn.catch(() => {});
      entry.check = await turn;
    }
    return { entry, ...this.#health(entry, this.#known(name).view) };
  }

  #isDue({ check }: ToolServerEntry): boolean {
    return check === undefined || this.#deps.clock.nowMs() - check.atMs >= CHECK_AGE_MS;
  }

  async #checkNow(entry: ToolServerEntry, signal: AbortSignal): Promise<HealthCheck> {
    if (entry.check !== undefined && !this.#isDue(entry)) return entry.check;
    const { clock } = this.#deps;
    const beganMs = clock.monotonicMs();
    const finish = (ok: boolean, note: string): HealthCheck => ({
      atMs: clock.nowMs(),
      ok,
      durationMs: clock.monotonicMs() - beganMs,
      note,
    });
    try {
      signal.throwIfAborted();
      const limited = AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS_MAX)]);
      if (entry.origin === "remote") return finish(...(await this.#askRemote(entry, limited)));
      const fault = await this.#ask(entry, limited);
      return finish(fault === "", fault || "it lists its tools");
    } catch (error) {
      if (signal.aborted) throw error;
      return finish(false, error instanceof Error ? error.message : String(error));
    }
  }

  /** What is wrong; empty when nothing is. */
  async #ask({ served }: ToolServerEntry, signal: AbortSignal): Promise<string> {
    if (served === undefined) return "its manifest cannot be read";
    const { store, host } = this.#deps;
    const module = await store.readModule(served.revision.moduleHash);
    const { tools } = await host.check({ manifest: served.manifest, module, origin: served.revision.origin }, signal);
    const isSame = toolListHash(pinTools(tools)) === toolListHash(served.revision.tools);
    return isSame ? "" : "it lists other tools than when it was deployed";
  }

  /** Whether the server is healthy, with a note. If it cannot be asked, the state of its connection decides. */
  async #askRemote({ name }: ToolServerEntry, signal: AbortSignal): Promise<readonly [boolean, string]> {
    const answer = await this.#deps.remotes?.check?.(name, signal);
    if (answer?.type === "silent") return [false, answer.reason];
    if (answer?.type === "answered") {
      const { pingMs, tools } = answer;
      const count = tools === 1 ? "1 tool" : `${tools} tools`;
      return [true, `it answers in ${pingMs < 10 ? pingMs.toFixed(1) : Math.round(pingMs)} ms and lists ${count}`];
    }
    const { state, reason } = this.#known(name).view;
    const isAway = state === "failed" || state === "unloaded";
    return [!isAway, isAway ? reason || "it is not connected" : "it is connected"];
  }

  #health(entry: ToolServerEntry, view: ToolServer): HealthReport {
    const isUp = view.state !== "failed" && view.state !== "unloaded" && entry.loadedAtMs > 0;
    return {
      ...healthOf(lifeIn(view), entry.usage.totals(), entry.check),
      uptimeMs: isUp ? Math.max(0, this.#deps.clock.nowMs() - entry.loadedAtMs) : 0,
      check: entry.check,
    };
  }

  #known(name: string): { readonly entry: ToolServerEntry; readonly view: ToolServer } {
    const { runner } = this.#deps.servers;
    const entry = runner.get(name);
    const view = runner.servers().find((each) => each.name === entry.name);
    // Both are of this moment.
    if (view === undefined) throw new Error(`${entry.name} is in the table and not in its list`);
    return { entry, view };
  }

  async #wanted(head: ToolServerHead | undefined, name: string, revision: number): Promise<ToolServerRevision> {
    const found = await this.#revision(head, revision);
    if (found !== undefined) return found;
    throw new ToolRevisionNotFoundError(name, revision);
  }

  async #revision(
    head: ToolServerHead | undefined,
    revision: number | undefined,
  ): Promise<ToolServerRevision | undefined> {
    if (head === undefined || revision === undefined) return undefined;
    return this.#deps.store.revision(head.workspace, head.name, revision);
  }
}

function statusOf(
  { revision }: ToolServerRevision,
  head: ToolServerHead | undefined,
  entry: ToolServerEntry,
): ToolServerVersion["status"] {
  if (head?.serving === revision) return "serving";
  if (head?.pending === revision) return "pending";
  return entry.runningCallsOf(revision) > 0 ? "draining" : "past";
}

/** The life that a view shows. */
function lifeIn({ state, reason }: ToolServer): ToolServerLife {
  switch (state) {
    case "unloaded":
    case "loaded":
    case "running":
    case "draining":
      return { state };
    case "failed":
    case "quarantined":
    case "paused":
    case "pending":
      return { state, reason };
  }
}

const UNSIGNED: Publisher = { state: "unsigned", name: null, keyId: null };
const REMOTE: Publisher = { state: "remote", name: null, keyId: null };
const publisherIn = ({ origin, served }: ToolServerEntry): Publisher =>
  origin === "remote" ? REMOTE : (served?.publisher ?? UNSIGNED);

/** Also for a past revision, by the currently trusted keys; an invalid signature counts as unsigned. */
function publisherNow(revision: ToolServerRevision, { trust }: ToolServers): Publisher {
  try {
    return publisherOf(revision, { ...trust, require: "never" });
  } catch {
    return UNSIGNED;
  }
}
