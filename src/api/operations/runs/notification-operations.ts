import type { RunId } from "../../../kernel/ids.ts";
import type { ApiServices } from "../api-services.ts";
import { type Notification, operations } from "../../contract/index.ts";
import { instant } from "../instant.ts";
import { implement } from "../perform.ts";
import { ownRun } from "./stored-run.ts";

type Found = ReturnType<ApiServices["webhooks"]["notifications"]["list"]>[number];

const present = ({ webhook, credentials }: Found): Notification => ({
  run: webhook.notification.run,
  name: webhook.notification.name,
  url: webhook.spec.url,
  token: credentials.token ?? null,
  scheme: credentials.authentication?.scheme ?? null,
  format: webhook.notification.format,
  webhook: webhook.id,
  created_at: instant(webhook.createdAtMs),
});

/** Throws RunNotFoundError. */
const list = implement(operations.notification.list, ({ runs, webhooks }, { id }, { admission }) => ({
  items: webhooks.notifications.list(ownRun(runs, admission, id)).map(present),
  next: null,
}));

/** Throws RunNotFoundError, WebhookInvalidError, NotificationsFullError, SecretKeyFileError. */
const set = implement(
  operations.notification.set,
  async ({ runs, webhooks, server }, { id, name, url, token, authentication, ...more }, { admission, principal }) => {
    const run: RunId = ownRun(runs, admission, id);
    const { format, base_url: base = server.publicUrl ?? "" } = more;
    const { id: owner, kind, name: ownerName } = principal;
    const credentials = { token, authentication };
    const webhook = await webhooks.notifications.set({
      workspace: principal.workspace,
      run,
      name,
      format,
      base: base.replace(/\/$/, ""),
      url,
      owner: { id: owner, kind, name: ownerName },
      credentials,
    });
    return present({ webhook, credentials });
  },
);

/** Throws RunNotFoundError, NotificationNotFoundError. */
const remove = implement(
  operations.notification.delete,
  async ({ runs, webhooks }, { id: text, name }, { admission }) => {
    const id = ownRun(runs, admission, text);
    await webhooks.notifications.delete(id, name);
    return { id, name };
  },
);

export const notificationOperations = [list, set, remove] as const;
