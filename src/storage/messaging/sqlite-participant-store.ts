import * as z from "zod";
import { JsonObject } from "../../kernel/json.ts";
import type { Participant, ParticipantStore, Registration } from "../../messaging/directory/index.ts";
import { PROVIDER_STATUSES } from "../../messaging/router/index.ts";
import type { Database } from "../database.ts";

const ParticipantRow = z.object({
  workspace: z.string(),
  name: z.string(),
  description: z.string(),
  registered_at_ms: z.int(),
  token_hash: z.string().nullable(),
  token_request: z.string().nullable(),
  is_remote: z.int(),
});

const maybe = <T extends z.ZodType>(schema: T) =>
  schema.optional().transform((value): z.output<T> | undefined => value);

const Body = z.object({
  id: z.string(),
  workspace: z.string(),
  agent: z.string(),
  capability: z.string(),
  version: z.string(),
  priority: z.number(),
  status: z.enum(PROVIDER_STATUSES),
  loadScore: maybe(z.number()),
  healthCheckUrl: maybe(z.string()),
  metadata: JsonObject,
  registeredAtMs: z.int(),
});
const RegistrationRow = z.object({ body: z.string() });

/** Participants and registrations in `caxton.db`. */
export class SqliteParticipantStore implements ParticipantStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): { readonly participants: readonly Participant[]; readonly registrations: readonly Registration[] } {
    return this.#db.read(() => ({
      participants: this.#db
        .sql(
          "SELECT workspace, name, description, registered_at_ms, token_hash, token_request, is_remote FROM participants",
        )
        .all()
        .map((raw) => {
          const { registered_at_ms: registeredAtMs, ...row } = ParticipantRow.parse(raw);
          const { token_hash: hash, token_request: request, is_remote, ...rest } = row;
          const token = { tokenHash: hash ?? undefined, tokenRequest: request ?? undefined };
          return { ...rest, registeredAtMs, ...token, isRemote: is_remote === 1 };
        }),
      registrations: this.#db
        .sql("SELECT body FROM capability_registrations")
        .all()
        .map((raw) => Body.parse(JSON.parse(RegistrationRow.parse(raw).body))),
    }));
  }

  async saveParticipant(participant: Participant): Promise<void> {
    const { workspace, name, description, registeredAtMs, tokenHash, tokenRequest, isRemote } = participant;
    await this.#db.write(() =>
      this.#db
        .sql(
          "INSERT OR REPLACE INTO participants (workspace, name, description, registered_at_ms, token_hash, token_request, is_remote) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .run(workspace, name, description, registeredAtMs, tokenHash ?? null, tokenRequest ?? null, isRemote ? 1 : 0),
    );
  }

  async deleteParticipant(workspace: string, name: string): Promise<void> {
    await this.#db.write(() => {
      this.#db.sql("DELETE FROM participants WHERE workspace = ? AND name = ?").run(workspace, name);
      this.#db.sql("DELETE FROM capability_registrations WHERE workspace = ? AND agent = ?").run(workspace, name);
    });
  }

  async saveRegistration(registration: Registration): Promise<void> {
    const { id, workspace, agent } = registration;
    await this.#db.write(() =>
      this.#db
        .sql("INSERT OR REPLACE INTO capability_registrations (id, workspace, agent, body) VALUES (?, ?, ?, ?)")
        .run(id, workspace, agent, JSON.stringify(registration)),
    );
  }

  async deleteRegistration(id: string): Promise<void> {
    await this.#db.write(() => this.#db.sql("DELETE FROM capability_registrations WHERE id = ?").run(id));
  }
}
