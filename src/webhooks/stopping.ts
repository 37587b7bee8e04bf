import type { Permission } from "../access/permissions/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { ownerGone, WebhookRightsError } from "./errors.ts";
import { permissionsFor, type Subscribers } from "./subscribers.ts";
import { isNotifying, type Webhook, type WebhookOwner, type WebhookStore } from "./webhook.ts";

/** Returns the permissions of a principal as they are now; undefined if its credentials are gone. */
export type PermissionsOf = (owner: WebhookOwner, workspace: string) => ReadonlySet<Permission> | undefined;

export type StoppingParts = {
  readonly store: WebhookStore;
  readonly clock: Clock;
  readonly subscribers: Subscribers;
  readonly permissionsOf: PermissionsOf;
  /** Records in the audit log that a webhook stopped. */
  readonly audit: (webhook: Webhook) => void;
};

/** Throws WebhookRightsError if the owner may not read what a webhook delivers. */
export function requireRights(
  webhook: Pick<Webhook, "workspace" | "spec" | "owner">,
  permissionsOf: PermissionsOf,
): void {
  const { owner, workspace, spec } = webhook;
  const permissions = permissionsOf(owner, workspace);
  const who = `${owner.kind} ${owner.name}`;
  if (permissions === undefined) throw ownerGone(owner);
  for (const [permission, reason] of permissionsFor(spec))
    if (!permissions.has(permission))
      throw new WebhookRightsError(permission, `${who} lacks ${permission}, which ${reason}`);
}

/** Stops webhooks whose owners lost their rights, and those whose targets do not accept events. */
export class Stopping {
  readonly #parts: StoppingParts;

  constructor(parts: StoppingParts) {
    this.#parts = parts;
  }

  /** Writes a request; if the owner may not read what it says any more, the webhook stops, and the result is undefined. */
  async permitted<Written>(webhook: Webhook, write: () => Promise<Written>): Promise<Written | undefined> {
    try {
      // Who writes a notification checks the rights for its run.
      if (!isNotifying(webhook)) requireRights(webhook, this.#parts.permissionsOf);
      return await write();
    } catch (error) {
      if (!(error instanceof WebhookRightsError)) throw error;
      await this.stop(webhook, error.message);
      return undefined;
    }
  }

  async stop(webhook: Webhook, reason: string): Promise<void> {
    const { store, clock, subscribers, audit } = this.#parts;
    const isStopped = await store.stop(webhook, { reason, atMs: clock.nowMs() });
    subscribers.changed();
    if (!isStopped) return;
    log.warn({ workspace: webhook.workspace, webhook: webhook.id, reason }, "a webhook stopped");
    audit(webhook);
  }
}
