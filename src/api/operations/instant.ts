/** Returns epoch milliseconds as an RFC 3339 time in UTC. */
export const instant = (ms: number): string => new Date(ms).toISOString();

/** Returns a time that may be absent, as `instant` does. */
export const instantOrNull = (ms: number | null | undefined): string | null =>
  ms === undefined || ms === null ? null : instant(ms);

/** Returns the bounds of a time range in epoch milliseconds. */
export const rangeOf = ({
  since,
  until,
}: {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}) => ({
  sinceMs: since === undefined ? undefined : Date.parse(since),
  untilMs: until === undefined ? undefined : Date.parse(until),
});
