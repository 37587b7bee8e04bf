import { type Pattern, Redactor, type Secrets } from "../../text/redaction/index.ts";

export const REDACTION_TARGETS = ["prompts", "journal", "logs", "memory"] as const;
export type RedactionTarget = (typeof REDACTION_TARGETS)[number];

/** Redactor of each target: known secrets everywhere, patterns where configured. */
export type Redactors = { readonly [Place in RedactionTarget]: Redactor } & {
  /** For what is kept as it is but for secrets, such as files that tools make. */
  readonly files: Redactor;
};

export function redactorsOf(
  secrets: Secrets,
  patterns: readonly Pattern[],
  where: readonly RedactionTarget[],
): Redactors {
  const files = new Redactor(secrets, []);
  const full = patterns.length === 0 ? files : new Redactor(secrets, patterns);
  const at = (place: RedactionTarget): Redactor => (where.includes(place) ? full : files);
  return { prompts: at("prompts"), journal: at("journal"), logs: at("logs"), memory: at("memory"), files };
}
