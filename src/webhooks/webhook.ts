import type { RunId, WebhookId } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { NotificationFormat, WebhookEventType, WebhookSpec } from "../kernel/webhooks/webhook-spec.ts";

/** The principal whose rights limit the events: the one that created the webhook or changed it last. */
export type WebhookOwner = { readonly id: string; readonly kind: string; readonly name: string };

export type Webhook = {
  readonly workspace: string;
  readonly id: WebhookId;
  readonly spec: WebhookSpec;
  readonly owner: WebhookOwner;
  /** Undefined for a webhook of events; one of a run sends notifications. */
  readonly notification: Notification | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Until then requests are also signed with the previous secret; 0 without one. */
  readonly previousUntilMs: number;
  /** Why and since when it delivers nothing, although it is enabled. */
  readonly stopped: { readonly reason: string; readonly atMs: number } | undefined;
  /** The first of the attempts that failed since the last success; undefined without one. */
  readonly failingSinceMs: number | undefined;
  /** The number of the newest event. */
  readonly lastN: number;
  /** Deliveries that wait. */
  readonly pending: number;
  /** Events that were left out because too many deliveries waited, and when that happened last. */
  readonly dropped: { readonly count: number; readonly atMs: number };
};
/** What a webhook has besides that notifies one receiver of one run. It is deleted with the run. */
export type Notification = {
  readonly run: RunId;
  /** Chosen by its client, unique for the run. */
  readonly name: string;
  readonly format: NotificationFormat;
  /** Where the links of a notification lead. */
  readonly base: string;
  /** Token and credentials, encrypted. */
  readonly sealed: string;
};
export type Notifying = Webhook & { readonly notification: Notification };

export const isNotifying = (webhook: Webhook): webhook is Notifying => webhook.notification !== undefined;

export type WebhookKey = Pick<Webhook, "workspace" | "id">;

/** An event as it happened: metadata, and the journal entry that has its content. */
export type WebhookEvent = {
  readonly type: WebhookEventType;
  readonly workspace: string;
  readonly atMs: number;
  /** Undefined for an event that is of no agent. */
  readonly agent: string | undefined;
  readonly data: JsonObject;
  readonly entry: { readonly runId: RunId; readonly seq: number } | undefined;
};

export const DELIVERY_STATES = ["pending", "delivered", "dead"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One attempt. `status` is undefined if there was no complete response; `error` is empty for a success. */
export type DeliveryAttempt = {
  readonly atMs: number;
  readonly durationMs: number;
  readonly status: number | undefined;
  readonly error: string;
};

/** One event for one webhook. `n` counts the events of the webhook from 1. */
export type Delivery = {
  readonly workspace: string;
  readonly webhook: WebhookId;
  readonly n: number;
  readonly event: Pick<WebhookEvent, "type" | "atMs" | "data" | "entry">;
  readonly state: DeliveryState;
  /** The next attempt; undefined for a delivery that has ended. */
  readonly dueAtMs: number | undefined;
  /** Attempts since the delivery was recorded or replayed. */
  readonly tries: number;
  /** The newest attempts, the oldest first. */
  readonly attempts: readonly DeliveryAttempt[];
};

/** The position up to which events are recorded for webhooks. */
export type Position = { readonly journal: number; readonly changes: number };

/** An entry of the journal, with facts of its run; `body` is the event without its content. */
export type JournalRow = {
  readonly seq: number;
  readonly runId: RunId;
  readonly atMs: number;
  readonly workspace: string;
  readonly agent: string;
  readonly revision: number;
  readonly thread: string | undefined;
  readonly body: string;
};

/** The result of an attempt for its delivery. `dueAtMs` is undefined for a delivery that has ended. */
export type Settled = Pick<Delivery, "state" | "dueAtMs" | "tries"> & { readonly attempt: DeliveryAttempt };

/** The webhook that has deliveries, and the time of the earliest one. */
export type Lane = WebhookKey & { readonly dueAtMs: number; readonly isOfRun: boolean };

/** Where webhooks and their deliveries are stored. Each writing method is one transaction. Throws storage errors. */
export interface WebhookStore {
  find(workspace: string, id: WebhookId): Webhook | undefined;
  /** Those of events, in the order of their creation. */
  list(workspace: string): readonly Webhook[];
  /** Those of a run, in the order of their creation. */
  ofRun(run: RunId): readonly Notifying[];
  /** Whether a webhook of a run is active. */
  isNotifying(): boolean;
  /** Webhooks of events in all workspaces that are enabled and not stopped. */
  active(): readonly Webhook[];
  /** Inserts a webhook, or replaces what its owner chooses. The first that is active begins with the newest events. Returns the position after which its events are recorded. */
  put(webhook: Webhook): Promise<Position>;
  /** Stops a webhook, unless it was changed or stopped meanwhile. Returns whether it was stopped. */
  stop(
    webhook: Pick<Webhook, "workspace" | "id" | "updatedAtMs">,
    stopped: NonNullable<Webhook["stopped"]>,
  ): Promise<boolean>;
  /** Deletes a webhook with its deliveries. */
  delete(key: WebhookKey): Promise<void>;
  position(): Position;
  /** The newest positions of journal and change log. */
  newest(): Position;
  /** Entries of these types after a position up to another one, oldest first. */
  entries(
    types: readonly string[],
    range: { readonly after: number; readonly through: number },
    limit: number,
  ): readonly JournalRow[];
  /** The newest entry of these types up to a position, of a run or of the one that has it last. */
  newestEntry(types: readonly string[], run: RunId, through: number): JournalRow | undefined;
  /**
   * Records deliveries together with the position after their events. Those of webhooks that are not active are left out. `notified` are
   * events of runs; the active webhooks of these runs, and of those that were handed off to them, get a delivery each. Returns whether any was recorded.
   */
  record(recorded: Recorded, position: Position): Promise<boolean>;
  /** Records one delivery of a webhook, active or not, and returns it; undefined if there is no such webhook. */
  add(delivery: NewDelivery): Promise<Delivery | undefined>;
  /** Webhooks that are active and have deliveries. */
  lanes(): readonly Lane[];
  /** The deliveries of a webhook that are due first. */
  next(key: WebhookKey, limit: number): readonly Delivery[];
  /** Records an attempt, and whether the webhook is failing. Does nothing for a delivery that is deleted or has ended. */
  settle(delivery: Delivery, settled: Settled): Promise<void>;
  delivery(key: WebhookKey, n: number): Delivery | undefined;
  /** The newest deliveries before a number. */
  deliveries(
    key: WebhookKey,
    page: { readonly state?: DeliveryState | undefined; readonly before: number | undefined; readonly limit: number },
  ): readonly Delivery[];
  /** Makes a delivery due again, or all dead ones. Returns how many. */
  replay(key: WebhookKey, n: number | undefined, atMs: number): Promise<number>;
  /** The content of an entry; undefined if it is deleted. */
  content(entry: NonNullable<WebhookEvent["entry"]>): JsonObject | undefined;
}

export type Recorded = {
  readonly deliveries: readonly NewDelivery[];
  readonly notified: readonly { readonly event: RunEvent; readonly dueAtMs: number }[];
};
/** An event that has an entry in the journal of a run. */
export type RunEvent = WebhookEvent & { readonly entry: NonNullable<WebhookEvent["entry"]> };
export type NewDelivery = WebhookKey & { readonly event: Delivery["event"]; readonly dueAtMs: number };

/** The id of a delivery, the same in each attempt. It has no full stop, which separates the signed parts. */
export const deliveryIdOf = ({ webhook, n }: Pick<Delivery, "webhook" | "n">): string =>
  `msg_${webhook.replaceAll("-", "")}_${n}`;

/** The number that the id of a delivery of this webhook has; undefined for any other text. */
export function numberOf(webhook: WebhookId, id: string): number | undefined {
  const prefix = deliveryIdOf({ webhook, n: 0 }).slice(0, -1);
  const digits = id.startsWith(prefix) ? id.slice(prefix.length) : "";
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined;
}
