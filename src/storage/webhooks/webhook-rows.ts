import * as z from "zod";
import { RunId, WebhookId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import { isWebhookEventType, NotificationFormat, WebhookSpec } from "../../kernel/webhooks/webhook-spec.ts";
import {
  type Delivery,
  type DeliveryAttempt,
  DELIVERY_STATES,
  type JournalRow,
  type Position,
  type Webhook,
} from "../../webhooks/index.ts";

const optional = z
  .int()
  .nullable()
  .transform((value) => value ?? undefined);
const Owner = z.object({ id: z.string(), kind: z.string(), name: z.string() });

const Notification = z.object({ name: z.string(), format: NotificationFormat, base: z.string(), sealed: z.string() });

export const WebhookRow = z
  .object({
    workspace: z.string(),
    id: WebhookId,
    run_id: RunId.nullable(),
    notification: z.string().nullable(),
    spec: z.string(),
    owner: z.string(),
    created_at_ms: z.int(),
    updated_at_ms: z.int(),
    previous_until_ms: z.int(),
    stopped_reason: z.string().nullable(),
    stopped_at_ms: z.int().nullable(),
    failing_since_ms: optional,
    last_n: z.int(),
    pending: z.int(),
    dropped: z.int(),
    dropped_at_ms: z.int(),
  })
  .transform((row): Webhook => ({
    workspace: row.workspace,
    id: row.id,
    spec: WebhookSpec.parse(JSON.parse(row.spec)),
    owner: Owner.parse(JSON.parse(row.owner)),
    notification:
      row.run_id === null || row.notification === null
        ? undefined
        : { run: row.run_id, ...Notification.parse(JSON.parse(row.notification)) },
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    previousUntilMs: row.previous_until_ms,
    stopped: row.stopped_at_ms === null ? undefined : { reason: row.stopped_reason ?? "", atMs: row.stopped_at_ms },
    failingSinceMs: row.failing_since_ms,
    lastN: row.last_n,
    pending: row.pending,
    dropped: { count: row.dropped, atMs: row.dropped_at_ms },
  }));

export const Attempt = z
  .object({ at: z.int(), ms: z.int(), status: z.int().nullable(), error: z.string() })
  .transform(({ at, ms, status, error }): DeliveryAttempt => ({
    atMs: at,
    durationMs: ms,
    status: status ?? undefined,
    error,
  }));

export const DeliveryRow = z
  .object({
    workspace: z.string(),
    webhook_id: WebhookId,
    n: z.int(),
    type: z.string().refine(isWebhookEventType),
    at_ms: z.int(),
    data: z.string(),
    run_id: RunId.nullable(),
    journal_seq: z.int().nullable(),
    state: z.enum(DELIVERY_STATES),
    due_at_ms: optional,
    tries: z.int(),
    attempts: z.string(),
  })
  .transform((row): Delivery => ({
    workspace: row.workspace,
    webhook: row.webhook_id,
    n: row.n,
    event: {
      type: row.type,
      atMs: row.at_ms,
      data: JsonObject.parse(JSON.parse(row.data)),
      entry: row.run_id === null || row.journal_seq === null ? undefined : { runId: row.run_id, seq: row.journal_seq },
    },
    state: row.state,
    dueAtMs: row.due_at_ms,
    tries: row.tries,
    attempts: z.array(Attempt).parse(JSON.parse(row.attempts)),
  }));

export const EntryRow = z
  .object({
    seq: z.int(),
    run_id: RunId,
    at_ms: z.int(),
    workspace: z.string(),
    agent: z.string(),
    revision: z.int(),
    thread: z.string().nullable(),
    body: z.string(),
  })
  .transform((row): JournalRow => ({
    seq: row.seq,
    runId: row.run_id,
    atMs: row.at_ms,
    workspace: row.workspace,
    agent: row.agent,
    revision: row.revision,
    thread: row.thread ?? undefined,
    body: row.body,
  }));
export const LaneRow = z.object({ workspace: z.string(), id: WebhookId, due: z.int().nullable(), is_of_run: z.int() });
export const KeyRow = z.object({ workspace: z.string(), id: WebhookId });
export const PositionRow = z
  .object({ journal_seq: z.int(), change_seq: z.int() })
  .transform((row): Position => ({ journal: row.journal_seq, changes: row.change_seq }));
export const Counts = z.object({ last_n: z.int(), pending: z.int(), is_active: z.int() });
