import type * as z from "zod";
import type { RunId, WebhookId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { WebhookSpec } from "../../kernel/webhooks/webhook-spec.ts";
import {
  type Delivery,
  type DeliveryAttempt,
  isNotifying,
  type JournalRow,
  type NewDelivery,
  type Notifying,
  type Position,
  type Recorded,
  type Webhook,
  type WebhookKey,
  type WebhookStore,
} from "../../webhooks/index.ts";
import type { Contents } from "../contents.ts";
import type { Database } from "../database.ts";
import { storedEvent } from "../runs/stored-event.ts";
import type { SqliteChangeLog } from "../sqlite-change-log.ts";
import { Attempt, Counts, DeliveryRow, EntryRow, KeyRow, LaneRow, PositionRow, WebhookRow } from "./webhook-rows.ts";

const ACTIVE = "is_enabled = 1 AND stopped_at_ms IS NULL";
const KEY = "workspace = ? AND webhook_id = ?";
const PUT = `INSERT INTO webhooks (workspace, id, spec, owner, is_enabled, created_at_ms, updated_at_ms, previous_until_ms,
    stopped_reason, stopped_at_ms, failing_since_ms, run_id, notification) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (workspace, id) DO UPDATE SET spec = excluded.spec, owner = excluded.owner, is_enabled = excluded.is_enabled,
    updated_at_ms = excluded.updated_at_ms, previous_until_ms = excluded.previous_until_ms,
    stopped_reason = excluded.stopped_reason, stopped_at_ms = excluded.stopped_at_ms,
    failing_since_ms = excluded.failing_since_ms, notification = excluded.notification`;
const NEWEST = `SELECT max((SELECT coalesce(max(seq), 0) FROM journal), (SELECT seq FROM journal_mark)) AS journal_seq,
  (SELECT coalesce(max(seq), 0) FROM changes) AS change_seq`;
const MOVE = "UPDATE webhook_position SET journal_seq = max(journal_seq, ?), change_seq = max(change_seq, ?)";
const STOP = `UPDATE webhooks SET stopped_reason = ?, stopped_at_ms = ?
  WHERE workspace = ? AND id = ? AND updated_at_ms = ? AND stopped_at_ms IS NULL RETURNING spec`;
const ENTRIES = `SELECT j.seq, j.run_id, j.at_ms, j.body, r.workspace, r.agent, r.revision, r.thread
  FROM journal j CROSS JOIN runs r ON r.id = j.run_id
  WHERE j.seq > ? AND j.seq <= ? AND j.body ->> '$.type' IN (SELECT value FROM json_each(?)) ORDER BY j.seq LIMIT ?`;
const NEWEST_ENTRY = `WITH RECURSIVE chain (id) AS (SELECT ?1 UNION SELECT handed_to FROM runs JOIN chain USING (id) WHERE handed_to IS NOT NULL)
  SELECT j.seq, j.run_id, j.at_ms, j.body, r.workspace, r.agent, r.revision, r.thread
  FROM chain JOIN runs r USING (id) JOIN journal j ON j.run_id = r.id
  WHERE j.seq <= ?3 AND j.body ->> '$.type' IN (SELECT value FROM json_each(?2)) ORDER BY j.seq DESC LIMIT 1`;
const NOTIFYING = `WITH RECURSIVE chain (id) AS (SELECT ? UNION SELECT handed_from FROM runs JOIN chain USING (id) WHERE handed_from IS NOT NULL)
  SELECT w.workspace, w.id FROM chain JOIN webhooks w ON w.run_id = chain.id WHERE ${ACTIVE} ORDER BY w.id`;
const COUNTS = `SELECT last_n, pending, ${ACTIVE} AS is_active FROM webhooks WHERE workspace = ? AND id = ?`;
const INSERT = `INSERT INTO webhook_deliveries (workspace, webhook_id, n, type, at_ms, data, run_id, journal_seq, state, due_at_ms, tries, attempts)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, 0, '[]')`;
const COUNT = "UPDATE webhooks SET last_n = ?, pending = pending + 1 WHERE workspace = ? AND id = ?";
const DROP = "UPDATE webhooks SET last_n = ?, dropped = dropped + 1, dropped_at_ms = ? WHERE workspace = ? AND id = ?";
const PRUNE = `DELETE FROM webhook_deliveries WHERE ${KEY} AND n <= ? AND state <> 'pending'`;
const PRUNE_EVERY = 500;
const LANES = `SELECT workspace, id, (SELECT min(due_at_ms) FROM webhook_deliveries d
    WHERE d.workspace = w.workspace AND d.webhook_id = w.id AND due_at_ms IS NOT NULL) AS due,
    run_id IS NOT NULL AS is_of_run
  FROM webhooks w WHERE pending > 0 AND ${ACTIVE}`;
const NEXT = `SELECT * FROM webhook_deliveries WHERE ${KEY} AND due_at_ms IS NOT NULL ORDER BY due_at_ms, n LIMIT ?`;
const SETTLE = `UPDATE webhook_deliveries SET state = ?, due_at_ms = ?, tries = ?, attempts = ? WHERE ${KEY} AND n = ? AND state = 'pending'`;
const SETTLED = `UPDATE webhooks SET pending = pending - ?, failing_since_ms = CASE WHEN ? THEN NULL ELSE coalesce(failing_since_ms, ?) END
  WHERE workspace = ? AND id = ?`;
const REPLAY = `UPDATE webhook_deliveries SET state = 'pending', due_at_ms = ?, tries = 0 WHERE ${KEY}`;
/** Enough for one delivery and two replays. */
const ATTEMPTS_MAX = 30;

/** Webhooks and their deliveries in `caxton.db`. */
export class SqliteWebhookStore implements WebhookStore {
  readonly #db: Database;
  readonly #contents: Contents;
  readonly #changes: SqliteChangeLog;

  constructor(db: Database, contents: Contents, changes: SqliteChangeLog) {
    this.#db = db;
    this.#contents = contents;
    this.#changes = changes;
  }

  find(workspace: string, id: WebhookId): Webhook | undefined {
    return this.#webhooks("workspace = ? AND id = ?", workspace, id)[0];
  }

  list(workspace: string): readonly Webhook[] {
    return this.#webhooks("workspace = ? AND run_id IS NULL ORDER BY id", workspace);
  }

  ofRun(run: RunId): readonly Notifying[] {
    return this.#webhooks("run_id = ? ORDER BY id", run).filter(isNotifying);
  }

  isNotifying(): boolean {
    const sql = `SELECT 1 FROM webhooks WHERE run_id IS NOT NULL AND ${ACTIVE} LIMIT 1`;
    return this.#db.read(() => this.#db.sql(sql).get()) !== undefined;
  }

  active(): readonly Webhook[] {
    return this.#webhooks(`run_id IS NULL AND ${ACTIVE}`);
  }

  async put({ workspace, id, spec, owner, stopped, ...webhook }: Webhook): Promise<Position> {
    const { createdAtMs, updatedAtMs, previousUntilMs, failingSinceMs = null } = webhook;
    const { run = null, ...notification } = webhook.notification ?? {};
    return this.#db.write(() => {
      const isFirst = this.#db.sql(`SELECT 1 FROM webhooks WHERE ${ACTIVE} LIMIT 1`).get() === undefined;
      if (isFirst) {
        const { journal, changes } = this.newest();
        this.#db.sql(MOVE).run(journal, changes);
      }
      const texts = [workspace, id, JSON.stringify(spec), JSON.stringify(owner), spec.enabled ? 1 : 0];
      const times = [createdAtMs, updatedAtMs, previousUntilMs];
      this.#db
        .sql(PUT)
        .run(
          ...texts,
          ...times,
          stopped?.reason ?? null,
          stopped?.atMs ?? null,
          failingSinceMs,
          run,
          JSON.stringify(notification),
        );
      return this.position();
    });
  }

  async stop(
    { workspace, id, updatedAtMs }: Pick<Webhook, "workspace" | "id" | "updatedAtMs">,
    { reason, atMs }: NonNullable<Webhook["stopped"]>,
  ): Promise<boolean> {
    const isStopped = await this.#db.write(() => {
      const row = this.#db.sql(STOP).get(reason, atMs, workspace, id, updatedAtMs);
      if (row === undefined) return false;
      const { url } = WebhookSpec.parse(JSON.parse(String(row["spec"])));
      this.#changes.insert(workspace, { type: "webhook", id, url, reason });
      return true;
    });
    if (isStopped) this.#changes.announce();
    return isStopped;
  }

  async delete({ workspace, id }: WebhookKey): Promise<void> {
    await this.#db.write(() => {
      this.#db.sql("DELETE FROM webhooks WHERE workspace = ? AND id = ?").run(workspace, id);
      this.#db.sql(`DELETE FROM webhook_deliveries WHERE ${KEY}`).run(workspace, id);
    });
  }

  position(): Position {
    const sql = "SELECT journal_seq, change_seq FROM webhook_position";
    return this.#db.read(() => PositionRow.parse(this.#db.sql(sql).get()));
  }

  newest(): Position {
    return this.#db.read(() => PositionRow.parse(this.#db.sql(NEWEST).get()));
  }

  entries(types: readonly string[], { after, through }: { after: number; through: number }, limit: number) {
    return this.#db.read(() =>
      this.#db
        .sql(ENTRIES)
        .all(after, through, JSON.stringify(types), limit)
        .map((row) => EntryRow.parse(row)),
    );
  }

  newestEntry(types: readonly string[], run: RunId, through: number): JournalRow | undefined {
    const row = this.#db.read(() => this.#db.sql(NEWEST_ENTRY).get(run, JSON.stringify(types), through));
    return row && EntryRow.parse(row);
  }

  async record({ deliveries, notified }: Recorded, { journal, changes }: Position): Promise<boolean> {
    return this.#db.write(() => {
      // Read here, so that a receiver that is set meanwhile either gets an event here or finds it before the position.
      const notifications = notified.flatMap(({ event, dueAtMs }) =>
        this.#db
          .sql(NOTIFYING)
          .all(event.entry.runId)
          .map((row): NewDelivery => ({ ...KeyRow.parse(row), event, dueAtMs })),
      );
      const all = [...deliveries, ...notifications];
      for (const delivery of all) this.#insert(delivery, "active");
      this.#db.sql(MOVE).run(journal, changes);
      return all.length > 0;
    }, "soon");
  }

  async add(delivery: NewDelivery): Promise<Delivery | undefined> {
    const n = await this.#db.write(() => this.#insert(delivery, "any"));
    return n === undefined ? undefined : this.delivery(delivery, n);
  }

  /** Inside a `write` job. Returns the number of the delivery; undefined if it is left out. */
  #insert({ workspace, id, event, dueAtMs }: NewDelivery, which: "active" | "any"): number | undefined {
    const found = this.#db.sql(COUNTS).get(workspace, id);
    if (found === undefined) return undefined;
    const { last_n: last, pending, is_active: isActive } = Counts.parse(found);
    if (which === "active" && isActive === 0) return undefined;
    const n = last + 1;
    if (n % PRUNE_EVERY === 0) this.#db.sql(PRUNE).run(workspace, id, n - LIMITS.webhookDeliveriesKeptMax);
    if (which === "active" && pending >= LIMITS.webhookQueueMax) {
      this.#db.sql(DROP).run(n, dueAtMs, workspace, id);
      return undefined;
    }
    const { type, atMs, data, entry } = event;
    const fields = [type, atMs, JSON.stringify(data), entry?.runId ?? null, entry?.seq ?? null];
    this.#db.sql(INSERT).run(workspace, id, n, ...fields, dueAtMs);
    this.#db.sql(COUNT).run(n, workspace, id);
    return n;
  }

  lanes() {
    return this.#db.read(() =>
      this.#db
        .sql(LANES)
        .all()
        .flatMap((row) => {
          const { due, is_of_run: isOfRun, ...key } = LaneRow.parse(row);
          return due === null ? [] : [{ ...key, dueAtMs: due, isOfRun: isOfRun === 1 }];
        }),
    );
  }

  next({ workspace, id }: WebhookKey, limit: number): readonly Delivery[] {
    return this.#deliveries(NEXT, workspace, id, limit);
  }

  async settle(delivery: Delivery, { state, dueAtMs, tries, attempt }: Parameters<WebhookStore["settle"]>[1]) {
    const { workspace, webhook, n } = delivery;
    await this.#db.write(() => {
      const [before] = this.#deliveries(
        `SELECT * FROM webhook_deliveries WHERE ${KEY} AND n = ?`,
        workspace,
        webhook,
        n,
      );
      const attempts = [...(before?.attempts ?? []), attempt].slice(-ATTEMPTS_MAX).map(storedAttempt);
      const change = [state, dueAtMs ?? null, tries, JSON.stringify(attempts)];
      const { changes } = this.#db.sql(SETTLE).run(...change, workspace, webhook, n);
      if (Number(changes) === 0) return;
      const isSuccess = attempt.error === "" ? 1 : 0;
      this.#db.sql(SETTLED).run(state === "pending" ? 0 : 1, isSuccess, attempt.atMs, workspace, webhook);
    });
  }

  delivery({ workspace, id }: WebhookKey, n: number): Delivery | undefined {
    return this.#deliveries(`SELECT * FROM webhook_deliveries WHERE ${KEY} AND n = ?`, workspace, id, n)[0];
  }

  deliveries({ workspace, id }: WebhookKey, { state, before, limit }: Parameters<WebhookStore["deliveries"]>[1]) {
    const conditions = [KEY, ...(state === undefined ? [] : ["state = ?"]), ...(before === undefined ? [] : ["n < ?"])];
    const values = [...(state === undefined ? [] : [state]), ...(before === undefined ? [] : [before])];
    const sql = `SELECT * FROM webhook_deliveries WHERE ${conditions.join(" AND ")} ORDER BY n DESC LIMIT ?`;
    return this.#deliveries(sql, workspace, id, ...values, limit);
  }

  async replay({ workspace, id }: WebhookKey, n: number | undefined, atMs: number): Promise<number> {
    return this.#db.write(() => {
      const isWaiting =
        n !== undefined &&
        this.#db.sql(`${REPLAY} AND n = ? AND state = 'pending'`).run(atMs, workspace, id, n).changes;
      if (isWaiting) return 1;
      const which = n === undefined ? "state = 'dead'" : "n = ?";
      const values = n === undefined ? [] : [n];
      const count = Number(this.#db.sql(`${REPLAY} AND ${which}`).run(atMs, workspace, id, ...values).changes);
      this.#db
        .sql("UPDATE webhooks SET pending = pending + ? WHERE workspace = ? AND id = ?")
        .run(count, workspace, id);
      return count;
    });
  }

  content({ runId, seq }: Parameters<WebhookStore["content"]>[0]): JsonObject | undefined {
    const sql =
      "SELECT body FROM journal WHERE seq = ? AND run_id = ? AND EXISTS (SELECT 1 FROM runs WHERE id = run_id)";
    const row = this.#db.read(() => this.#db.sql(sql).get(seq, runId));
    if (row === undefined) return undefined;
    const event = storedEvent(this.#contents, String(row["body"]));
    // What a model or tool reports of its failure quotes what it was sent.
    if (event.type === "run-fail") return { message: event.failure.message };
    return "content" in event ? JsonObject.parse(event.content) : {};
  }

  #webhooks(where: string, ...values: readonly string[]): readonly Webhook[] {
    const sql = `SELECT * FROM webhooks WHERE ${where}`;
    return this.#db.read(() => this.#db.sql(sql).all(...values)).map((row) => WebhookRow.parse(row));
  }

  #deliveries(sql: string, ...values: readonly (string | number)[]): readonly Delivery[] {
    return this.#db.read(() => this.#db.sql(sql).all(...values)).map((row) => DeliveryRow.parse(row));
  }
}

const storedAttempt = ({ atMs, durationMs, status, error }: DeliveryAttempt): z.input<typeof Attempt> => ({
  at: atMs,
  ms: durationMs,
  status: status ?? null,
  error,
});
