import { CaxtonError } from "../kernel/errors.ts";

/** There is no webhook of that id. */
export class WebhookNotFoundError extends CaxtonError<{ readonly webhook: string }> {
  readonly code = "WEBHOOK_NOT_FOUND";
  readonly kind = "not-found";
  constructor(webhook: string) {
    super(`there is no webhook ${webhook}`, "`caxton webhook list` prints the webhooks of the workspace.", { webhook });
  }
}

/** The webhook has no such delivery, or it is no longer kept. */
export class WebhookDeliveryNotFoundError extends CaxtonError<{ readonly delivery: string }> {
  readonly code = "WEBHOOK_DELIVERY_NOT_FOUND";
  readonly kind = "not-found";
  constructor(webhook: string, delivery: string) {
    super(
      `the webhook has no delivery ${delivery}`,
      `\`caxton webhook deliveries ${webhook}\` prints the deliveries that are kept.`,
      { delivery },
    );
  }
}

/** The run has no receiver of notifications of that name. */
export class NotificationNotFoundError extends CaxtonError<{ readonly run: string; readonly name: string }> {
  readonly code = "NOTIFICATION_NOT_FOUND";
  readonly kind = "not-found";
  constructor(run: string, name: string) {
    super(`the run ${run} has no notification ${name}`, "List the notifications of the run.", { run, name });
  }
}

/** The maximum number of receivers of notifications of one run is reached. */
export class NotificationsFullError extends CaxtonError<{ readonly max: number }> {
  readonly code = "NOTIFICATIONS_FULL";
  readonly kind = "exhausted";
  constructor(max: number) {
    super(`the run has ${max} notifications`, "Delete those that are not needed.", { max });
  }
}

/** The webhook could never deliver an event. */
export class WebhookInvalidError extends CaxtonError<{ readonly field: string }> {
  readonly code = "WEBHOOK_INVALID";
  readonly kind = "invalid";
  constructor(field: string, message: string, hint: string) {
    super(`${field}: ${message}`, hint, { field });
  }
}

/** The owner may not read the events of a webhook. */
export class WebhookRightsError extends CaxtonError<{ readonly permission: string }> {
  readonly code = "WEBHOOK_RIGHTS";
  readonly kind = "denied";
  constructor(permission: string, reason: string) {
    super(reason, "Subscribe to other events, or use a principal that has the permission.", { permission });
  }
}

export const ownerGone = ({ kind, name }: { readonly kind: string; readonly name: string }): WebhookRightsError =>
  new WebhookRightsError("", `the credentials of its owner, ${kind} ${name}, are gone`);

/** The maximum number of webhooks of one workspace, or of attempts at the same time, is reached. */
export class WebhooksFullError extends CaxtonError<{ readonly max: number }> {
  readonly code = "WEBHOOKS_FULL";
  readonly kind = "exhausted";
  constructor(max: number, what: "webhooks" | "attempts") {
    const message = what === "webhooks" ? `the workspace has ${max} webhooks` : "too many deliveries are being sent";
    const hint =
      what === "webhooks"
        ? "Delete webhooks that are not needed."
        : "Wait until their targets answer, at most 10 s, and test again.";
    super(message, hint, { max });
  }
}
