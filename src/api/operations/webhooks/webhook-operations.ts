import type { Principal } from "../../../access/index.ts";
import { WebhookId } from "../../../kernel/ids.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { type Delivery, deliveryIdOf, type Webhook } from "../../../webhooks/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import { cursors } from "../handles.ts";
import { instant, instantOrNull } from "../instant.ts";
import { decodeCursor, pageByKey, pageOf } from "../page.ts";
import { implement } from "../perform.ts";

const SECOND_MS = 1_000;

function stateOf({ spec, stopped, pending, failingSinceMs }: Webhook): contract.Webhook["state"] {
  if (!spec.enabled) return "disabled";
  if (stopped !== undefined) return "stopped";
  if (pending >= LIMITS.webhookQueueMax) return "full";
  return failingSinceMs === undefined ? "active" : "failing";
}

const present = (webhook: Webhook): contract.Webhook => ({
  id: webhook.id,
  ...webhook.spec,
  owner: webhook.owner,
  created_at: instant(webhook.createdAtMs),
  updated_at: instant(webhook.updatedAtMs),
  state: stateOf(webhook),
  stopped:
    webhook.stopped === undefined ? null : { since: instant(webhook.stopped.atMs), reason: webhook.stopped.reason },
  failing_since: instantOrNull(webhook.failingSinceMs),
  previous_secret_until: webhook.previousUntilMs === 0 ? null : instant(webhook.previousUntilMs),
  sequence: webhook.lastN,
  pending: webhook.pending,
  dropped: webhook.dropped.count,
  dropped_at: webhook.dropped.count === 0 ? null : instant(webhook.dropped.atMs),
});

const presentDelivery = (delivery: Delivery): contract.WebhookDelivery => ({
  id: deliveryIdOf(delivery),
  sequence: delivery.n,
  type: delivery.event.type,
  timestamp: instant(delivery.event.atMs),
  data: delivery.event.data,
  state: delivery.state,
  next_attempt_at: instantOrNull(delivery.dueAtMs),
  attempts: delivery.attempts.map(({ atMs, durationMs, status, error }) => ({
    at: instant(atMs),
    duration_ms: durationMs,
    status: status ?? null,
    error: error === "" ? null : error,
  })),
});

const ownerOf = ({ id, kind, name }: Principal): Webhook["owner"] => ({ id, kind, name });

const list = implement(operations.webhook.list, ({ webhooks: { webhooks } }, query, { principal }) =>
  pageByKey(webhooks.list(principal.workspace).map(present), ({ id }) => id, query, cursors.webhooks),
);

/** Throws WebhookInvalidError, ExpressionInvalidError, WebhookRightsError, WebhooksFullError, SecretsFullError, SecretKeyFileError. */
const create = implement(operations.webhook.create, async ({ webhooks }, spec, { principal, asked }) => {
  const id = asked && WebhookId.parse(asked.request);
  const { workspace } = principal;
  const { webhook, secret } = await webhooks.webhooks.create({ id, workspace, spec, owner: ownerOf(principal) });
  return { ...present(webhook), secret };
});

/** Throws WebhookNotFoundError. */
const get = implement(operations.webhook.get, ({ webhooks: { webhooks } }, { id }, { principal }) =>
  present(webhooks.get(principal.workspace, id)),
);

/** Throws WebhookNotFoundError, WebhookInvalidError, ExpressionInvalidError, WebhookRightsError. */
const update = implement(operations.webhook.update, async ({ webhooks }, { id, ...change }, { principal }) =>
  present(await webhooks.webhooks.update(principal.workspace, id, change, ownerOf(principal))),
);

/** Throws WebhookNotFoundError. */
const remove = implement(operations.webhook.delete, async ({ webhooks }, { id: ref }, { principal }) => {
  const { id } = await webhooks.webhooks.delete(principal.workspace, ref);
  return { id };
});

/** Throws WebhookNotFoundError, SecretsFullError, SecretKeyFileError. */
const rotate = implement(operations.webhook.rotate, async ({ webhooks }, { id, grace }, { principal }) => {
  const graceMs = grace * SECOND_MS;
  const { webhook, secret } = await webhooks.webhooks.rotate(principal.workspace, id, graceMs, principal.id);
  return { ...present(webhook), secret };
});

/** Throws WebhookNotFoundError. */
const test = implement(operations.webhook.test, async ({ webhooks }, { id }, { principal }) =>
  presentDelivery(await webhooks.webhooks.test(principal.workspace, id)),
);

/** Throws WebhookNotFoundError. */
const deliveries = implement(
  operations.webhook.deliveries,
  ({ webhooks: { webhooks } }, { id, state, cursor, limit }, { principal }) => {
    const [before] = decodeCursor(cursors.webhookDeliveries, cursor) ?? [];
    const found = webhooks.deliveries(principal.workspace, id, { state, before, limit: limit + 1 });
    const { rows, next } = pageOf(found, limit, ({ n }) => cursors.webhookDeliveries.encode(n));
    return { items: rows.map(presentDelivery), next };
  },
);

/** Throws WebhookNotFoundError, WebhookDeliveryNotFoundError. */
const replay = implement(operations.webhook.replay, async ({ webhooks }, { id, delivery }, { principal }) => ({
  replayed: await webhooks.webhooks.replay(principal.workspace, id, delivery),
}));

export const webhookOperations = [list, create, get, update, remove, rotate, test, deliveries, replay] as const;
