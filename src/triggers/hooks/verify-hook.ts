import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { HookScheme } from "../../kernel/triggers/trigger-spec.ts";

/** A request as a sender sent it. */
export type HookRequest = { readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** The sender proved that it has the secret, or why not. `id` is the same if the event is sent again. */
export type Verified =
  | { readonly type: "verified"; readonly id: string }
  | { readonly type: "refused"; readonly reason: string };

const TOLERANCE_MS = 300_000;
const SECOND_MS = 1_000;
const ID = /^[\x21-\x7E]{1,200}$/;
const STANDARD_PREFIX = "whsec_";
const SIGNATURES_MAX = 8;

const refused = (reason: string): Verified => ({ type: "refused", reason });

const textOf = ({ headers }: HookRequest, name: string): string => {
  const value = headers[name];
  return typeof value === "string" ? value : "";
};

/** In the same time for every text of the same length. */
function isSame(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

const hashOf = (body: Buffer): string => `sha256:${createHash("sha256").update(body).digest("hex")}`;

/** The id that the sender gave the event, else the hash of its body. */
function idOf(request: HookRequest, ...names: readonly string[]): string {
  const given = names.map((name) => textOf(request, name)).find((value) => ID.test(value));
  return given ?? hashOf(request.body);
}

/** Standard Webhooks: the signature covers id, time and body. */
function verifyStandard(request: HookRequest, secret: string, nowMs: number): Verified {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    textOf(request, name),
  );
  if (id === undefined || !ID.test(id)) return refused("the header webhook-id is missing");
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp))
    return refused("the header webhook-timestamp is missing");
  if (Math.abs(nowMs - Number(timestamp) * SECOND_MS) > TOLERANCE_MS)
    return refused("the time in webhook-timestamp differs from that of the server by more than 5 minutes");
  const key = Buffer.from(secret.slice(STANDARD_PREFIX.length), "base64");
  const signed = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(request.body).digest("base64");
  const given = (signatures ?? "").split(" ").slice(0, SIGNATURES_MAX);
  // During a rotation a sender signs with two secrets.
  const isSigned = given.filter((signature) => isSame(signature, `v1,${signed}`)).length > 0;
  return isSigned ? { type: "verified", id } : refused("the signature in webhook-signature does not fit");
}

function verifyGithub(request: HookRequest, secret: string): Verified {
  const signed = createHmac("sha256", secret).update(request.body).digest("hex");
  if (isSame(textOf(request, "x-hub-signature-256"), `sha256=${signed}`))
    return { type: "verified", id: idOf(request, "x-github-delivery") };
  return refused("the signature in X-Hub-Signature-256 is missing or does not fit");
}

function verifyBearer(request: HookRequest, secret: string): Verified {
  if (isSame(textOf(request, "authorization"), `Bearer ${secret}`))
    return { type: "verified", id: idOf(request, "webhook-id", "idempotency-key") };
  return refused("the header Authorization does not have the secret as its bearer token");
}

/** Checks that a request comes from a sender that has the secret. */
export function verifyHook(scheme: HookScheme, request: HookRequest, secret: string, nowMs: number): Verified {
  switch (scheme) {
    case "standard":
      return verifyStandard(request, secret, nowMs);
    case "github":
      return verifyGithub(request, secret);
    case "bearer":
      return verifyBearer(request, secret);
  }
}
