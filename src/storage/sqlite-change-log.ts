import * as z from "zod";
import type { Change, ChangeLog, LoggedChange } from "../kernel/changes/index.ts";
import { log } from "../kernel/log.ts";
import { LIMITS } from "../kernel/quantities.ts";
import type { Database } from "./database.ts";

const Row = z.object({ seq: z.int(), workspace: z.string(), body: z.string() });
const Body = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("agent"),
    name: z.string(),
    change: z.enum(["deployed", "deleted", "activated", "paused", "resumed"]),
    revision: z.int(),
  }),
  z.object({ type: z.literal("tool-server"), name: z.string(), state: z.string() }),
  z.object({ type: z.literal("task"), id: z.string(), change: z.enum(["created", "changed"]), state: z.string() }),
  z.object({
    type: z.literal("thread"),
    id: z.string(),
    change: z.enum(["created", "changed", "deleted"]),
    agent: z.string(),
  }),
  z.object({ type: z.literal("webhook"), id: z.string(), url: z.string(), reason: z.string() }),
]);

/** Old changes go when this many have come. */
const SWEEP_EVERY = 500;
/** Webhooks read the log soon. One that cannot for long does not hold it. */
const SWEEP = "DELETE FROM changes WHERE seq <= ? AND (seq <= (SELECT change_seq FROM webhook_position) OR seq <= ?)";
const HELD_MAX = 10 * LIMITS.changesKeptMax;

/** Changes in `caxton.db`. */
export class SqliteChangeLog implements ChangeLog {
  readonly #db: Database;
  readonly #listeners = new Set<() => void>();

  constructor(db: Database) {
    this.#db = db;
  }

  publish(workspace: string, change: Change): void {
    this.#db
      .write(() => this.insert(workspace, change))
      .then(
        () => this.announce(),
        (error: unknown) => log.warn({ err: error, change }, "failed to publish a change to readers of events"),
      );
  }

  /** Inserts a change inside a `write` job: both are on disk or neither is. Call `announce` when they are. */
  insert(workspace: string, change: Change): void {
    const { lastInsertRowid } = this.#db
      .sql("INSERT INTO changes (workspace, body) VALUES (?, ?)")
      .run(workspace, JSON.stringify(change));
    const seq = Number(lastInsertRowid);
    if (seq % SWEEP_EVERY === 0) this.#db.sql(SWEEP).run(seq - LIMITS.changesKeptMax, seq - HELD_MAX);
  }

  /** Wakes who watches. */
  announce(): void {
    for (const listener of this.#listeners) listener();
  }

  read(afterSeq: number, limit: number): readonly LoggedChange[] {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT seq, workspace, body FROM changes WHERE seq > ? ORDER BY seq LIMIT ?")
        .all(afterSeq, limit)
        .map((raw) => {
          const { seq, workspace, body } = Row.parse(raw);
          return { seq, workspace, change: Body.parse(JSON.parse(body)) };
        }),
    );
  }

  range(): { readonly first: number; readonly last: number } {
    return this.#db.read(() => {
      const row = this.#db.sql("SELECT min(seq) AS first, max(seq) AS last FROM changes").get();
      const last = Number(row?.["last"] ?? 0);
      return { first: Number(row?.["first"] ?? last + 1), last };
    });
  }

  watch(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
