import { type Pattern, Redactor, type Secrets } from "../../text/redaction/index.ts";

export const REDACTED_PLACES = ["prompts", "journal", "logs", "memory"] as const;
export type RedactedPlace = (typeof REDACTED_PLACES)[number];

/** What hides in each place: known secrets everywhere, patterns where they were asked for. */
export type Redactors = { readonly [Place in RedactedPlace]: Redactor } & {
  /** For what is kept as it is but for secrets, such as files that tools make. */
  readonly files: Redactor;
};

export function redactorsOf(
  secrets: Secrets,
  patterns: readonly Pattern[],
  where: readonly RedactedPlace[],
): Redactors {
  const files = new Redactor(secrets, []);
  const full = patterns.length === 0 ? files : new Redactor(secrets, patterns);
  const at = (place: RedactedPlace): Redactor => (where.includes(place) ? full : files);
  return { prompts: at("prompts"), journal: at("journal"), logs: at("logs"), memory: at("memory"), files };
}
