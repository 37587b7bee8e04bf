import { hostRefused, type HostRefused } from "../../sandbox/index.ts";
import { patternAllows, readUrlPattern, type SecretGrant, targetOf } from "../../catalogue/index.ts";
import type { Headers } from "./exchange.ts";

/** A secret that a tool server may use, what stands for it in the guest, and its value when there is one. */
export type GrantedSecret = {
  readonly grant: SecretGrant;
  readonly placeholder: string;
  readonly value: string | undefined;
  /** Origins that may receive it besides what the grant says; empty for any. */
  readonly origins: readonly string[];
  /** Hint for an unknown secret. */
  readonly hint: string;
};

export type Parts = { readonly url: URL; readonly headers: Headers; readonly body: Uint8Array };
export type Filled = Parts & { readonly type: "filled"; readonly used: readonly GrantedSecret[] };
/** A secret that may not go where the request goes, or is not there. */
export type BlockedSecret = { readonly type: "barred"; readonly secret: GrantedSecret; readonly refused: HostRefused };
/** Whether a grant, and not an operator's leave for one call, lets the request go there. */
export type IsPermitted = { readonly isGranted: boolean; readonly server: string };

const BASIC = /^(basic )([A-Za-z0-9+/]+=*)$/i;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNFIT_FOR_HEADER = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

/** Whether a header's value holds what stands for a secret, also as user or password of basic authentication. */
export const containsSecret = (value: string, secrets: readonly GrantedSecret[]): boolean => {
  const text = `${value}\n${basicOf(value)?.text ?? ""}`;
  return secrets.some(({ placeholder }) => text.includes(placeholder));
};

export const bodyContainsSecret = (body: Uint8Array, secrets: readonly GrantedSecret[]): boolean => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return secrets.some(({ placeholder }) => bytes.includes(placeholder));
};

/** Puts secrets in the place of what stands for them: in header values, the query and the body. */
export function fillSecrets(
  parts: Parts,
  secrets: readonly GrantedSecret[],
  leave: IsPermitted,
): Filled | BlockedSecret {
  const used = secrets.filter((secret) => isIn(parts, secret));
  for (const secret of used) {
    const refused = refusalOf(secret, parts.url, leave) ?? misfit(secret, parts);
    if (refused !== undefined) return { type: "barred", secret, refused };
  }
  const url = new URL(parts.url);
  if (used.length > 0) url.search = replaced(url.search, used, encodeURIComponent);
  const headers = parts.headers.map(([name, value]): readonly [string, string] => [name, inHeader(value, used)]);
  return { type: "filled", url, headers, body: inBody(parts, used), used };
}

const isIn = ({ url, headers, body }: Parts, secret: GrantedSecret): boolean =>
  url.search.includes(secret.placeholder) ||
  headers.some(([, value]) => containsSecret(value, [secret])) ||
  bodyContainsSecret(body, [secret]);

function refusalOf({ grant, value, origins, hint }: GrantedSecret, url: URL, { isGranted, server }: IsPermitted) {
  const target = targetOf(url);
  const isMeant = grant.for.some((text) => {
    const pattern = readUrlPattern(text);
    return pattern !== undefined && target !== undefined && patternAllows(pattern, target);
  });
  if (!isGranted || (grant.for.length > 0 && !isMeant)) {
    const places = grant.for.length > 0 ? grant.for.join(", ") : "what its http grants name";
    return hostRefused(
      "denied",
      `secret ${grant.name} of \`${server}\` is for ${places}, not for ${url.origin}; an operator can widen \`for\` of that secret in caxton.toml`,
    );
  }
  if (origins.length > 0 && !origins.includes(url.origin))
    return hostRefused("denied", `secret ${grant.name} is bound to ${origins.join(", ")}, not to ${url.origin}`);
  return value === undefined
    ? hostRefused("unavailable", `secret ${grant.name} of \`${server}\` is not there: ${hint}`)
    : undefined;
}

const misfit = ({ grant, value = "", placeholder }: GrantedSecret, { headers }: Parts): HostRefused | undefined =>
  UNFIT_FOR_HEADER.test(value) && headers.some(([, text]) => text.includes(placeholder))
    ? hostRefused("invalid", `secret ${grant.name} holds characters that no header may have; it was not sent`)
    : undefined;

function replaced(text: string, used: readonly GrantedSecret[], encode: (value: string) => string): string {
  let result = text;
  for (const { placeholder, value = "" } of used) result = result.replaceAll(placeholder, () => encode(value));
  return result;
}

const asItIs = (value: string): string => value;

function inHeader(value: string, used: readonly GrantedSecret[]): string {
  if (used.length === 0) return value;
  const basic = basicOf(value);
  if (basic === undefined || !used.some(({ placeholder }) => basic.text.includes(placeholder))) {
    return replaced(value, used, asItIs);
  }
  return basic.scheme + Buffer.from(replaced(basic.text, used, asItIs)).toString("base64");
}

function basicOf(value: string): { readonly scheme: string; readonly text: string } | undefined {
  const [, scheme, encoded] = BASIC.exec(value.trim()) ?? [];
  if (scheme === undefined || encoded === undefined) return undefined;
  return { scheme, text: Buffer.from(encoded, "base64").toString("utf8") };
}

/** Written as the body's kind needs it, so that a quote in a secret does not end a text in JSON. */
function inBody({ headers, body }: Parts, used: readonly GrantedSecret[]): Uint8Array {
  const present = used.filter((secret) => bodyContainsSecret(body, [secret]));
  if (present.length === 0) return body;
  const kind = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1].toLowerCase() ?? "";
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
  const asBytes = (value: string): string => Buffer.from(encodingOf(kind)(value), "utf8").toString("latin1");
  return Buffer.from(replaced(text, present, asBytes), "latin1");
}

function encodingOf(kind: string): (value: string) => string {
  if (/[/+]json\b/.test(kind)) return (value) => JSON.stringify(value).slice(1, -1);
  if (kind.startsWith("application/x-www-form-urlencoded")) return encodeURIComponent;
  return asItIs;
}
