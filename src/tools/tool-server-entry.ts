import { describeGrants } from "./grants.ts";
import type { HealthCheck } from "./health.ts";
import { closedBecause, isOpen, observe, type ToolServerLife, UNLOADED } from "./life.ts";
import type { PinnedTool } from "./pin.ts";
import type { Served } from "./served.ts";
import type { ToolServerOrigin } from "./tool-server-store.ts";
import { TOOL_SERVER_INTERFACES, type Tool, type ToolServer, type ToolServerState } from "./tool.ts";
import { failedCount, UsageMeter } from "./usage.ts";

/** A module's server while the process runs: what serves, its life, its calls. */
export class ToolServerEntry {
  readonly name: string;
  readonly origin: ToolServerOrigin;
  readonly usage = new UsageMeter();
  life: ToolServerLife = UNLOADED;
  served: Served | undefined;
  /** The revision that waits to be accepted. */
  pending: number | undefined;
  check: HealthCheck | undefined;
  loadedAtMs = 0;
  /** The state that was last told to those who watch. */
  told: ToolServerState | "" = "";
  readonly #underWay = new Map<number, number>();
  #idle: (() => void)[] = [];

  constructor(name: string, origin: ToolServerOrigin) {
    this.name = name;
    this.origin = origin;
  }

  get callsUnderWay(): number {
    let calls = 0;
    for (const count of this.#underWay.values()) calls += count;
    return calls;
  }

  /** Calls that an earlier revision still has. */
  underWayOf(revision: number): number {
    return this.#underWay.get(revision) ?? 0;
  }

  begin(revision: number): void {
    this.#underWay.set(revision, this.underWayOf(revision) + 1);
  }

  end(revision: number): void {
    const left = this.underWayOf(revision) - 1;
    if (left > 0) return void this.#underWay.set(revision, left);
    this.#underWay.delete(revision);
    if (this.#underWay.size > 0) return;
    for (const tell of this.#idle.splice(0)) tell();
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    if (this.#underWay.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    await promise;
  }
}

const NO_LIMITS = { fuelPerCall: 0, memoryBytesMax: 0, deadlineMs: 0, resultBytesMax: 0 };

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
      return "reason" in now ? now.reason : (closedBecause(now) ?? "");
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
