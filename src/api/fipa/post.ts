import { request } from "node:http";
import { request as secureRequest } from "node:https";
import { randomUUID } from "node:crypto";
import { type AclMessage, type AgentIdentifier, writeAcl } from "../../messaging/acl/index.ts";
import { writeEnvelope } from "./envelope.ts";
import { writeParts } from "./multipart.ts";
import { type Reach } from "./reach.ts";

/** Outcome of one delivery over HTTP. */
export type Posted =
  | { readonly type: "delivered" }
  /** It would be refused again: the address is not allowed, or the other side says that the request is wrong. */
  | { readonly type: "rejected"; readonly reason: string }
  | { readonly type: "failed"; readonly reason: string };

export type Posting = {
  readonly message: AclMessage;
  readonly from: AgentIdentifier;
  readonly to: AgentIdentifier;
  readonly atMs: number;
};

const TIMEOUT_MS = 10_000;

/** Brings a message to the first address of its receiver that takes it. Never rejects. */
export async function post(reach: Reach, { message, from, to, atMs }: Posting, signal: AbortSignal): Promise<Posted> {
  const payload = Buffer.from(writeAcl(message));
  const envelope = writeEnvelope(from, to, { bytes: payload.length, atMs });
  let outcome: Posted = { type: "rejected", reason: `no address is known of ${to.name}` };
  for (const address of to.addresses) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const host = url && (await reach.resolve(url));
    if (url === undefined || host === undefined) {
      outcome = { type: "rejected", reason: `${address} is not allowed: fipa.allow has no address of it` };
      continue;
    }
    outcome = await send(url, host, { envelope, payload, signal });
    if (outcome.type === "delivered") return outcome;
  }
  return outcome;
}

function send(
  url: URL,
  host: string,
  { envelope, payload, signal }: { readonly envelope: string; readonly payload: Buffer; readonly signal: AbortSignal },
): Promise<Posted> {
  const boundary = randomUUID();
  const body = writeParts(boundary, envelope, payload);
  const { promise, resolve } = Promise.withResolvers<Posted>();
  const failed = (error: Error): void => resolve({ type: "failed", reason: `${url.href}: ${error.message}` });
  const isSecure = url.protocol === "https:";
  const sending = (isSecure ? secureRequest : request)(
    {
      // The certificate must be valid for the name in the Host header.
      host,
      port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
      method: "POST",
      // The whole address, as the transport's specification has it.
      path: url.href,
      // Others answer without a length, so that only the end of the connection ends the answer.
      agent: false,
      headers: {
        Host: url.host,
        "Cache-Control": "no-cache",
        "Mime-Version": "1.0",
        "Content-Type": `multipart/mixed ; boundary="${boundary}"`,
        "Content-Length": body.length,
        Connection: "close",
      },
      timeout: TIMEOUT_MS,
      signal,
    },
    (response) => {
      response.resume();
      response.on("error", () => {});
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) resolve({ type: "delivered" });
      else
        resolve({
          type: statusCode >= 400 && statusCode < 500 ? "rejected" : "failed",
          reason: `${url.href} answered ${statusCode}`,
        });
    },
  );
  sending.on("timeout", () => sending.destroy(new Error("no answer in time")));
  sending.on("error", failed);
  sending.end(body);
  return promise;
}
