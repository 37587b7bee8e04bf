import { WebhookInvalidError } from "./errors.ts";

/** Throws WebhookInvalidError for a URL without TLS, unless the operator permits its origin. */
export function requireTarget(url: string, privateOrigins: readonly string[]): void {
  const { protocol, origin } = new URL(url);
  if (protocol === "https:" || privateOrigins.includes(origin)) return;
  const hint = `If it is meant, add to caxton.toml:\n[webhooks]\nprivate_origins = ["${origin}"]`;
  throw new WebhookInvalidError("url", "expected https", hint);
}
