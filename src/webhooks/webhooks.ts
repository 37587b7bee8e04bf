import { KeyedMutex } from "../kernel/async/keyed-mutex.ts";
import type { Clock } from "../kernel/clock.ts";
import { mint, WebhookId } from "../kernel/ids.ts";
import { log } from "../kernel/log.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { type WebhookChange, WebhookSpec } from "../kernel/webhooks/webhook-spec.ts";
import {
  WebhookDeliveryNotFoundError,
  WebhookInvalidError,
  WebhookNotFoundError,
  WebhooksFullError,
} from "./errors.ts";
import type { WebhookSecrets } from "./secrets.ts";
import type { Sender } from "./sender.ts";
import { type PermissionsOf, requireRights } from "./stopping.ts";
import { filterOf, type Subscribers } from "./subscribers.ts";
import { requireTarget } from "./targets.ts";
import {
  type Delivery,
  deliveryIdOf,
  isNotifying,
  numberOf,
  type Webhook,
  type WebhookOwner,
  type WebhookStore,
} from "./webhook.ts";

export type WebhooksParts = {
  readonly store: WebhookStore;
  readonly clock: Clock;
  readonly secrets: WebhookSecrets;
  readonly sender: Sender;
  readonly subscribers: Subscribers;
  readonly permissionsOf: PermissionsOf;
  /** Origins on this machine and in private networks that the operator permits, also without TLS. */
  readonly privateOrigins: readonly string[];
};

type NewWebhook = {
  /** Default: a new one. */
  readonly id: WebhookId | undefined;
  readonly workspace: string;
  readonly spec: WebhookSpec;
  readonly owner: WebhookOwner;
};

/** A webhook with its secret, which is shown once. */
export type SecretWebhook = { readonly webhook: Webhook; readonly secret: string };

/**
 * The webhooks of workspaces.
 * webhooks.webhooks.O1. A webhook delivers what the principal that changed it last may read, so no change lends the rights of another.
 */
export class Webhooks {
  readonly #parts: WebhooksParts;
  readonly #creating = new Set<WebhookId>();
  readonly #changing = new KeyedMutex<string>();

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** In the order of their creation. */
  list(workspace: string): readonly Webhook[] {
    return this.#parts.store.list(workspace);
  }

  /** Throws WebhookNotFoundError. */
  get(workspace: string, ref: string): Webhook {
    const id = WebhookId.safeParse(ref);
    const found = id.success ? this.#parts.store.find(workspace, id.data) : undefined;
    if (found === undefined) throw new WebhookNotFoundError(ref);
    return found;
  }

  /**
   * The same id twice is one webhook, with a new secret. Throws WebhookInvalidError, ExpressionInvalidError, WebhookRightsError,
   * WebhooksFullError, and the errors of stored secrets.
   */
  create({ id = mint(WebhookId), workspace, spec, owner }: NewWebhook): Promise<SecretWebhook> {
    return this.#changing.run(workspace, async () => {
      const { store, clock, secrets } = this.#parts;
      this.#check({ workspace, spec, owner });
      const before = store.find(workspace, id);
      if (before === undefined && store.list(workspace).length >= LIMITS.webhooksMax)
        throw new WebhooksFullError(LIMITS.webhooksMax, "webhooks");
      const atMs = clock.nowMs();
      // A webhook whose secret is stored, and which is not yet.
      this.#creating.add(id);
      using stack = new DisposableStack();
      stack.defer(() => this.#creating.delete(id));
      const secret = await secrets.create({ workspace, id }, owner.id);
      const empty = { previousUntilMs: 0, stopped: undefined, failingSinceMs: undefined, lastN: 0, pending: 0 };
      const times = { createdAtMs: atMs, updatedAtMs: atMs, dropped: { count: 0, atMs: 0 } };
      const webhook = before ?? { workspace, id, spec, owner, notification: undefined, ...times, ...empty };
      if (before === undefined) await this.#put(webhook);
      return { webhook, secret };
    });
  }

  /** Deletes secrets that a crash left without their webhook. Never rejects. */
  async sweep(): Promise<void> {
    const { store, secrets } = this.#parts;
    const isThere = (workspace: string, text: string): boolean => {
      const id = WebhookId.safeParse(text);
      return id.success && (this.#creating.has(id.data) || store.find(workspace, id.data) !== undefined);
    };
    await secrets
      .sweep(isThere)
      .catch((error: unknown) => log.warn({ err: error }, "secrets of deleted webhooks were not deleted"));
  }

  /** The principal that changes a webhook becomes its owner; one that stopped continues if it is enabled. Throws as `create`, and WebhookNotFoundError. */
  update(workspace: string, ref: string, change: WebhookChange, owner: WebhookOwner): Promise<Webhook> {
    return this.#changing.run(workspace, async () => {
      const before = this.#ofEvents(workspace, ref);
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      const spec = WebhookSpec.parse({ ...before.spec, ...given });
      this.#check({ workspace, spec, owner });
      const updatedAtMs = Math.max(this.#parts.clock.nowMs(), before.updatedAtMs + 1);
      await this.#put({ ...before, spec, owner, updatedAtMs, stopped: undefined, failingSinceMs: undefined });
      this.#parts.sender.reset(before.id);
      return this.get(workspace, before.id);
    });
  }

  /** Replaces the secret. Until the end of the grace time both secrets sign. Throws WebhookNotFoundError, and the errors of stored secrets. */
  rotate(workspace: string, ref: string, graceMs: number, by: string): Promise<SecretWebhook> {
    return this.#changing.run(workspace, async () => {
      const { clock, secrets } = this.#parts;
      const before = this.#ofEvents(workspace, ref);
      const secret = await secrets.rotate(before, by);
      await this.#put({ ...before, previousUntilMs: clock.nowMs() + graceMs });
      return { webhook: this.get(workspace, ref), secret };
    });
  }

  /** Deletes a webhook with its deliveries. Throws WebhookNotFoundError. */
  delete(workspace: string, ref: string): Promise<Webhook> {
    return this.#changing.run(workspace, async () => {
      const { store, secrets, sender, subscribers } = this.#parts;
      const webhook = this.get(workspace, ref);
      await secrets.delete(webhook);
      await store.delete(webhook);
      subscribers.changed();
      sender.forget(webhook.id);
      return webhook;
    });
  }

  /** Sends a test event, also for a webhook that is disabled or stopped, and returns its delivery after the first attempt. Throws WebhookNotFoundError, WebhooksFullError. */
  async test(workspace: string, ref: string): Promise<Delivery> {
    const { store, clock, sender } = this.#parts;
    const { id } = this.#ofEvents(workspace, ref);
    const atMs = clock.nowMs();
    const event = { type: "webhook.test", atMs, data: { webhook: id }, entry: undefined } as const;
    const added = await sender.send({ workspace, id }, () => store.add({ workspace, id, event, dueAtMs: atMs }));
    if (added === undefined) throw new WebhookNotFoundError(ref);
    return this.delivery(workspace, ref, deliveryIdOf(added));
  }

  /** Throws WebhookNotFoundError, WebhookDeliveryNotFoundError. */
  delivery(workspace: string, ref: string, id: string): Delivery {
    const webhook = this.get(workspace, ref);
    const n = numberOf(webhook.id, id);
    const found = n === undefined ? undefined : this.#parts.store.delivery(webhook, n);
    if (found === undefined) throw new WebhookDeliveryNotFoundError(webhook.id, id);
    return found;
  }

  /** The newest first. Throws WebhookNotFoundError. */
  deliveries(workspace: string, ref: string, page: Parameters<WebhookStore["deliveries"]>[1]): readonly Delivery[] {
    return this.#parts.store.deliveries(this.get(workspace, ref), page);
  }

  /** Sends a delivery again with its id, or all dead ones. Returns how many. Throws WebhookNotFoundError, WebhookDeliveryNotFoundError. */
  async replay(workspace: string, ref: string, id: string | undefined): Promise<number> {
    const { store, clock, sender } = this.#parts;
    const webhook = this.get(workspace, ref);
    const n = id === undefined ? undefined : this.delivery(workspace, ref, id).n;
    const count = await store.replay(webhook, n, clock.nowMs());
    sender.reset(webhook.id);
    return count;
  }

  /** Throws WebhookNotFoundError, and WebhookInvalidError for one of a run. */
  #ofEvents(workspace: string, ref: string): Webhook {
    const webhook = this.get(workspace, ref);
    if (!isNotifying(webhook)) return webhook;
    const { run, name } = webhook.notification;
    const message = `it sends the notification ${name} of run ${run}`;
    throw new WebhookInvalidError("id", message, "Set or delete the notification of the run.");
  }

  /** Throws WebhookInvalidError, ExpressionInvalidError, WebhookRightsError. */
  #check(webhook: Pick<Webhook, "workspace" | "spec" | "owner">): void {
    const { permissionsOf, privateOrigins } = this.#parts;
    filterOf(webhook.spec);
    requireTarget(webhook.spec.url, privateOrigins);
    requireRights(webhook, permissionsOf);
  }

  async #put(webhook: Webhook): Promise<void> {
    await this.#parts.store.put(webhook);
    this.#parts.subscribers.changed();
  }
}
