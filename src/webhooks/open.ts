import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { Dispatcher, type DispatcherParts } from "./dispatcher.ts";
import { type Serialize, standardMessages } from "./message.ts";
import { Notifications, type WriteNotification } from "./notifications.ts";
import { NotificationSecrets, type SecretVault, WebhookSecrets } from "./secrets.ts";
import { Sender } from "./sender.ts";
import { type PermissionsOf, Stopping, type StoppingParts } from "./stopping.ts";
import { Subscribers } from "./subscribers.ts";
import { isNotifying, type WebhookStore } from "./webhook.ts";
import { Webhooks } from "./webhooks.ts";

export type WebhooksOptions = { readonly privateOrigins: readonly string[]; readonly version: string };

export type WebhooksPorts = {
  readonly store: WebhookStore;
  readonly changes: ChangeLog;
  readonly clock: Clock;
  readonly watchJournal: DispatcherParts["watchJournal"];
  readonly fetch: typeof fetch;
  readonly vault: SecretVault;
  readonly permissionsOf: PermissionsOf;
  readonly audit: StoppingParts["audit"];
};

const noProtocol: WriteNotification = async () => {
  throw new Error("no protocol writes notifications");
};

/** Opens webhooks. None delivers before `start`. */
export function openWebhooks({ privateOrigins, version }: WebhooksOptions, ports: WebhooksPorts) {
  const { store, changes, clock, watchJournal, fetch, vault, permissionsOf, audit } = ports;
  const subscribers = new Subscribers(store);
  const secrets = new WebhookSecrets(vault);
  const stopping = new Stopping({ store, clock, subscribers, permissionsOf, audit });
  let write = noProtocol;
  const standard = standardMessages({
    version,
    secretsOf: (webhook, atMs) => secrets.signing(webhook, atMs),
    contentOf: (entry) => store.content(entry),
  });
  const serialize: Serialize = (delivery, webhook, atMs) =>
    isNotifying(webhook) ? notifications.request(write, webhook, delivery) : standard(delivery, webhook, atMs);
  const sender = new Sender({ store, clock, fetch, serialize, stopping, chance: Math.random });
  const recorded = () => sender.wake();
  const dispatcher = new Dispatcher({ store, changes, clock, subscribers, watchJournal, recorded });
  const webhooks = new Webhooks({ store, clock, secrets, sender, subscribers, permissionsOf, privateOrigins });
  const notifications = new Notifications({
    store,
    clock,
    secrets: new NotificationSecrets(vault),
    sender,
    privateOrigins,
  });
  return {
    webhooks,
    notifications,
    /** Sets what writes notifications. To be called before the start. */
    writeNotifications: (by: WriteNotification) => void (write = by),
    /** Records events of before the start, sends what is due, and from now on follows what happens. */
    start: async (): Promise<void> => {
      await dispatcher.start();
      sender.wake();
      void webhooks.sweep();
    },
    [Symbol.asyncDispose]: async () => {
      await dispatcher[Symbol.asyncDispose]();
      await sender[Symbol.asyncDispose]();
    },
  };
}
/** The services of the module. */
export type WebhookServices = ReturnType<typeof openWebhooks>;
