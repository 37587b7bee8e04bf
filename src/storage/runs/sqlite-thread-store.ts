import * as z from "zod";
import { type AddedMessageId, RunId, ThreadId } from "../../kernel/ids.ts";
import type { RunsPorts } from "../../runs/index.ts";
import type { Database } from "../database.ts";
import { SqliteChangeLog } from "../sqlite-change-log.ts";
import { titleOf } from "./run-projection.ts";
import { matchOf, THREAD_MATCHES } from "./text-index.ts";

type ThreadStore = RunsPorts["stores"]["threads"];
type Thread = NonNullable<ReturnType<ThreadStore["get"]>>;

const Row = z
  .object({
    id: ThreadId,
    workspace: z.string(),
    agent: z.string(),
    revision: z.int().nullable(),
    owner: z.string(),
    title: z.string(),
    tags: z.string(),
    head: RunId.nullable(),
    forked_from: ThreadId.nullable(),
    conversation_id: z.string().nullable(),
    key: z.string().nullable(),
    created_at_ms: z.int(),
    updated_at_ms: z.int(),
    expires_at_ms: z.int().nullable(),
  })
  .transform((row): Thread => ({
    id: row.id,
    workspace: row.workspace,
    agent: row.agent,
    revision: row.revision,
    owner: row.owner,
    title: row.title,
    tags: z.array(z.string()).parse(JSON.parse(row.tags)),
    head: row.head,
    forkedFrom: row.forked_from,
    conversationId: row.conversation_id,
    key: row.key,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    expiresAtMs: row.expires_at_ms,
  }));

const Turn = z
  .object({ id: RunId, thread_parent: RunId.nullable() })
  .transform(({ id, thread_parent: parent }) => ({ run: id, parent }));

/** A run and those that it continues, up to the first. */
const PATH = `WITH RECURSIVE path (id, thread, thread_parent, n) AS (
  SELECT id, thread, thread_parent, 1 FROM runs WHERE id = ?1
  UNION ALL SELECT r.id, r.thread, r.thread_parent, n + 1 FROM path JOIN runs r ON r.id = path.thread_parent WHERE n < ?2)`;

/**
 * Turns of a thread that others of its family continue or show: those are all threads that are forks of each other, also by a
 * thread between them.
 */
const SHARED = `WITH RECURSIVE family (id) AS (
    SELECT ?1 UNION SELECT t.forked_from FROM threads t JOIN family f ON t.id = f.id WHERE t.forked_from IS NOT NULL
    UNION SELECT t.id FROM threads t JOIN family f ON t.forked_from = f.id),
  others AS (SELECT t.id, t.head, t.created_at_ms FROM threads t JOIN family f ON t.id = f.id WHERE t.id <> ?1)
  SELECT thread, last FROM (
    SELECT o.id AS thread, o.head AS last, o.created_at_ms FROM others o WHERE o.head IS NOT NULL
    UNION SELECT o.id, r.thread_parent, o.created_at_ms FROM others o JOIN runs r ON r.thread = o.id
      JOIN runs p ON p.id = r.thread_parent AND p.thread = ?1)
  ORDER BY created_at_ms, thread`;
/** The oldest fork takes the place of a thread among its forks. */
const ADOPT = `WITH heir (id) AS (SELECT id FROM threads WHERE forked_from = ?1 ORDER BY created_at_ms, id LIMIT 1)
  UPDATE threads SET forked_from = CASE WHEN id = (SELECT id FROM heir) THEN (SELECT forked_from FROM threads WHERE id = ?1)
    ELSE (SELECT id FROM heir) END WHERE forked_from = ?1`;

/** Threads in `caxton.db`. */
export class SqliteThreadStore implements ThreadStore {
  readonly #db: Database;
  readonly #changes: SqliteChangeLog;

  constructor(db: Database, changes = new SqliteChangeLog(db)) {
    this.#db = db;
    this.#changes = changes;
  }

  async insert(thread: Thread): Promise<void> {
    await this.#db.write(() => {
      this.#db
        .sql(
          `INSERT INTO threads (id, workspace, agent, revision, owner, title, tags, head, forked_from, conversation_id, key, created_at_ms, updated_at_ms, expires_at_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          thread.id,
          thread.workspace,
          thread.agent,
          thread.revision,
          thread.owner,
          thread.title,
          JSON.stringify(thread.tags),
          thread.head,
          thread.forkedFrom,
          thread.conversationId,
          thread.key,
          thread.createdAtMs,
          thread.updatedAtMs,
          thread.expiresAtMs,
        );
      const { id, workspace, agent, head, forkedFrom } = thread;
      this.#db
        .sql(
          "INSERT INTO added_messages (thread, parent, id, body) SELECT ?1, parent, id, body FROM added_messages WHERE thread = ?2 AND parent IS ?3 ORDER BY n",
        )
        .run(id, forkedFrom, head);
      this.#changes.insert(workspace, { type: "thread", id, change: "created", agent });
    });
    this.#changes.announce();
  }

  get(id: ThreadId): Thread | undefined {
    return this.#db.read(() => {
      const row = this.#db.sql("SELECT * FROM threads WHERE id = ?").get(id);
      return row && Row.parse(row);
    });
  }

  list({ workspace, agent, tag, id, search, ofConversations, ...query }: Parameters<ThreadStore["list"]>[0]) {
    const { sinceMs, untilMs, before, limit } = query;
    const conditions = ["workspace = ?", `conversation_id IS ${ofConversations ? "NOT NULL" : "NULL"}`];
    const values: (string | number)[] = [workspace];
    const only = (condition: string, ...given: readonly (string | number)[]) => {
      conditions.push(condition);
      values.push(...given);
    };
    if (agent !== undefined) only("agent = ?", agent);
    if (id !== undefined) only("id = ?", id);
    if (tag !== undefined)
      only("id IN (SELECT id FROM tags WHERE workspace = ? AND kind = 'thread' AND tag = ?)", workspace, tag);
    if (search !== undefined) {
      const match = matchOf(workspace, search);
      only(THREAD_MATCHES, match, match);
    }
    if (sinceMs !== undefined) only("updated_at_ms >= ?", sinceMs);
    if (untilMs !== undefined) only("updated_at_ms < ?", untilMs);
    if (before !== undefined) only("(updated_at_ms, id) < (?, ?)", before.updatedAtMs, before.id);
    const sql = `SELECT * FROM threads WHERE ${conditions.join(" AND ")} ORDER BY updated_at_ms DESC, id DESC LIMIT ?`;
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(...values, limit)
        .map((row) => Row.parse(row)),
    );
  }

  async update(id: ThreadId, change: Parameters<ThreadStore["update"]>[1], atMs: number): Promise<boolean> {
    const isChanged = await this.#db.write(() => {
      const thread = this.get(id);
      if (thread === undefined) return false;
      const { title, tags, head, agent, revision, expiresAtMs } = { ...thread, ...change };
      this.#db
        .sql(
          "UPDATE threads SET title = ?, tags = ?, head = ?, agent = ?, revision = ?, expires_at_ms = ?, updated_at_ms = ? WHERE id = ?",
        )
        .run(title, JSON.stringify(tags), head, agent, revision, expiresAtMs, atMs, id);
      this.#changes.insert(thread.workspace, { type: "thread", id, change: "changed", agent });
      return true;
    });
    this.#changes.announce();
    return isChanged;
  }

  path(from: RunId, limit: number) {
    return this.#db.read(() =>
      this.#db
        .sql(`${PATH} SELECT id, thread_parent FROM path ORDER BY n`)
        .all(from, limit)
        .map((row) => Turn.parse(row)),
    );
  }

  turns(id: ThreadId): number {
    const sql = "SELECT count(*) AS n FROM runs WHERE thread = ?";
    return this.#db.read(() => Number(this.#db.sql(sql).get(id)?.["n"] ?? 0));
  }

  next(id: ThreadId, parents: readonly (RunId | null)[]) {
    const sql =
      "SELECT r.id, thread_parent FROM json_each(?2) p JOIN runs r ON r.thread = ?1 AND thread_parent IS p.value ORDER BY r.id";
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(id, JSON.stringify(parents))
        .map((row) => Turn.parse(row)),
    );
  }

  open(id: ThreadId): readonly RunId[] {
    const sql = "SELECT id FROM runs WHERE thread = ? AND ended_at_ms IS NULL ORDER BY id";
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(id)
        .map((row) => RunId.parse(row["id"])),
    );
  }

  async release(id: ThreadId): Promise<readonly RunId[]> {
    return this.#db.write(() => {
      const keep = this.#db.sql(
        `${PATH} UPDATE runs SET thread = ?3 WHERE thread = ?4 AND id IN (SELECT id FROM path)`,
      );
      for (const { last, thread } of this.#db.sql(SHARED).all(id))
        keep.run(last ?? null, Number.MAX_SAFE_INTEGER, thread ?? null, id);
      // The forks of a thread stay one family: they may share turns with each other.
      this.#db.sql(ADOPT).run(id);
      const rest = this.#db.sql("SELECT id FROM runs WHERE thread = ?").all(id);
      return rest.map((row) => RunId.parse(row["id"]));
    });
  }

  async remove(id: ThreadId): Promise<void> {
    await this.#db.write(() => {
      const row = this.#db.sql("DELETE FROM threads WHERE id = ? RETURNING *").get(id);
      if (row === undefined) return;
      const { workspace, agent } = Row.parse(row);
      this.#changes.insert(workspace, { type: "thread", id, change: "deleted", agent });
    });
    this.#changes.announce();
  }

  added(id: ThreadId, after: RunId | null): readonly string[] {
    const sql = "SELECT body FROM added_messages WHERE thread = ? AND parent IS ? ORDER BY n";
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(id, after)
        .map((row) => String(row["body"])),
    );
  }

  async add(id: ThreadId, { after, opening, atMs, messages }: Parameters<ThreadStore["add"]>[1]): Promise<void> {
    const sql =
      "UPDATE threads SET updated_at_ms = ?2, title = CASE title WHEN '' THEN ?3 ELSE title END WHERE id = ?1 RETURNING *";
    await this.#db.write(() => {
      const row = this.#db.sql(sql).get(id, atMs, titleOf(opening));
      if (row === undefined) return;
      const insert = this.#db.sql("INSERT INTO added_messages (thread, parent, id, body) VALUES (?, ?, ?, ?)");
      for (const message of messages) insert.run(id, after, message.id, message.body);
      this.#changed(row);
    });
    this.#changes.announce();
  }

  async removeAdded(id: ThreadId, message: AddedMessageId): Promise<boolean> {
    const isRemoved = await this.#db.write(() => {
      const found = this.#db
        .sql("DELETE FROM added_messages WHERE thread = ? AND id = ? RETURNING id")
        .get(id, message);
      const row = found && this.#db.sql("SELECT * FROM threads WHERE id = ?").get(id);
      if (row) this.#changed(row);
      return found !== undefined;
    });
    this.#changes.announce();
    return isRemoved;
  }

  #changed(row: object): void {
    const { id, workspace, agent } = Row.parse(row);
    this.#changes.insert(workspace, { type: "thread", id, change: "changed", agent });
  }

  expired(atMs: number, limit: number): readonly ThreadId[] {
    const sql = "SELECT id FROM threads WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?";
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(atMs, limit)
        .map((row) => ThreadId.parse(row["id"])),
    );
  }
}
