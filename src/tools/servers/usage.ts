import { TOOL_FAILURES, type ToolFailureReason, type ToolResult } from "../catalogue/index.ts";

/** Middle of the last 256 values, and the largest of all. */
export type Spread = { readonly p50: number; readonly max: number };

export type ToolUsageStats = {
  readonly tool: string;
  readonly done: number;
  readonly failures: { readonly [Reason in ToolFailureReason]?: number };
  readonly fuel: Spread;
  readonly memoryBytes: Spread;
  readonly durationMs: Spread;
  readonly lastCallAtMs: number | undefined;
};

/** Failures for which the server is to blame, not the caller. */
export const SERVER_FAULTS: ReadonlySet<ToolFailureReason> = new Set([
  "fuel",
  "deadline",
  "memory",
  "trap",
  "bad-output",
  "crashed",
]);

const SAMPLES = 256;
/** How many calls health looks back on. */
const RECENT = 20;

class Samples {
  readonly #values = new Float64Array(SAMPLES);
  #count = 0;
  #max = 0;

  add(value: number): void {
    this.#values[this.#count % SAMPLES] = value;
    this.#count += 1;
    if (value > this.#max) this.#max = value;
  }

  spread(): Spread {
    const kept = this.#values.slice(0, Math.min(this.#count, SAMPLES)).toSorted();
    return { p50: kept[Math.floor(kept.length / 2)] ?? 0, max: this.#max };
  }
}

class ToolUse {
  done = 0;
  readonly failures = new Map<ToolFailureReason, number>();
  readonly fuel = new Samples();
  readonly memoryBytes = new Samples();
  readonly durationMs = new Samples();
  lastCallAtMs: number | undefined;
}

/** What the calls of one tool server came to, since the process started. Bounded: a server has at most 256 tools. */
export class UsageMeter {
  readonly #tools = new Map<string, ToolUse>();
  readonly #recent = new Uint8Array(RECENT);
  #calls = 0;
  #durationMs = 0;
  #fuel = 0;

  record(tool: string, result: ToolResult, nowMs: number): void {
    let use = this.#tools.get(tool);
    if (use === undefined) {
      use = new ToolUse();
      this.#tools.set(tool, use);
    }
    use.lastCallAtMs = nowMs;
    use.fuel.add(result.usage.fuel);
    use.memoryBytes.add(result.usage.memoryBytes);
    use.durationMs.add(result.usage.durationMs);
    this.#calls += 1;
    this.#durationMs += result.usage.durationMs;
    this.#fuel += result.usage.fuel;
    if (result.type === "done") use.done += 1;
    else use.failures.set(result.reason, (use.failures.get(result.reason) ?? 0) + 1);
    this.#recent[this.#calls % RECENT] = result.type === "failed" && SERVER_FAULTS.has(result.reason) ? 1 : 0;
  }

  figures(): readonly ToolUsageStats[] {
    return [...this.#tools].map(([tool, { done, failures, fuel, memoryBytes, durationMs, lastCallAtMs }]) => ({
      tool,
      done,
      failures: Object.fromEntries(failures),
      fuel: fuel.spread(),
      memoryBytes: memoryBytes.spread(),
      durationMs: durationMs.spread(),
      lastCallAtMs,
    }));
  }

  /** Sums over all tools, cheap. `recentFaults` of the last `recent` calls ended by the server's own fault. */
  totals(): UsageTotals {
    let done = 0;
    const failures: { [Reason in ToolFailureReason]?: number } = {};
    for (const use of this.#tools.values()) {
      done += use.done;
      for (const [reason, count] of use.failures) failures[reason] = (failures[reason] ?? 0) + count;
    }
    return {
      calls: this.#calls,
      done,
      failures,
      durationMs: this.#durationMs,
      fuel: this.#fuel,
      recent: Math.min(this.#calls, RECENT),
      recentFaults: this.#recent.reduce((sum, fault) => sum + fault, 0),
    };
  }
}

export type UsageTotals = {
  readonly calls: number;
  readonly done: number;
  readonly failures: { readonly [Reason in ToolFailureReason]?: number };
  readonly durationMs: number;
  readonly fuel: number;
  readonly recent: number;
  readonly recentFaults: number;
};

/** How many failed, for whatever reason. */
export const failedCount = (failures: UsageTotals["failures"]): number =>
  TOOL_FAILURES.reduce((sum, reason) => sum + (failures[reason] ?? 0), 0);
