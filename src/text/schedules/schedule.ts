import { Cron } from "croner";
import { parseDuration } from "../documents/index.ts";

/** When something is due. */
export type ScheduleSpec =
  | { readonly kind: "cron"; readonly cron: string; readonly zone: string }
  | { readonly kind: "every"; readonly every: string }
  | { readonly kind: "at"; readonly at: string }
  /** Never by time. */
  | { readonly kind: "webhook" | "message" | "file" };

/** Instants at which something is due, as epoch milliseconds. */
export interface Schedule {
  /** The first slot after an instant; undefined without one. */
  next(afterMs: number): number | undefined;
}

/** Why a field cannot be used, and the remedy. */
export type SpecProblem = { readonly field: string; readonly message: string; readonly fix: string };

const EVERY_MS_MIN = 1_000;
const EVERY_MS_MAX = 366 * 86_400_000;
const FIELDS = 5;
const NICKNAMES: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** Slots of an interval are whole multiples of it after `anchorMs`. The specification has no problem. */
export function openSchedule(spec: ScheduleSpec, anchorMs: number): Schedule {
  switch (spec.kind) {
    case "cron": {
      const cron = cronOf(spec);
      return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() };
    }
    case "every": {
      const everyMs = parseDuration(spec.every) ?? Number.NaN;
      return { next: (afterMs) => anchorMs + (Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs };
    }
    case "at": {
      const atMs = Date.parse(spec.at);
      return { next: (afterMs) => (atMs > afterMs ? atMs : undefined) };
    }
    case "webhook":
    case "message":
    case "file":
      return { next: () => undefined };
  }
}

const cronOf = ({ cron, zone }: Extract<ScheduleSpec, { kind: "cron" }>): Cron =>
  new Cron(cron.trim(), { timezone: zone, mode: "5-part", paused: true });

/** Returns why a schedule cannot be used; undefined if it can. */
export function scheduleProblem(spec: ScheduleSpec): SpecProblem | undefined {
  if (spec.kind === "every") {
    const everyMs = parseDuration(spec.every);
    if (everyMs !== undefined && everyMs > EVERY_MS_MAX)
      return { field: "every", message: `${spec.every} is longer than 366d`, fix: 'Use kind = "cron" or kind = "at".' };
    if (everyMs !== undefined && everyMs >= EVERY_MS_MIN) return undefined;
    return { field: "every", message: `${spec.every} is shorter than 1s`, fix: 'Write for example: every = "15m"' };
  }
  return spec.kind === "cron" ? cronProblem(spec) : undefined;
}

function cronProblem(spec: Extract<ScheduleSpec, { kind: "cron" }>): SpecProblem | undefined {
  const pattern = spec.cron.trim();
  const nickname = NICKNAMES[pattern.toLowerCase()];
  const count = pattern === "" ? 0 : pattern.split(/\s+/).length;
  if (nickname !== undefined)
    return { field: "cron", message: `${pattern} is not a pattern of five fields`, fix: `Write "${nickname}".` };
  if (count !== FIELDS)
    return {
      field: "cron",
      message: `the pattern "${pattern}" has ${count} fields`,
      fix:
        count > FIELDS
          ? 'Remove the field for seconds: a pattern has minute, hour, day, month and weekday, for example "0 7 * * 1-5". For seconds, use kind = "every".'
          : 'A pattern has five fields: minute, hour, day, month and weekday, for example "0 7 * * 1-5".',
    };
  if (!isZone(spec.zone))
    return {
      field: "zone",
      message: `there is no time zone "${spec.zone}"`,
      fix: 'Write a name of the IANA database, for example "Europe/Berlin".',
    };
  try {
    if (cronOf(spec).nextRun(new Date()) !== null) return undefined;
    const message = `the pattern "${pattern}" matches no date`;
    return { field: "cron", message, fix: "Choose a day that the month has, for example 28 for February." };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
    const message = `the pattern "${pattern}" is invalid: ${reason}`;
    return { field: "cron", message, fix: 'Write for example: cron = "0 7 * * 1-5"' };
  }
}

/** Offsets such as +02:00 are no zones: they do not change in summer. */
function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
