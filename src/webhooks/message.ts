import type { Json, JsonObject } from "../kernel/json.ts";
import { LIMITS } from "../kernel/quantities.ts";
import type { Outgoing } from "./attempt.ts";
import { signatureHeaders } from "./signature.ts";
import { type Delivery, deliveryIdOf, type Webhook } from "./webhook.ts";

/** Writes the request of a delivery. Throws WebhookRightsError. */
export type Serialize = (delivery: Delivery, webhook: Webhook, atMs: number) => Outgoing | Promise<Outgoing>;

export type MessageParts = {
  readonly version: string;
  /** The secrets that sign, the newest first. */
  readonly secretsOf: (webhook: Webhook, atMs: number) => readonly string[];
  /** The content of an event; undefined if it is deleted. */
  readonly contentOf: (entry: NonNullable<Delivery["event"]["entry"]>) => JsonObject | undefined;
};

/** Members of the journal's content that are delivered. Prompts of the system and recalled memory are not. */
const DELIVERED = ["input", "output", "arguments", "message", "question", "options", "schema", "answer", "structured"];

/** Writes requests as Standard Webhooks specifies them. The body is the same in each attempt, as long as the content is kept. */
export const standardMessages =
  ({ version, secretsOf, contentOf }: MessageParts) =>
  (delivery: Delivery, webhook: Webhook, atMs: number): Outgoing => {
    const { type, atMs: happenedMs, data, entry } = delivery.event;
    const content = webhook.spec.content && entry !== undefined ? bounded(contentOf(entry)) : undefined;
    const id = deliveryIdOf(delivery);
    const body = JSON.stringify({
      id,
      type,
      timestamp: new Date(happenedMs).toISOString(),
      workspace: webhook.workspace,
      sequence: delivery.n,
      data: content === undefined ? data : { ...data, ...content },
    });
    const headers = {
      "content-type": "application/json",
      "user-agent": `caxton/${version}`,
      ...signatureHeaders({ id, atMs, body, secrets: secretsOf(webhook, atMs) }),
    };
    return { url: webhook.spec.url, headers, body };
  };

function bounded(content: JsonObject | undefined): JsonObject {
  if (content === undefined) return { content: null, content_omitted: "deleted" };
  const found: [string, Json][] = DELIVERED.flatMap((name) => {
    const value = content[name];
    return value === undefined ? [] : [[name, value]];
  });
  if (Buffer.byteLength(JSON.stringify(found)) > LIMITS.webhookContentBytesMax)
    return { content: null, content_omitted: "too large" };
  return found.length === 0 ? {} : { content: Object.fromEntries(found) };
}
