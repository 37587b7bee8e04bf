import { KeyedMutex } from "../kernel/async/keyed-mutex.ts";
import type { Clock } from "../kernel/clock.ts";
import { CaxtonError } from "../kernel/errors.ts";
import { mint, type RunId, WebhookId } from "../kernel/ids.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { type WebhookEventType, WebhookSpec } from "../kernel/webhooks/webhook-spec.ts";
import type { Outgoing } from "./attempt.ts";
import { NotificationNotFoundError, NotificationsFullError, ownerGone, WebhookRightsError } from "./errors.ts";
import { journalEvent, journalTypesOf } from "./journal-events.ts";
import type { NotificationCredentials, NotificationSecrets } from "./secrets.ts";
import type { Sender } from "./sender.ts";
import { requireTarget } from "./targets.ts";
import {
  type Delivery,
  deliveryIdOf,
  type Notification,
  type Notifying,
  type RunEvent,
  type WebhookEvent,
  type WebhookOwner,
  type WebhookStore,
} from "./webhook.ts";

/**
 * Writes what a notification says of its run, as its owner may read it now; undefined if the credentials of the owner are gone. Throws
 * errors of the kinds denied and not-found if the owner may not read it.
 */
export type WriteNotification = (
  webhook: Notifying,
  event: Delivery["event"],
) => Promise<{ readonly mediaType: string; readonly body: string } | undefined>;

export type NotificationsParts = {
  readonly store: WebhookStore;
  readonly clock: Clock;
  readonly secrets: NotificationSecrets;
  readonly sender: Pick<Sender, "wake" | "reset" | "forget">;
  readonly privateOrigins: readonly string[];
};

type NewNotification = Omit<Notification, "sealed"> & {
  readonly workspace: string;
  readonly url: string;
  readonly owner: WebhookOwner;
  readonly credentials: NotificationCredentials;
};

const NOTIFIED = new Set<WebhookEventType>([
  "run.started",
  "run.resumed",
  "run.waiting",
  "run.completed",
  "run.failed",
  "run.cancelled",
]);
const JOURNAL_TYPES = journalTypesOf(NOTIFIED);

/** Whether receivers are notified of an event: a run that waits for another agent works, and one that was handed off continues. */
export const isNotified = (event: WebhookEvent): event is RunEvent =>
  event.entry !== undefined &&
  NOTIFIED.has(event.type) &&
  event.data["handed_to"] === undefined &&
  event.data["state"] !== "awaiting-reply";

/**
 * Receivers that are notified of what happens to one run: webhooks with the form and the credentials of another protocol.
 * webhooks.notifications.N1. A receiver that is set is notified of the state in which the run is: no end is missed between the start of a
 *   run and this.
 */
export class Notifications {
  readonly #parts: NotificationsParts;
  readonly #changing = new KeyedMutex<RunId>();

  constructor(parts: NotificationsParts) {
    this.#parts = parts;
  }

  /** Throws WebhookInvalidError for a URL that notifications may not be sent to. */
  check(url: string): void {
    requireTarget(url, this.#parts.privateOrigins);
  }

  /** In the order of their creation, with what each sends to authenticate itself. */
  list(run: RunId): readonly { readonly webhook: Notifying; readonly credentials: NotificationCredentials }[] {
    const { store, secrets } = this.#parts;
    return store.ofRun(run).map((webhook) => ({ webhook, credentials: secrets.open(webhook) }));
  }

  /** Replaces the receiver of the same name. Throws WebhookInvalidError, NotificationsFullError, SecretKeyFileError. */
  set(given: NewNotification): Promise<Notifying> {
    const { workspace, run, name, format, base, url, owner } = given;
    return this.#changing.run(run, async () => {
      const { store, clock, secrets, sender } = this.#parts;
      this.check(url);
      const others = store.ofRun(run);
      const before = others.find(({ notification }) => notification.name === name);
      const max = LIMITS.notificationsPerRunMax;
      if (before === undefined && others.length >= max) throw new NotificationsFullError(max);
      const nowMs = clock.nowMs();
      const sealed = await secrets.seal({ workspace, url, by: owner.id }, given.credentials);
      const webhook: Notifying = {
        createdAtMs: nowMs,
        previousUntilMs: 0,
        lastN: 0,
        pending: 0,
        dropped: { count: 0, atMs: 0 },
        id: mint(WebhookId),
        ...before,
        workspace,
        spec: WebhookSpec.parse({ url, events: ["run.*"], content: true, description: `notifications of run ${run}` }),
        owner,
        notification: { run, name, format, base, sealed },
        updatedAtMs: Math.max(nowMs, (before?.updatedAtMs ?? 0) + 1),
        stopped: undefined,
        failingSinceMs: undefined,
      };
      const { journal } = await store.put(webhook);
      if (webhook.lastN === 0) await this.#catchUp(webhook, journal);
      sender.reset(webhook.id);
      return webhook;
    });
  }

  /** Throws NotificationNotFoundError. */
  delete(run: RunId, name: string): Promise<void> {
    return this.#changing.run(run, async () => {
      const { store, sender } = this.#parts;
      const found = store.ofRun(run).find(({ notification }) => notification.name === name);
      if (found === undefined) throw new NotificationNotFoundError(run, name);
      await store.delete(found);
      sender.forget(found.id);
    });
  }

  /** Writes the request of a notification. Throws WebhookRightsError. */
  async request(write: WriteNotification, webhook: Notifying, delivery: Delivery): Promise<Outgoing> {
    const { token, authentication } = this.#parts.secrets.open(webhook);
    try {
      const written = await write(webhook, delivery.event);
      if (written === undefined) throw ownerGone(webhook.owner);
      const headers = {
        "content-type": written.mediaType,
        "webhook-id": deliveryIdOf(delivery),
        ...(token !== undefined && { "x-a2a-notification-token": token }),
        ...(authentication && { authorization: `${authentication.scheme} ${authentication.credentials}` }),
      };
      return { url: webhook.spec.url, headers, body: written.body };
    } catch (error) {
      if (error instanceof WebhookRightsError || !(error instanceof CaxtonError) || !LOST.has(error.kind)) throw error;
      throw new WebhookRightsError("", error.message);
    }
  }

  /** Records the state of the run, if its entry is not after `through`: what follows is recorded as for every webhook. */
  async #catchUp({ workspace, id, notification }: Notifying, through: number): Promise<void> {
    const { store, clock } = this.#parts;
    const row = store.newestEntry(JOURNAL_TYPES, notification.run, through);
    const event = row && journalEvent(row);
    if (event === undefined || !isNotified(event)) return;
    await store.add({ workspace, id, event, dueAtMs: clock.nowMs() });
  }
}

const LOST = new Set<CaxtonError["kind"]>(["denied", "not-found"]);
