import { calendarDay } from "../parts/format/format.ts";

/** Part of the catalogue in text.ts: the words of the page Usage, and of costs everywhere. */
export const USAGE = {
  title: "Usage",
  today: "Today's budgets",
  todayNote: (day: string, zone: string) => `${calendarDay(day)}, ${zone}`,
  none: "Nothing was used today, and nothing is limited. Limits are set with [budget] in a definition, or with [budgets.day] in caxton.toml.",
  columns: { of: "Scope", kind: "Amount", share: "Share", used: "Used", limit: "Limit", key: "Setting" },
  scopes: { agent: "agent", workspace: "workspace", day: "server" },
  kinds: { tokens: "Tokens", usd: "USD", tool_calls: "Tool calls", seconds: "Seconds", fuel: "Fuel" },
  noLimit: "none",
  bar: (of: string, kind: string, used: string, limit: string) => `${of}: ${used} of ${limit} ${kind}`,
  states: { "used-up": "used up", warning: "over 80 %" },
  byDay: "By day",
  byAgent: "By agent",
  byModel: "By model",
  period: "The last 30 days.",
  nothing: "Nothing was used in the last 30 days.",
  rows: { name: "Name", cost: "Cost", share: "Share", tokens: "Tokens", calls: "Model calls", tools: "Tool calls" },
  unknownPrice: "unknown",
  unpriced: (calls: number) => `+ ${calls} of unknown price`,
  estimated: "estimated, because the provider reported no tokens",
  rowBar: (name: string, cost: string) => `${name}: ${cost}`,
} as const;
