const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const utcDay = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const whole = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** "14:02:11" */
export const clockTime = (ms: number): string => clock.format(ms);
/** "21 Nov 2026, 14:02:11" */
export const fullTime = (instant: string): string => moment.format(new Date(instant));
/** "21 Nov 2026", of a calendar day such as "2026-11-21" wherever it was counted. */
export const calendarDay = (date: string): string => utcDay.format(new Date(`${date}T00:00:00Z`));
/** "12,345" */
export const count = (value: number): string => whole.format(value);
/** "12.3K" */
export const shortCount = (value: number): string => compact.format(value);

/** "0.4 ms", "83 ms", "1.24 s", "3 m 07 s", "2 h 04 m" */
export function duration(ms: number): string {
  if (ms < 10) return `${ms < 0.05 ? 0 : ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1_000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
  return `${Math.floor(minutes / (24 * 60))} d ${Math.floor(minutes / 60) % 24} h`;
}

/** How long something has been up, to the second: "4 s", "3 m 07 s", "2 h 04 m". */
export const upFor = (ms: number): string =>
  ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1_000))} s` : duration(Math.floor(ms / 1_000) * 1_000);

/** "just now", "12 s ago", "4 m ago", "3 h ago", "2 d ago", then the date. */
export function ago(instant: string, nowMs: number): string {
  const seconds = Math.round((nowMs - Date.parse(instant)) / 1_000);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  if (seconds < 7 * 86_400) return `${Math.floor(seconds / 86_400)} d ago`;
  return day.format(new Date(instant));
}

const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** "812 B", "1.4 KB", "12 MB"; powers of 1,024 as the CLI's. */
export function bytes(value: number): string {
  let rest = value;
  for (const unit of UNITS) {
    if (rest < 1_000 || unit === "TB")
      return `${unit === "B" || rest >= 99.95 ? Math.round(rest) : oneDecimal(rest)} ${unit}`;
    rest /= 1_024;
  }
  return `${value} B`;
}

const oneDecimal = (value: number): string => value.toFixed(1).replace(/\.0$/, "");
