import { randomBytes } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import { TriggerId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { HookDisabledError, TriggerInvalidError, TriggerNotFoundError } from "../errors.ts";
import {
  type Fire,
  secretName,
  type SecretVault,
  type Trigger,
  triggerOfSecret,
  type TriggerStore,
} from "../trigger.ts";
import type { Triggers } from "../triggers.ts";
import { hookEvent } from "./hook-event.ts";
import { type HookRequest, verifyHook } from "./verify-hook.ts";

export type HooksParts = {
  readonly store: TriggerStore;
  readonly clock: Clock;
  readonly triggers: Triggers;
  readonly secrets: SecretVault;
};

/** `isNew` is false for an event that was received before. */
export type Received =
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "received"; readonly fire: Fire; readonly isNew: boolean };

const SECRET_BYTES = 32;
const NO_HOOK = "only a trigger of the kind webhook has a secret";

/**
 * Webhooks that start runs.
 * triggers.hooks.W1. A request fires its trigger only if its sender has proved that it has the trigger's secret.
 * triggers.hooks.W2. An event that is sent again starts nothing, and is answered with the run that it started.
 */
export class Hooks {
  readonly #parts: HooksParts;

  constructor(parts: HooksParts) {
    this.#parts = parts;
  }

  /** Receives an event. Throws TriggerNotFoundError, HookDisabledError, TriggerBusyError, SecretUnreadableError. */
  async receive(id: string, request: HookRequest): Promise<Received> {
    const { store, clock, triggers, secrets } = this.#parts;
    const trigger = TriggerId.safeParse(id).success ? store.findById(id) : undefined;
    if (trigger?.spec.kind !== "webhook") throw new TriggerNotFoundError(id);
    // Who has the secret can start runs with the owner's rights.
    const secret = secrets.read(trigger.workspace, secretName(trigger.id), trigger.owner.id);
    if (secret === undefined) return { type: "refused", reason: "the webhook has no secret yet" };
    // W1.
    const verified = verifyHook(trigger.spec.verify, request, secret, clock.nowMs());
    if (verified.type === "refused") return verified;
    const key = `hook ${verified.id}`;
    // W2.
    const before = store.fireOf(trigger, key);
    if (before !== undefined) return { type: "received", fire: before, isNew: false };
    if (!trigger.spec.enabled || trigger.stopped !== undefined) throw new HookDisabledError(id);
    const event = hookEvent(verified.id, request);
    const fire = await triggers.fire(trigger.workspace, trigger.id, { key, event, caller: undefined });
    return { type: "received", fire, isNew: true };
  }

  /** Deletes the secrets of webhooks that were deleted with their declaration. Never rejects. */
  async sweep(): Promise<void> {
    const { store, secrets } = this.#parts;
    const isUnused = ({ name }: { readonly name: string }): boolean => {
      const id = triggerOfSecret(name);
      return id !== undefined && store.findById(id) === undefined;
    };
    await secrets
      .deleteUnused(isUnused)
      .catch((error: unknown) => log.warn({ err: error }, "secrets of deleted webhooks were not deleted"));
  }

  /** Replaces the secret of a webhook, which is returned once. The principal becomes the owner of the trigger. Throws TriggerNotFoundError, TriggerInvalidError, SecretsFullError, SecretKeyFileError. */
  async rotate(workspace: string, ref: string, owner: Trigger["owner"]): Promise<{ trigger: Trigger; secret: string }> {
    const { triggers } = this.#parts;
    const { id, spec } = triggers.get(workspace, ref);
    if (spec.kind !== "webhook") throw new TriggerInvalidError({ field: "kind", message: NO_HOOK, fix: "" });
    const random = randomBytes(SECRET_BYTES);
    const secret = spec.verify === "standard" ? `whsec_${random.toString("base64")}` : random.toString("base64url");
    return { trigger: await triggers.update(workspace, id, { change: {}, owner, secret }), secret };
  }
}
