import { createHmac } from "node:crypto";

/** Headers of Standard Webhooks for a body. */
export function signed(
  secret: string,
  body: string,
  { id, atMs = Date.now() }: { readonly id: string; readonly atMs?: number },
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(atMs / 1_000));
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}
