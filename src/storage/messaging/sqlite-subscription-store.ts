import * as z from "zod";
import { SubscriptionId } from "../../kernel/ids.ts";
import { PERFORMATIVES } from "../../messaging/acl/index.ts";
import type { Subscription, SubscriptionStore } from "../../messaging/router/index.ts";
import type { Database } from "../database.ts";

const Row = z
  .object({
    id: SubscriptionId,
    workspace: z.string(),
    subscriber: z.string(),
    topic: z.string(),
    performative: z.enum(PERFORMATIVES).nullable(),
    sender: z.string().nullable(),
    where: z.string().nullable(),
    created_at_ms: z.int(),
  })
  .transform(({ performative, sender, where, created_at_ms: createdAtMs, ...rest }): Subscription => ({
    ...rest,
    performative: performative ?? undefined,
    sender: sender ?? undefined,
    where: where ?? undefined,
    createdAtMs,
  }));

/** Subscriptions in `caxton.db`. */
export class SqliteSubscriptionStore implements SubscriptionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): readonly Subscription[] {
    const rows = this.#db.read(() => this.#db.sql("SELECT * FROM subscriptions").all());
    return rows.map((row) => Row.parse(row));
  }

  async save(subscription: Subscription): Promise<void> {
    const { id, workspace, subscriber, topic, performative, sender, where, createdAtMs } = subscription;
    const values = [id, workspace, subscriber, topic, performative ?? null, sender ?? null, where ?? null, createdAtMs];
    await this.#db.write(() =>
      this.#db.sql("INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?)").run(...values),
    );
  }

  async delete(id: SubscriptionId): Promise<void> {
    await this.#db.write(() => this.#db.sql("DELETE FROM subscriptions WHERE id = ?").run(id));
  }
}
