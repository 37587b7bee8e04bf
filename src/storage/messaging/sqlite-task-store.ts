import * as z from "zod";
import { isFinished, type Reputation, Task, type TaskStore } from "../../messaging/tasks/index.ts";
import type { Database } from "../database.ts";
import { SqliteChangeLog } from "../sqlite-change-log.ts";

const PUT = `
INSERT INTO tasks (id, workspace, owner, parent, state, is_open, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, is_open = excluded.is_open, body = excluded.body`;

const MEASURE = `
INSERT OR REPLACE INTO task_history (workspace, provider, capability, tasks, weight, done, success_rate, seconds, cost, last_at_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const Body = z.object({ body: z.string() });
const HistoryRow = z
  .object({
    provider: z.string(),
    capability: z.string(),
    tasks: z.int(),
    weight: z.number(),
    done: z.number(),
    success_rate: z.number(),
    seconds: z.number(),
    cost: z.number(),
    last_at_ms: z.int(),
  })
  .transform((row): Reputation => ({
    provider: row.provider,
    capability: row.capability,
    tasks: row.tasks,
    weight: row.weight,
    done: row.done,
    successRate: row.success_rate,
    seconds: row.seconds,
    cost: row.cost,
    lastAtMs: row.last_at_ms,
  }));

const taskOf = (row: unknown): Task => Task.parse(JSON.parse(Body.parse(row).body));

/** Tasks in `caxton.db`. */
export class SqliteTaskStore implements TaskStore {
  readonly #db: Database;
  readonly #changes: SqliteChangeLog;

  constructor(db: Database, changes = new SqliteChangeLog(db)) {
    this.#db = db;
    this.#changes = changes;
  }

  async put(task: Task, measured: readonly Reputation[]): Promise<void> {
    const body = JSON.stringify(task);
    const isOpen = !isFinished(task) || task.outbox.length > 0;
    const isChanged = await this.#db.write(() => {
      const before = this.#db.sql("SELECT state FROM tasks WHERE id = ?").get(task.id)?.["state"];
      this.#db.sql(PUT).run(task.id, task.workspace, task.owner, task.parent ?? null, task.state, isOpen ? 1 : 0, body);
      for (const each of measured) this.#measure(task.workspace, each);
      if (before === task.state) return false;
      const change = before === undefined ? "created" : "changed";
      this.#changes.insert(task.workspace, { type: "task", id: task.id, change, state: task.state });
      return true;
    });
    if (isChanged) this.#changes.announce();
  }

  #measure(workspace: string, each: Reputation): void {
    const { provider, capability, tasks, weight, done, successRate, seconds, cost, lastAtMs } = each;
    this.#db
      .sql(MEASURE)
      .run(workspace, provider, capability, tasks, weight, done, successRate, seconds, cost, lastAtMs);
  }

  find: TaskStore["find"] = (workspace, id) =>
    this.#db.read(() => {
      const row = this.#db.sql("SELECT body FROM tasks WHERE id = ? AND workspace = ?").get(id, workspace);
      return row === undefined ? undefined : taskOf(row);
    });

  list: TaskStore["list"] = ({ workspace, state, owner, parent, before, limit }) => {
    const conditions = ["workspace = ?"];
    const values: string[] = [workspace];
    for (const [condition, value] of [
      ["state = ?", state],
      ["owner = ?", owner],
      ["parent = ?", parent],
      // Ids are in the order of time.
      ["id < ?", before],
    ] as const) {
      if (value === undefined) continue;
      conditions.push(condition);
      values.push(value);
    }
    const sql = `SELECT body FROM tasks WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ?`;
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(...values, limit)
        .map(taskOf),
    );
  };

  unfinished: TaskStore["unfinished"] = () =>
    this.#db.read(() => this.#db.sql("SELECT body FROM tasks WHERE is_open = 1 ORDER BY id").all().map(taskOf));

  openCount: TaskStore["openCount"] = (workspace) =>
    this.#db.read(() => {
      const row = this.#db.sql("SELECT count(*) AS n FROM tasks WHERE is_open = 1 AND workspace = ?").get(workspace);
      return Number(row?.["n"] ?? 0);
    });

  history: TaskStore["history"] = (workspace) =>
    this.#db.read(() =>
      this.#db
        .sql("SELECT * FROM task_history WHERE workspace = ? ORDER BY provider, capability")
        .all(workspace)
        .map((row) => HistoryRow.parse(row)),
    );
}
