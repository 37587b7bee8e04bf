import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { hostRefused, type HostRefused } from "../../sandbox/index.ts";

export type Headers = readonly (readonly [string, string])[];

/** One request as it goes out, to one of the addresses that were checked and to no other. */
export type Outgoing = {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly addresses: readonly string[];
  readonly responseBytesMax: number;
  /** Certificates besides the system's, in PEM. */
  readonly certificates: readonly string[] | undefined;
};

export type Incoming = {
  readonly type: "answered";
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
};

const HEADER_BYTES_MAX = 64 * 1024;
const HEADERS_MAX = 256;
const BODILESS = new Set([204, 304]);

/** Sends a request and reads its answer whole, within bounds. Never throws; when the signal aborts, what it says is of no use. */
export async function exchange(outgoing: Outgoing, signal: AbortSignal): Promise<Incoming | HostRefused> {
  const isSecure = outgoing.url.protocol === "https:";
  // Connections are not kept: one that was opened for a grant may not serve another.
  const agent = isSecure
    ? new TlsAgent({ keepAlive: false, rejectUnauthorized: true, ...trusted(outgoing.certificates) })
    : new Agent({ keepAlive: false });
  try {
    const answer = await send(outgoing, agent, signal);
    return await readAnswer(outgoing, answer);
  } catch (error) {
    return explain(error, outgoing.url);
  } finally {
    agent.destroy();
  }
}

const trusted = (certificates: readonly string[] | undefined) =>
  certificates === undefined ? {} : { ca: [...certificates] };

type Bare = Pick<Outgoing, "url" | "method" | "headers" | "body" | "addresses">;

/** Returns the response, whose body is not yet read. Rejects if there is no response. */
export function send({ url, method, headers, body, addresses }: Bare, agent: Agent, signal: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const begin = url.protocol === "https:" ? httpsRequest : httpRequest;
  const outgoing = begin({
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    path: `${url.pathname}${url.search}`,
    method,
    agent,
    signal,
    lookup: toAddresses(addresses),
    maxHeaderSize: HEADER_BYTES_MAX,
  });
  outgoing.maxHeadersCount = HEADERS_MAX;
  for (const [name, value] of headers) outgoing.appendHeader(name, value);
  if (body.length > 0 || method === "POST" || method === "PUT" || method === "PATCH") {
    outgoing.setHeader("content-length", body.length);
  }
  outgoing.once("response", resolve);
  outgoing.once("upgrade", (_answer, socket: Duplex) => {
    socket.destroy();
    reject(new Error("it wanted to change the protocol"));
  });
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

const toAddresses = (addresses: readonly string[]): LookupFunction => {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    const [first] = found;
    if (options.all === true || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };
};

async function readAnswer(
  { method, responseBytesMax, url }: Outgoing,
  answer: IncomingMessage,
): Promise<Incoming | HostRefused> {
  const status = answer.statusCode ?? 0;
  const encoding = (answer.headers["content-encoding"] ?? "").trim().toLowerCase();
  const hasBody = method !== "HEAD" && !BODILESS.has(status);
  const decoder = hasBody ? decoderOf(encoding) : undefined;
  // A decoder may consume input without end and produce nothing, so the input is counted too.
  let received = 0;
  if (decoder !== undefined) {
    answer.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received > responseBytesMax) answer.destroy(new TooLarge());
    });
    pipeline(answer, decoder, () => {});
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of decoder ?? answer) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      if (bytes > responseBytesMax) throw new TooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    answer.destroy();
    if (!(error instanceof TooLarge)) throw error;
    return hostRefused("too-large", `the answer of ${placeOf(url)} is larger than ${responseBytesMax} bytes`);
  }
  return { type: "answered", status, headers: headersOf(answer, decoder !== undefined), body: Buffer.concat(chunks) };
}

class TooLarge extends Error {
  override readonly name = "TooLarge";
}

function decoderOf(encoding: string): Duplex | undefined {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "br":
      return createBrotliDecompress();
    case "deflate":
      return createInflate();
    default:
      return undefined;
  }
}

/** As they came, names in small letters; without those of an encoding that was undone. */
function headersOf({ rawHeaders }: IncomingMessage, isDecoded: boolean): Headers {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (isDecoded && (name === "content-encoding" || name === "content-length")) continue;
    headers.push([name, rawHeaders[at + 1] ?? ""]);
  }
  return headers;
}

/** A URL as it may be shown and recorded: without what its query may hold. */
export const placeOf = ({ origin, pathname }: URL): string => `${origin}${pathname === "/" ? "" : pathname}`;

function explain(error: unknown, url: URL): HostRefused {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const said = error instanceof Error ? error.message : String(error);
  if (code === "HPE_HEADER_OVERFLOW") {
    return hostRefused("too-large", `the headers of ${url.origin} are larger than ${HEADER_BYTES_MAX} bytes`);
  }
  if (code.startsWith("HPE_")) return hostRefused("unreachable", `${url.origin} does not speak HTTP: ${said}`);
  if (code.startsWith("Z_") || code.startsWith("ERR_BROTLI") || code.startsWith("ERR__ERROR")) {
    return hostRefused("unreachable", `the answer of ${placeOf(url)} is not encoded as it says: ${said}`);
  }
  if (/CERT|TLS|SSL|SIGNATURE|ISSUER/.test(code)) {
    return hostRefused(
      "unreachable",
      `the certificate of ${url.origin} is not accepted: ${said}. Certificates of your own go into a file that NODE_EXTRA_CA_CERTS names.`,
    );
  }
  return hostRefused("unreachable", `${url.origin} cannot be reached: ${code === "" ? said : code}`);
}
