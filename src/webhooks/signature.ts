import { createHmac, randomBytes } from "node:crypto";

/** A message to sign by the rules of Standard Webhooks. */
export type Signed = {
  readonly id: string;
  readonly atMs: number;
  readonly body: string;
  /** `whsec_` and the key in base64. Each of them signs, so that a receiver may have either during a rotation. */
  readonly secrets: readonly string[];
};

const PREFIX = "whsec_";
const KEY_BYTES = 32;
const SECOND_MS = 1_000;

export const newSecret = (): string => PREFIX + randomBytes(KEY_BYTES).toString("base64");

/** The headers of a message. The timestamp is that of the attempt. */
export function signatureHeaders({ id, atMs, body, secrets }: Signed): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(atMs / SECOND_MS));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
