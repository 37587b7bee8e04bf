import { randomBytes } from "node:crypto";
import * as z from "zod";
import { KeyedMutex } from "../kernel/async/keyed-mutex.ts";
import { Sealer } from "../kernel/rights/sealer.ts";
import { newSecret } from "./signature.ts";
import type { Notifying, Webhook, WebhookKey } from "./webhook.ts";

/** Where secrets are stored encrypted. The names have a colon, which no other secret's name has. Throws the errors of stored secrets. */
export type SecretVault = {
  set(secret: {
    readonly workspace: string;
    readonly name: string;
    readonly value: string;
    readonly by: string;
  }): Promise<void>;
  /** Undefined if there is no such secret. */
  read(workspace: string, name: string): string | undefined;
  delete(workspace: string, name: string): Promise<void>;
  /** Of all workspaces. */
  deleteUnused(isUnused: (secret: { readonly workspace: string; readonly name: string }) => boolean): Promise<void>;
};

const NAME = /^webhook:([^:]+)(?::previous)?$/;
const currentName = (id: string): string => `webhook:${id}`;
const previousName = (id: string): string => `webhook:${id}:previous`;

/** The secrets with which webhooks sign. */
export class WebhookSecrets {
  readonly #vault: SecretVault;

  constructor(vault: SecretVault) {
    this.#vault = vault;
  }

  async create({ workspace, id }: WebhookKey, by: string): Promise<string> {
    const value = newSecret();
    await this.#vault.set({ workspace, name: currentName(id), value, by });
    return value;
  }

  /** Keeps the secret before as the previous one. */
  async rotate({ workspace, id }: WebhookKey, by: string): Promise<string> {
    const value = this.#vault.read(workspace, currentName(id));
    if (value !== undefined) await this.#vault.set({ workspace, name: previousName(id), value, by });
    return this.create({ workspace, id }, by);
  }

  async delete({ workspace, id }: WebhookKey): Promise<void> {
    await this.#vault.delete(workspace, previousName(id));
    await this.#vault.delete(workspace, currentName(id));
  }

  /** Deletes the secrets of webhooks that are not there. */
  sweep(isThere: (workspace: string, id: string) => boolean): Promise<void> {
    return this.#vault.deleteUnused(({ workspace, name }) => {
      const id = NAME.exec(name)?.[1];
      return id !== undefined && !isThere(workspace, id);
    });
  }

  /** The secrets that sign, the newest first. Throws without one: a request is never sent unsigned. */
  signing({ workspace, id, previousUntilMs }: Webhook, atMs: number): readonly string[] {
    const names = atMs < previousUntilMs ? [currentName(id), previousName(id)] : [currentName(id)];
    const found = names.flatMap((name) => this.#vault.read(workspace, name) ?? []);
    if (found.length === 0) throw new Error(`the secret of the webhook ${id} is gone`);
    return found;
  }
}

/** What a receiver of notifications recognizes requests by. */
const NotificationCredentials = z.object({
  token: z.string().optional(),
  authentication: z.object({ scheme: z.string(), credentials: z.string() }).optional(),
});
export type NotificationCredentials = z.infer<typeof NotificationCredentials>;
/** With the URL, so that credentials that are moved to another receiver are not sent there. */
const Sealed = NotificationCredentials.extend({ url: z.string() });

const KEY_NAME = "notification:key";
const KEY_BYTES = 32;

/** Encrypts the credentials of notifications with a secret of each workspace: runs are too many for a stored secret each. */
export class NotificationSecrets {
  readonly #vault: SecretVault;
  readonly #creating = new KeyedMutex<string>();

  constructor(vault: SecretVault) {
    this.#vault = vault;
  }

  /** Throws the errors of stored secrets. */
  async seal(
    { workspace, url, by }: { readonly workspace: string; readonly url: string; readonly by: string },
    credentials: NotificationCredentials,
  ): Promise<string> {
    const key = await this.#creating.run(workspace, async () => {
      const before = this.#vault.read(workspace, KEY_NAME);
      if (before !== undefined) return before;
      const value = randomBytes(KEY_BYTES).toString("base64");
      await this.#vault.set({ workspace, name: KEY_NAME, value, by });
      return value;
    });
    return sealerOf(key).seal({ ...credentials, url });
  }

  /** Throws if they cannot be read: a notification is never sent without them. */
  open({ workspace, id, spec, notification }: Notifying): NotificationCredentials {
    const key = this.#vault.read(workspace, KEY_NAME);
    const found = Sealed.safeParse(key === undefined ? undefined : sealerOf(key).open(notification.sealed));
    if (!found.success || found.data.url !== spec.url)
      throw new Error(`the credentials of the notifications ${id} cannot be read`);
    return NotificationCredentials.parse(found.data);
  }
}

const sealerOf = (key: string): Sealer => new Sealer(Buffer.from(key, "base64"));
