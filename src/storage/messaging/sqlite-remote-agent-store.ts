import * as z from "zod";
import type { AgentIdentifier } from "../../messaging/acl/index.ts";
import type { Database } from "../database.ts";

const Identifier: z.ZodType<AgentIdentifier> = z.object({
  name: z.string(),
  addresses: z.array(z.string()),
  get resolvers() {
    return z.array(Identifier);
  },
  parameters: z.record(z.string(), z.string()),
});
const Body = z.object({
  id: Identifier,
  services: z.array(z.object({ name: z.string(), type: z.string() })),
});
type RemoteAgent = Readonly<z.output<typeof Body>>;
const Row = z.object({ body: z.string() });

/** Agents of other platforms in `caxton.db`, as `api/fipa` keeps them. */
export class SqliteRemoteAgentStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The one that was saved last comes last. */
  load(): readonly RemoteAgent[] {
    const rows = this.#db.read(() => this.#db.sql("SELECT body FROM remote_agents ORDER BY n").all());
    return rows.map((row) => Body.parse(JSON.parse(Row.parse(row).body)));
  }

  async save(agent: { readonly id: AgentIdentifier; readonly services: readonly object[] }): Promise<void> {
    const { name } = agent.id;
    await this.#db.write(
      () =>
        this.#db
          .sql("INSERT OR REPLACE INTO remote_agents (name, body) VALUES (?, ?)")
          .run(name, JSON.stringify(agent)),
      "soon",
    );
  }

  async delete(name: string): Promise<void> {
    await this.#db.write(() => this.#db.sql("DELETE FROM remote_agents WHERE name = ?").run(name), "soon");
  }
}
