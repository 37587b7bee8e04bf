import * as z from "zod";
import { RunId, WebhookId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { isWebhookEventType, WebhookSpec } from "../../kernel/webhooks/webhook-spec.ts";
import {
  type Delivery,
  type DeliveryAttempt,
  DELIVERY_STATES,
  type JournalRow,
  type NewDelivery,
  type Position,
  type Webhook,
  type WebhookKey,
  type WebhookStore,
} from "../../webhooks/index.ts";
import type { Contents } from "../contents.ts";
import type { Database } from "../database.ts";
import { storedEvent } from "../runs/stored-event.ts";
import type { SqliteChangeLog } from "../sqlite-change-log.ts";

const optional = z
  .int()
  .nullable()
  .transform((value) => value ?? undefined);
const Owner = z.object({ id: z.string(), kind: z.string(), name: z.string() });

const Row = z
  .object({
    workspace: z.string(),
    id: WebhookId,
    spec: z.string(),
    owner: z.string(),
    created_at_ms: z.int(),
    updated_at_ms: z.int(),
    previous_until_ms: z.int(),
    stopped_reason: z.string().nullable(),
    stopped_at_ms: z.int().nullable(),
    failing_since_ms: optional,
    last_n: z.int(),
    pending: z.int(),
    dropped: z.int(),
    dropped_at_ms: z.int(),
  })
  .transform((row): Webhook => ({
    workspace: row.workspace,
    id: row.id,
    spec: WebhookSpec.parse(JSON.parse(row.spec)),
    owner: Owner.parse(JSON.parse(row.owner)),
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    previousUntilMs: row.previous_until_ms,
    stopped: row.stopped_at_ms === null ? undefined : { reason: row.stopped_reason ?? "", atMs: row.stopped_at_ms },
    failingSinceMs: row.failing_since_ms,
    lastN: row.last_n,
    pending: row.pending,
    dropped: { count: row.dropped, atMs: row.dropped_at_ms },
  }));

const Attempt = z
  .object({ at: z.int(), ms: z.int(), status: z.int().nullable(), error: z.string() })
  .transform(({ at, ms, status, error }): DeliveryAttempt => ({
    atMs: at,
    durationMs: ms,
    status: status ?? undefined,
    error,
  }));

const DeliveryRow = z
  .object({
    workspace: z.string(),
    webhook_id: WebhookId,
    n: z.int(),
    type: z.string().refine(isWebhookEventType),
    at_ms: z.int(),
    data: z.string(),
    run_id: RunId.nullable(),
    journal_seq: z.int().nullable(),
    state: z.enum(DELIVERY_STATES),
    due_at_ms: optional,
    tries: z.int(),
    attempts: z.string(),
  })
  .transform((row): Delivery => ({
    workspace: row.workspace,
    webhook: row.webhook_id,
    n: row.n,
    event: {
      type: row.type,
      atMs: row.at_ms,
      data: JsonObject.parse(JSON.parse(row.data)),
      entry: row.run_id === null || row.journal_seq === null ? undefined : { runId: row.run_id, seq: row.journal_seq },
    },
    state: row.state,
    dueAtMs: row.due_at_ms,
    tries: row.tries,
    attempts: z.array(Attempt).parse(JSON.parse(row.attempts)),
  }));

const EntryRow = z
  .object({
    seq: z.int(),
    run_id: RunId,
    at_ms: z.int(),
    workspace: z.string(),
    agent: z.string(),
    revision: z.int(),
    thread: z.string().nullable(),
    body: z.string(),
  })
  .transform((row): JournalRow => ({
    seq: row.seq,
    runId: row.run_id,
    atMs: row.at_ms,
    workspace: row.workspace,
    agent: row.agent,
    revision: row.revision,
    thread: row.thread ?? undefined,
    body: row.body,
  }));
const LaneRow = z.object({ workspace: z.string(), id: WebhookId, due: z.int().nullable() });
const PositionRow = z
  .object({ journal_seq: z.int(), change_seq: z.int() })
  .transform((row): Position => ({ journal: row.journal_seq, changes: row.change_seq }));
const Counts = z.object({ last_n: z.int(), pending: z.int(), is_active: z.int() });

const ACTIVE = "is_enabled = 1 AND stopped_at_ms IS NULL";
const KEY = "workspace = ? AND webhook_id = ?";
const PUT = `INSERT INTO webhooks (workspace, id, spec, owner, is_enabled, created_at_ms, updated_at_ms, previous_until_ms,
    stopped_reason, stopped_at_ms, failing_since_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (workspace, id) DO UPDATE SET spec = excluded.spec, owner = excluded.owner, is_enabled = excluded.is_enabled,
    updated_at_ms = excluded.updated_at_ms, previous_until_ms = excluded.previous_until_ms,
    stopped_reason = excluded.stopped_reason, stopped_at_ms = excluded.stopped_at_ms,
    failing_since_ms = excluded.failing_since_ms`;
const NEWEST = `SELECT max((SELECT coalesce(max(seq), 0) FROM journal), (SELECT seq FROM journal_mark)) AS journal_seq,
  (SELECT coalesce(max(seq), 0) FROM changes) AS change_seq`;
const MOVE = "UPDATE webhook_position SET journal_seq = max(journal_seq, ?), change_seq = max(change_seq, ?)";
const STOP = `UPDATE webhooks SET stopped_reason = ?, stopped_at_ms = ?
  WHERE workspace = ? AND id = ? AND updated_at_ms = ? AND stopped_at_ms IS NULL RETURNING spec`;
const ENTRIES = `SELECT j.seq, j.run_id, j.at_ms, j.body, r.workspace, r.agent, r.revision, r.thread
  FROM journal j CROSS JOIN runs r ON r.id = j.run_id
  WHERE j.seq > ? AND j.seq <= ? AND j.body ->> '$.type' IN (SELECT value FROM json_each(?)) ORDER BY j.seq LIMIT ?`;
const COUNTS = `SELECT last_n, pending, ${ACTIVE} AS is_active FROM webhooks WHERE workspace = ? AND id = ?`;
const INSERT = `INSERT INTO webhook_deliveries (workspace, webhook_id, n, type, at_ms, data, run_id, journal_seq, state, due_at_ms, tries, attempts)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, 0, '[]')`;
const COUNT = "UPDATE webhooks SET last_n = ?, pending = pending + 1 WHERE workspace = ? AND id = ?";
const DROP = "UPDATE webhooks SET last_n = ?, dropped = dropped + 1, dropped_at_ms = ? WHERE workspace = ? AND id = ?";
const PRUNE = `DELETE FROM webhook_deliveries WHERE ${KEY} AND n <= ? AND state <> 'pending'`;
const PRUNE_EVERY = 500;
const LANES = `SELECT workspace, id, (SELECT min(due_at_ms) FROM webhook_deliveries d
    WHERE d.workspace = w.workspace AND d.webhook_id = w.id AND due_at_ms IS NOT NULL) AS due
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
    return this.#webhooks("workspace = ? ORDER BY id", workspace);
  }

  active(): readonly Webhook[] {
    return this.#webhooks(ACTIVE);
  }

  async put({ workspace, id, spec, owner, stopped, ...webhook }: Webhook): Promise<void> {
    const { createdAtMs, updatedAtMs, previousUntilMs, failingSinceMs = null } = webhook;
    await this.#db.write(() => {
      const isFirst = this.#db.sql(`SELECT 1 FROM webhooks WHERE ${ACTIVE} LIMIT 1`).get() === undefined;
      if (isFirst) {
        const { journal, changes } = this.newest();
        this.#db.sql(MOVE).run(journal, changes);
      }
      const texts = [workspace, id, JSON.stringify(spec), JSON.stringify(owner), spec.enabled ? 1 : 0];
      const times = [createdAtMs, updatedAtMs, previousUntilMs];
      this.#db.sql(PUT).run(...texts, ...times, stopped?.reason ?? null, stopped?.atMs ?? null, failingSinceMs);
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

  async record(deliveries: readonly NewDelivery[], { journal, changes }: Position): Promise<void> {
    await this.#db.write(() => {
      for (const delivery of deliveries) this.#insert(delivery, "active");
      this.#db.sql(MOVE).run(journal, changes);
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
          const { due, ...key } = LaneRow.parse(row);
          return due === null ? [] : [{ ...key, dueAtMs: due }];
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
    return this.#db.read(() => this.#db.sql(sql).all(...values)).map((row) => Row.parse(row));
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
