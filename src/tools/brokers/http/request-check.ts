import { type HttpRequest, hostRefused, type HostRefused } from "../../sandbox/index.ts";
import type { Headers } from "./exchange.ts";

export type Checked = {
  readonly type: "checked";
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
};

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNFIT_IN_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNFIT_IN_URL = /[\u0000-\u0020\u007f\\]/;
const HEADER_CHARS_MAX = 32 * 1024;
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** They are about one connection, or about where it goes; the server alone writes them. */
const NOT_SETTABLE = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);
/** The first would open a tunnel, the other gives back what was added on the way. */
const METHODS_NEVER = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Reads a request as a guest made it; nothing that readers of URLs and headers could take in two ways gets through. */
export function checkRequest({ url: text, method, headers, body }: HttpRequest): Checked | HostRefused {
  if (UNFIT_IN_URL.test(text)) return hostRefused("invalid", "the URL holds spaces, control characters or backslashes");
  const url = URL.parse(text);
  if (url === null) return hostRefused("invalid", `"${text.slice(0, 200)}" is no URL`);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return hostRefused("invalid", `${url.protocol}// is not spoken here; only https:// and http:// are`);
  }
  if (url.username !== "" || url.password !== "") {
    return hostRefused("invalid", "the URL holds a user; send an authorization header instead");
  }
  if (url.hostname.endsWith(".")) return hostRefused("invalid", "the host of the URL ends in a dot");
  if (METHODS_NEVER.has(method)) return hostRefused("invalid", `${method} is never sent`);
  if (body.length > BODY_BYTES_MAX) {
    return hostRefused("too-large", `the body is larger than ${BODY_BYTES_MAX} bytes`);
  }
  url.hash = "";
  const wrong = headers.map(([name, value]) => wrongHeader(name, value)).find((each) => each !== undefined);
  if (wrong !== undefined) return hostRefused("invalid", wrong);
  const chars = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  if (chars > HEADER_CHARS_MAX) {
    return hostRefused("too-large", `the headers have more than ${HEADER_CHARS_MAX} characters`);
  }
  return { type: "checked", url, method, headers: withDefaults(headers) };
}

function wrongHeader(name: string, value: string): string | undefined {
  if (!TOKEN.test(name)) return `"${name.slice(0, 100)}" is no name of a header`;
  const lower = name.toLowerCase();
  if (NOT_SETTABLE.has(lower) || lower.startsWith("proxy-")) return `a tool may not set the header ${lower}`;
  return UNFIT_IN_VALUE.test(value) ? `the header ${lower} holds characters that no header may have` : undefined;
}

/** Answers are decoded here, so what may come encoded is said here. */
function withDefaults(headers: Headers): Headers {
  const own = headers.filter(([name]) => name.toLowerCase() !== "accept-encoding");
  const isGiven = (wanted: string): boolean => own.some(([name]) => name.toLowerCase() === wanted);
  return [
    ...own,
    ["accept-encoding", "gzip, br"],
    ...(isGiven("accept") ? [] : [["accept", "*/*"] as const]),
    ...(isGiven("user-agent") ? [] : [["user-agent", "Caxton"] as const]),
  ];
}
