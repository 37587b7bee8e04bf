import * as z from "zod";
import { MessageId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import type { A2aAgent, A2aStore, A2aTask, A2aTaskKey } from "../../remotes/index.ts";
import type { Database } from "../database.ts";

const Agent: z.ZodType<A2aAgent> = z.object({
  workspace: z.string(),
  name: z.string(),
  url: z.string(),
  auth: z.discriminatedUnion("type", [
    z.object({ type: z.literal("none") }),
    z.object({ type: z.literal("bearer"), secret: z.string() }),
    z.object({ type: z.literal("api-key"), secret: z.string(), header: z.string() }),
  ]),
  keys: z.array(JsonObject),
  card: JsonObject,
  addedAtMs: z.int(),
  checkedAtMs: z.int(),
});

const Task: z.ZodType<A2aTask> = z.object({
  workspace: z.string(),
  agent: z.string(),
  messageId: MessageId,
  conversationId: z.string(),
  requesters: z.array(z.string()),
  state: z.enum(["sending", "sent", "working", "asking", "ended"]),
  taskId: z.string(),
  contextId: z.string(),
  question: z.object({ id: MessageId, conversationId: z.string(), key: z.string() }).nullable(),
  dueAtMs: z.int().nullable(),
  failingSinceMs: z.int().nullable(),
  createdAtMs: z.int(),
});

const Row = z.object({ body: z.string() });
const Lane = z.object({ workspace: z.string(), agent: z.string() });
const Next = z.object({ at: z.int().nullable() });
const taskOf = (row: object): A2aTask => Task.parse(JSON.parse(Row.parse(row).body));
/** Tasks of one conversation that are read. */
const CONVERSATION_MAX = 100;

const SAVE_TASK = `INSERT OR REPLACE INTO a2a_tasks
  (workspace, agent, message_id, conversation_id, asked_in, state, due_at_ms, created_at_ms, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Agents of other systems and their tasks in `caxton.db`. */
export class SqliteA2aStore implements A2aStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  agents(): readonly A2aAgent[] {
    const rows = this.#db.read(() => this.#db.sql("SELECT body FROM a2a_agents").all());
    return rows.map((row) => Agent.parse(JSON.parse(Row.parse(row).body)));
  }

  async saveAgent(agent: A2aAgent): Promise<void> {
    const sql = "INSERT OR REPLACE INTO a2a_agents (workspace, name, body) VALUES (?, ?, ?)";
    await this.#db.write(() => this.#db.sql(sql).run(agent.workspace, agent.name, JSON.stringify(agent)));
  }

  async deleteAgent(workspace: string, name: string): Promise<void> {
    await this.#db.write(() => {
      this.#db.sql("DELETE FROM a2a_agents WHERE workspace = ? AND name = ?").run(workspace, name);
      this.#db.sql("DELETE FROM a2a_tasks WHERE workspace = ? AND agent = ?").run(workspace, name);
    });
  }

  task({ workspace, agent, messageId }: A2aTaskKey): A2aTask | undefined {
    return this.#tasks("workspace = ? AND agent = ? AND message_id = ?", [workspace, agent, messageId])[0];
  }

  tasksIn({
    workspace,
    agent,
    conversationId,
  }: Pick<A2aTask, "workspace" | "agent" | "conversationId">): readonly A2aTask[] {
    const where =
      "workspace = ? AND agent = ? AND conversation_id = ? ORDER BY created_at_ms DESC, message_id DESC LIMIT ?";
    return this.#tasks(where, [workspace, agent, conversationId, CONVERSATION_MAX]);
  }

  askedIn(workspace: string, agent: string, conversationId: string): A2aTask | undefined {
    return this.#tasks("workspace = ? AND agent = ? AND asked_in = ?", [workspace, agent, conversationId])[0];
  }

  lanes(nowMs: number): readonly Pick<A2aTask, "workspace" | "agent">[] {
    const sql = "SELECT DISTINCT workspace, agent FROM a2a_tasks WHERE due_at_ms <= ?";
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(nowMs)
        .map((row) => Lane.parse(row)),
    );
  }

  due({ workspace, agent }: z.output<typeof Lane>, nowMs: number, limit: number): readonly A2aTask[] {
    const where = "workspace = ? AND agent = ? AND due_at_ms <= ? ORDER BY due_at_ms LIMIT ?";
    return this.#tasks(where, [workspace, agent, nowMs, limit]);
  }

  nextDue(afterMs: number): number | undefined {
    const sql = "SELECT min(due_at_ms) AS at FROM a2a_tasks WHERE due_at_ms > ?";
    return this.#db.read(() => Next.parse(this.#db.sql(sql).get(afterMs)).at ?? undefined);
  }

  open(workspace: string, agent: string): number {
    const sql = "SELECT count(*) AS n FROM a2a_tasks WHERE workspace = ? AND agent = ? AND state <> 'ended'";
    return this.#db.read(() => z.object({ n: z.int() }).parse(this.#db.sql(sql).get(workspace, agent)).n);
  }

  async saveTasks(tasks: readonly A2aTask[]): Promise<void> {
    await this.#db.write(() => {
      const save = this.#db.sql(SAVE_TASK);
      for (const task of tasks) {
        const { workspace, agent, messageId, conversationId, question, state, dueAtMs, createdAtMs } = task;
        const key = [workspace, agent, messageId, conversationId, question?.conversationId ?? null];
        save.run(...key, state, dueAtMs, createdAtMs, JSON.stringify(task));
      }
    });
  }

  async deleteTask({ workspace, agent, messageId }: A2aTaskKey): Promise<void> {
    const sql = "DELETE FROM a2a_tasks WHERE workspace = ? AND agent = ? AND message_id = ?";
    await this.#db.write(() => this.#db.sql(sql).run(workspace, agent, messageId));
  }

  async dropTasks(beforeMs: number): Promise<void> {
    const sql = "DELETE FROM a2a_tasks WHERE state = 'ended' AND created_at_ms < ?";
    await this.#db.write(() => this.#db.sql(sql).run(beforeMs));
  }

  #tasks(where: string, values: readonly (string | number)[]): readonly A2aTask[] {
    const rows = this.#db.read(() => this.#db.sql(`SELECT body FROM a2a_tasks WHERE ${where}`).all(...values));
    return rows.map(taskOf);
  }
}
