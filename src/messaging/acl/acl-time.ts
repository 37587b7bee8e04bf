const TIME = /^([+-]?)(\d{4})(\d\d)(\d\d)[TZ](\d\d)(\d\d)(\d\d)(\d{3})?([A-Za-z]?)$/;

/** What a military time-zone letter stands for, in hours ahead of UTC; J and none are taken for UTC. */
function hoursAhead(letter: string): number {
  const upper = letter.toUpperCase();
  const east = "ABCDEFGHIKLM".indexOf(upper);
  if (upper === "" || upper === "Z" || upper === "J") return 0;
  return east === -1 ? -("NOPQRSTUVWXY".indexOf(upper) + 1) : east + 1;
}

/**
 * Epoch milliseconds of a FIPA time, `20261121T013252006Z`, or from now with a sign in front, where years count 365 and
 * months 30 days. Some platforms put the Z where the T belongs. Undefined when the text is not a time.
 */
export function parseAclTime(text: string, nowMs: number): number | undefined {
  const [, sign = "", ...fields] = TIME.exec(text) ?? [];
  const [year = Number.NaN, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = fields
    .slice(0, 7)
    .map((field) => Number(field ?? 0));
  if (Number.isNaN(year)) return undefined;
  const inDayMs = ((hour * 60 + minute) * 60 + second) * 1_000 + ms;
  if (sign !== "") {
    const spanMs = (year * 365 + month * 30 + day) * 86_400_000 + inDayMs;
    return nowMs + (sign === "-" ? -spanMs : spanMs);
  }
  const dateMs = Date.UTC(year, month - 1, day);
  const isDate = new Date(dateMs).getUTCDate() === day && month >= 1 && month <= 12;
  return isDate && hour < 24 && minute < 60 && second < 61
    ? dateMs + inDayMs - hoursAhead(fields[7] ?? "") * 3_600_000
    : undefined;
}

/** As every platform reads it: `20261121T013252006Z`. */
export const aclTime = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:.]/g, "");
