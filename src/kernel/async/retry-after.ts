/** How long a server asks to wait, in whole milliseconds: `retry-after-ms`, or `Retry-After` in seconds or as a date. */
export function retryAfterMs(
  headers: { readonly [name: string]: string | undefined },
  nowMs: number,
): number | undefined {
  const exact = decimal(headers["retry-after-ms"]);
  if (exact !== undefined) return Math.ceil(exact);
  const wish = headers["retry-after"]?.trim();
  const seconds = decimal(wish);
  if (seconds !== undefined) return Math.ceil(seconds * 1000);
  const atMs = wish === undefined ? Number.NaN : Date.parse(wish);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

const decimal = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}(?:\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
