import type { HealthCheck } from "./health.ts";
import { unavailableReason, isOpen, observe, type ToolServerLife, UNLOADED } from "./life.ts";
import type { PinnedTool } from "./pin.ts";
import type { ActiveRevision } from "./active-revision.ts";
import type { ToolServerOrigin } from "./tool-server-store.ts";
import {
  describeGrants,
  NO_LIMITS,
  type Tool,
  TOOL_SERVER_INTERFACES,
  type ToolServer,
  type ToolServerState,
} from "../catalogue/index.ts";
import { failedCount, UsageMeter } from "./usage.ts";

/** Running calls of one revision. */
type Generation = { readonly revision: number; calls: number };

/** A module's server while the process runs: what serves, its life, its calls. */
export class ToolServerEntry {
  readonly name: string;
  readonly origin: ToolServerOrigin;
  readonly usage = new UsageMeter();
  life: ToolServerLife = UNLOADED;
  served: ActiveRevision | undefined;
  /** The revision that waits to be accepted. */
  pending: number | undefined;
  check: HealthCheck | undefined;
  loadedAtMs = 0;
  /** The state that was last emitted to watchers. */
  emitted: ToolServerState | "" = "";
  #now: Generation = { revision: 0, calls: 0 };
  /** Replaced revisions that still have running calls. */
  #past: readonly Generation[] = [];
  #idle: (() => void)[] = [];

  constructor(name: string, origin: ToolServerOrigin) {
    this.name = name;
    this.origin = origin;
  }

  get callsInFlight(): number {
    return this.#past.reduce((sum, { calls }) => sum + calls, this.#now.calls);
  }

  /** Calls that a revision still has. */
  runningCallsOf(revision: number): number {
    return [this.#now, ...this.#past].reduce((sum, each) => sum + (each.revision === revision ? each.calls : 0), 0);
  }

  /** A call has begun; what is given back goes to `end`. */
  begin(): Generation {
    const revision = this.served?.revision.revision ?? 0;
    if (this.#now.revision !== revision) {
      this.#past = [...this.#past, this.#now].filter(({ calls }) => calls > 0);
      this.#now = { revision, calls: 0 };
    }
    this.#now.calls += 1;
    return this.#now;
  }

  end(generation: Generation): void {
    generation.calls -= 1;
    if (generation.calls > 0 || this.#idle.length === 0 || this.callsInFlight > 0) return;
    for (const emit of this.#idle.splice(0)) emit();
  }

  /** Resolves when no call is running. */
  async idle(): Promise<void> {
    if (this.callsInFlight === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    await promise;
  }
}

export const toTool = (server: string, { outputSchema, ...tool }: PinnedTool): Tool => ({
  ...tool,
  server,
  outputSchema: outputSchema ?? undefined,
});

/** The life of a server with what its host sees of it. */
export function seenLife(life: ToolServerLife, seen: ToolServer | undefined): ToolServerLife {
  if (!isOpen(life) || seen === undefined) return life;
  switch (seen.state) {
    case "quarantined":
    case "failed":
      return observe(life, { state: seen.state, reason: seen.reason });
    case "loaded":
    case "running":
      return observe(life, { state: seen.state });
    case "unloaded":
    case "draining":
    case "paused":
    case "pending":
      return life;
  }
}

/** A server as the catalogue shows it; what changes is read when it is looked at. */
export function entryView(entry: ToolServerEntry, seen: () => ToolServer | undefined): ToolServer {
  const { served, name } = entry;
  const life = (): ToolServerLife => seenLife(entry.life, seen());
  return {
    name,
    interface: TOOL_SERVER_INTERFACES.find((known) => known === served?.revision.interface) ?? "core",
    isSandboxed: true,
    version: served?.revision.version ?? "",
    description: served?.manifest.description ?? "",
    get state() {
      return life().state;
    },
    get reason() {
      const now = life();
      return "reason" in now ? now.reason : (unavailableReason(now) ?? "");
    },
    tools: served?.revision.tools.map((tool) => toTool(name, tool)) ?? [],
    grants: served === undefined ? [] : describeGrants(served.manifest.grants),
    limits: served?.manifest.limits ?? NO_LIMITS,
    moduleHash: served?.revision.moduleHash ?? "",
    get calls() {
      const { done, failures, fuel, durationMs } = entry.usage.totals();
      return { done, failed: failedCount(failures), denied: seen()?.calls.denied ?? 0, fuel, durationMs };
    },
  };
}
