import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { SentRequest } from "../../api/client/index.ts";
import { ClientCertificateInvalidError, unreadable } from "./errors.ts";

/** Files of a client certificate and its key; PEM. */
export type Identity = { readonly certificate: string; readonly privateKey: string };

/** What `fetch` cannot take for one request. */
export type Security = {
  /** Presented to the server. */
  readonly identity?: Identity | undefined;
  /** File of the server's own certificate: a server on this machine has no other, whatever names it is valid for. */
  readonly serverCertificate?: string | undefined;
};

/** Options of connections. Throws UnreadableFileError, ClientCertificateInvalidError. */
export function secureOptions({ identity, serverCertificate }: Security): SecureContextOptions | undefined {
  const pinned = serverCertificate === undefined ? undefined : pinOf(serverCertificate);
  if (identity === undefined) return pinned;
  const { certificate, privateKey } = identity;
  const files = { cert: read(certificate), key: read(privateKey) };
  try {
    createSecureContext(files);
  } catch (error) {
    throw new ClientCertificateInvalidError(certificate, privateKey, error);
  }
  return { ...files, ...pinned };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Trusts this certificate and no other. Undefined if it cannot be read: the server may belong to another user. */
function pinOf(path: string) {
  try {
    const ca = new X509Certificate(readFileSync(path)).toString();
    return { ca, allowPartialTrustChain: true, checkServerIdentity: () => undefined };
  } catch {
    return undefined;
  }
}

/** Does what `fetch` does, over a connection with these options. Content of other types than text is sent as a stream. */
export function secureFetch(
  url: URL,
  options: SecureContextOptions,
  { method, headers, body, signal }: SentRequest,
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const fail = (error: unknown) => reject(new TypeError("fetch failed", { cause: error }));
  const sending = request(url, { ...options, method, headers, ...(signal !== null && { signal }) });
  sending.once("response", (incoming) => resolve(responseOf(incoming))).on("error", fail);
  const content = typeof body === "string" ? body : new Response(body).body;
  if (content === null || typeof content === "string") sending.end(content ?? undefined);
  else pipeline(content, sending).catch(fail);
  return promise;
}

const WITHOUT_BODY = new Set([204, 205, 304]);

function responseOf(incoming: IncomingMessage): Response {
  const headers = Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const { statusCode: status = 500 } = incoming;
  if (WITHOUT_BODY.has(status)) incoming.resume();
  return new Response(WITHOUT_BODY.has(status) ? null : Readable.toWeb(incoming), { status, headers });
}
