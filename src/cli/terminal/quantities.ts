const MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

const two = (value: number): string => String(value).padStart(2, "0");

/** A span as people read it: `12 ms`, `6.4 s`, `2m 05s`, `3h 12m`, `2d 4h`. */
export function showSpan(ms: number): string {
  if (ms < 1) return `${Math.max(0, ms).toFixed(1)} ms`;
  if (ms < MS.second) return `${Math.round(ms)} ms`;
  if (ms < MS.minute) return `${(ms / MS.second).toFixed(1)} s`;
  const seconds = Math.round(ms / MS.second);
  if (ms < MS.hour) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  const minutes = Math.round(ms / MS.minute);
  if (ms < MS.day) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  return `${Math.floor(minutes / 1_440)}d ${Math.floor((minutes % 1_440) / 60)}h`;
}

/** How long ago, in one unit: `now`, `42s`, `5m`, `3h`, `2d`. */
export function showAge(thenMs: number, nowMs: number): string {
  const ms = nowMs - thenMs;
  if (ms < MS.second) return "now";
  if (ms < MS.minute) return `${Math.floor(ms / MS.second)}s`;
  if (ms < MS.hour) return `${Math.floor(ms / MS.minute)}m`;
  if (ms < MS.day) return `${Math.floor(ms / MS.hour)}h`;
  return `${Math.floor(ms / MS.day)}d`;
}

const BYTE_UNITS = ["kB", "MB", "GB", "TB"] as const;

/** `812 B`, `4.1 kB`, `1.2 GB`; units of a thousand. */
export function showBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  let value = bytes;
  let unit = "B";
  for (const next of BYTE_UNITS) {
    if (Number(value.toFixed(1)) < 1_000) break;
    value /= 1_000;
    unit = next;
  }
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** `4120` as `4,120`. */
export const showCount = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");

/** `1 agent`, `2 agents`, `1,200 tool calls`. */
export const countOf = (count: number, noun: string): string => `${showCount(count)} ${noun}${count === 1 ? "" : "s"}`;

/** `$0.42`, `$0.0031`, `$12.50`; as many digits as a small sum needs, at most six. */
export function showUsd(usd: number): string {
  if (usd === 0 || usd >= 1) return `$${usd.toFixed(2)}`;
  return `$${usd.toFixed(6).replace(/0{1,4}$/, "")}`;
}

/** What something cost, where the price of some calls may not be known: `$0.42`, `$0.42 + 2 unknown`, `unknown`. */
export function showCost(cost: { readonly usd: number; readonly unpriced_calls: number }): string {
  if (cost.unpriced_calls === 0) return showUsd(cost.usd);
  return cost.usd === 0 ? "unknown" : `${showUsd(cost.usd)} + ${cost.unpriced_calls} unknown`;
}

/** A number of a run's tokens; `≈ 1,200` for an estimate, if the provider reported none. */
export const showTokens = (count: number, { cost }: { readonly cost: { readonly estimated_calls: number } }): string =>
  `${cost.estimated_calls > 0 ? "≈ " : ""}${showCount(count)}`;
