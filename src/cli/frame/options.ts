import { type Command, InvalidArgumentError, Option } from "commander";
import * as z from "zod";
import { systemClock } from "../../kernel/clock.ts";
import { UsageError } from "./errors.ts";

const COUNT_MAX = 10_000;

/** A whole number within bounds, as an option's or argument's value. */
export const wholeNumber = (text: string, min: number, max: number): number => {
  const parsed = z.coerce.number().int().min(min).max(max).safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
};

/** `--limit <n>` of lists that are read page by page. */
export class ListLimit extends Option {}

export const limitOption = (standard: number): Option =>
  new ListLimit("--limit <n>", "how many to show; with -o name the default is all")
    .argParser((text) => wholeNumber(text, 1, COUNT_MAX))
    .default(standard);

/** An option that names a revision. */
export const revisionOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => wholeNumber(text, 1, Number.MAX_SAFE_INTEGER));

/** Creates a repeatable option whose value is a list. */
export const listOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);

/** A span before now or a point in time, as the interface wants it. Throws UsageError. */
export async function instantOf(text: string, nowMs: number, command: string): Promise<string> {
  const { parseDuration } = await import("../../text/documents/index.ts");
  const spanMs = parseDuration(text);
  const atMs = spanMs === undefined ? Date.parse(text) : nowMs - spanMs;
  if (Number.isFinite(atMs)) return new Date(atMs).toISOString();
  throw new UsageError(`"${text}" is no time; write 10m, 2h, 7d, or a date such as 2026-11-21T10:00:00Z`, command);
}

/** Adds the options of lists that are filtered by tag, words and time. */
export const filterOptions = (command: Command, what: string): Command =>
  command
    .option("--tag <tag>", `only ${what} with this tag`)
    .option("--search <words>", `only ${what} whose messages or answers contain all words, or a "phrase"`)
    .option("--since <time>", `only ${what} since this time: 10m, 2h, 7d, or a date and time`)
    .option("--until <time>", `only ${what} before this time: 10m, 2h, 7d, or a date and time`);

export const Filter = z.object({
  tag: z.string().optional(),
  search: z.string().optional(),
  since: z.string().optional(),
  until: z.string().optional(),
});

/** The filters of a list as the interface wants them. Throws UsageError. */
export async function filterOf<Given extends Pick<z.infer<typeof Filter>, "since" | "until">>(
  { since, until, ...rest }: Given,
  command: string,
) {
  const nowMs = systemClock.nowMs();
  const at = (text: string | undefined) => (text === undefined ? undefined : instantOf(text, nowMs, command));
  return { ...rest, since: await at(since), until: await at(until) };
}

/** Whole seconds of a time span such as `30d`. Throws UsageError. */
export async function spanSeconds(text: string, option: string, path: string): Promise<number> {
  const { parseDuration } = await import("../../text/documents/index.ts");
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1_000) return Math.round(ms / 1_000);
  throw new UsageError(`${option}: ${text} is not a time span of one second or more, such as 12h or 30d`, path);
}
