import type { FetchLike } from "@modelcontextprotocol/client";
import { parseJson } from "../../../kernel/json.ts";
import { networkReason } from "../connection/bounded-fetch.ts";
import type { CaxtonError } from "../../../kernel/errors.ts";

const ANSWER_BYTES_MAX = 64 * 1024;
const REQUEST_MS = 15_000;

export type IssuerFetchDeps = {
  /** Makes the error of a request that is refused or fails. */
  readonly failed: (why: string, options: ErrorOptions) => CaxtonError;
  /** Hosts that the configuration names; they may have any address. */
  readonly hosts: ReadonlySet<string>;
  /** `fetch` that reaches public addresses only. */
  readonly fetchPublic: typeof fetch;
};

/**
 * `fetch` for the metadata and endpoints of authorization servers, which an untrusted MCP server names.
 * remote.issuer-fetch.I1. HTTPS only, except to this machine; no redirect is followed; an answer has at most 64 KiB and 15 s.
 * remote.issuer-fetch.I2. A host that the configuration does not name is reached at public addresses only.
 *   Lists and objects in an answer are JSON with at most 128 levels.
 * remote.issuer-fetch.I3. What is refused fails every later request of the same sign-in: no other place is tried instead.
 */
export function issuerFetch({ failed, hosts, fetchPublic }: IssuerFetchDeps): FetchLike {
  let refusal: CaxtonError | undefined;
  const refuse = (why: string, cause?: unknown): CaxtonError => {
    refusal = failed(why, { cause });
    return refusal;
  };
  return async (input, init) => {
    if (refusal !== undefined) throw refusal;
    const url = new URL(input);
    if (!isSecure(url)) throw refuse(`${url.origin} is not reached over https`);
    const send = hosts.has(url.hostname) ? fetch : fetchPublic;
    const place = `${url.origin}${url.pathname}`;
    let response: Response;
    let body: Buffer | undefined;
    try {
      response = await send(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(REQUEST_MS) });
      body = await bytesOf(response);
    } catch (error) {
      const isLate = error instanceof DOMException && error.name === "TimeoutError";
      const why = isLate ? `no answer within ${REQUEST_MS / 1_000} s` : networkReason(error);
      throw refuse(`${place} cannot be read: ${why}`, error);
    }
    const { status, statusText, headers } = response;
    if (status >= 300 && status < 400) throw refuse(`${place} redirects, which is not followed`);
    if (body === undefined) throw refuse(`${place} answers with more than ${ANSWER_BYTES_MAX} bytes`);
    const flaw = flawOf(body.toString(), response.ok);
    if (flaw !== undefined) throw refuse(`${place} answers with what is not usable: ${flaw}`);
    return new Response(body.length === 0 ? null : new Uint8Array(body), { status, statusText, headers });
  };
}

/** The hosts that the configuration of a server names. */
export const configuredHosts = (url: URL, issuer: string | undefined): ReadonlySet<string> =>
  new Set([url.hostname, ...(issuer === undefined ? [] : [new URL(issuer).hostname])]);

/** Whether what is sent cannot be read on its way. */
export const isSecure = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || (protocol === "http:" && isLoopback(hostname));

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

/** Why an answer cannot be the JSON that is asked for; endpoints that do not find a document, or revoke, may answer with anything. */
function flawOf(body: string, isOk: boolean): string | undefined {
  const first = body.trimStart()[0];
  if (first === "<") return isOk ? "a page, and not JSON" : undefined;
  if (first !== "{" && first !== "[") return undefined;
  const parsed = parseJson(body);
  return parsed.type === "malformed" ? parsed.reason : undefined;
}

/** Undefined if there are too many. */
async function bytesOf(response: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > ANSWER_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
