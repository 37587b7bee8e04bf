/** Where a request may go: `https://api.example.com/v1`, `https://*.example.com:8443`. */
export type UrlPattern = {
  readonly scheme: "http" | "https";
  /** In lower case and ASCII, an IPv6 address in brackets. */
  readonly host: string;
  /** Whether it stands for every host below `host`, and not for `host`. */
  readonly isWildcard: boolean;
  readonly port: number;
  /** Decoded; whatever begins with them is meant. */
  readonly segments: readonly string[];
};

/** Where one request goes. */
export type UrlTarget = Omit<UrlPattern, "isWildcard"> & {
  /** Servers differ in what the path means, so that no path of a pattern can be compared with it. */
  readonly isAmbiguous: boolean;
};

const PATTERN = /^(https?):\/\/(\*\.)?([^/?#@\\\s*]+)(\/[^\s?#\\*]*)?$/i;
/** Separators and dots that a server may decode late, or twice. */
const ENCODED_SEPARATOR = /%(?:25)*(?:2e|2f|5c|00)/i;
/** `..;x` is a parent directory to servers that cut parameters off. */
const DOTS_WITH_PARAMETER = /^\.{1,2};/;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Reads what a grant says; undefined when it names no place. Dots in its path, and encoded separators, name none. */
export function readUrlPattern(text: string): UrlPattern | undefined {
  const [, scheme, wildcard, authority, path = ""] = PATTERN.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) return undefined;
  if (ENCODED_SEPARATOR.test(path) || path.split("/").some(isDots)) return undefined;
  const url = URL.parse(`${scheme}://${authority}${path}`);
  const target = url === null ? undefined : targetOf(url);
  if (target === undefined || target.isAmbiguous) return undefined;
  const { isAmbiguous: _, ...place } = target;
  // Below an address there is nothing.
  if (wildcard !== undefined && /^\[|^[\d.]+$/.test(place.host)) return undefined;
  return { ...place, isWildcard: wildcard !== undefined };
}

const isDots = (segment: string): boolean => segment === "." || segment === "..";

/** Target of a parsed URL; undefined if it is not http or https, names no host or contains a user. */
export function targetOf(url: URL): UrlTarget | undefined {
  const scheme = url.protocol === "https:" ? "https" : url.protocol === "http:" ? "http" : undefined;
  const host = url.hostname;
  if (scheme === undefined || host === "" || host.endsWith(".") || url.username !== "" || url.password !== "") {
    return undefined;
  }
  const port = url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port);
  const segments = segmentsOf(url.pathname);
  const isAmbiguous =
    segments === undefined ||
    ENCODED_SEPARATOR.test(url.pathname) ||
    segments.some((each) => DOTS_WITH_PARAMETER.test(each));
  return { scheme, host, port, segments: segments ?? [], isAmbiguous };
}

function segmentsOf(path: string): readonly string[] | undefined {
  const parts = path.split("/").slice(1);
  try {
    const decoded = parts.map(decodeURIComponent);
    return decoded.at(-1) === "" ? decoded.slice(0, -1) : decoded;
  } catch {
    return undefined;
  }
}

const isPrefix = (prefix: readonly string[], segments: readonly string[]): boolean =>
  prefix.length <= segments.length && prefix.every((segment, at) => segment === segments[at]);

/** Whether a request may go there. */
export function patternAllows(pattern: UrlPattern, target: UrlTarget): boolean {
  if (pattern.scheme !== target.scheme || pattern.port !== target.port) return false;
  const isHost = pattern.isWildcard ? target.host.endsWith(`.${pattern.host}`) : target.host === pattern.host;
  if (!isHost || pattern.segments.length === 0) return isHost;
  return !target.isAmbiguous && isPrefix(pattern.segments, target.segments);
}

/** Whether all that the narrow pattern stands for is meant by the wide one too. */
export function patternCovers(wide: UrlPattern, narrow: UrlPattern): boolean {
  if (wide.scheme !== narrow.scheme || wide.port !== narrow.port) return false;
  const isBelow = wide.isWildcard && narrow.host.endsWith(`.${wide.host}`);
  const isSame = wide.host === narrow.host && wide.isWildcard === narrow.isWildcard;
  return (isBelow || isSame) && isPrefix(wide.segments, narrow.segments);
}
