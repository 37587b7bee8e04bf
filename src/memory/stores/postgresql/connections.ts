import { Pool, type PoolClient } from "pg";
import type { Clock } from "../../../kernel/clock.ts";
import { log } from "../../../kernel/log.ts";
import { isContended, isLost, memoryError, type Place, unavailable } from "./errors.ts";
import { readPlace } from "./place.ts";
import { parserOf, type Session, sessionOf } from "./session.ts";

/** How long PostgreSQL is waited for, and how often it is asked. */
export const POSTGRESQL_LIMITS = {
  /** Until there is a connection. */
  connectMs: 5_000,
  /** One statement. */
  statementMs: 30_000,
  /** Waiting for a lock of another session. */
  lockMs: 10_000,
  /** All of one request. */
  requestMs: 60_000,
  /** One that reads or writes everything: forgetting, building indexes. */
  maintenanceMs: 3_600_000,
  /** An idle connection is closed after this time. */
  idleMs: 60_000,
  /** Until the last requests are done when the server stops. */
  closeMs: 5_000,
  /** Attempts of a transaction that conflicts with others. */
  attempts: 6,
} as const;

export type ConnectionsOptions = {
  /** `postgresql://user@host:port/database?…`, without a password. */
  readonly url: string;
  /** Read for each new connection. */
  readonly password?: (() => string | undefined) | undefined;
  readonly connections: number;
  readonly schema: string;
  readonly clock: Clock;
  /** Makes the schema what it has to be; done once, before anything else. */
  readonly prepare: (session: Session) => Promise<void>;
};

/**
 * Connections that are made when they are needed, and again when they are lost.
 * postgresql.connections.P1. A request whose connection is lost before its commit is retried once. If it is lost during the commit, the outcome is unknown, and the
 *   caller receives an error that says so.
 */
export class Connections {
  readonly place: Place;
  readonly #options: ConnectionsOptions;
  readonly #pool: Pool;
  readonly #greeted = new WeakSet<PoolClient>();
  #prepared: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { place, config } = readPlace(options.url);
    this.place = place;
    const { password } = options;
    this.#pool = new Pool({
      ...config,
      ...(password ? { password: () => password() ?? "" } : {}),
      max: options.connections,
      connectionTimeoutMillis: POSTGRESQL_LIMITS.connectMs,
      idleTimeoutMillis: POSTGRESQL_LIMITS.idleMs,
      keepAlive: true,
      application_name: "caxton",
      types: { getTypeParser: parserOf },
    });
    // The user of the connection receives the error from its request; without a listener the process would exit.
    this.#pool.on("connect", (client) => void client.on("error", () => undefined));
    this.#pool.on("error", (error) => log.debug({ err: error }, "a connection to memory's database was lost"));
  }

  async #greet(client: PoolClient): Promise<void> {
    if (this.#greeted.has(client)) return;
    const { statementMs, lockMs, requestMs } = POSTGRESQL_LIMITS;
    await client.query(GREETING, [this.#options.schema, ...[statementMs, lockMs, requestMs].map(String)]);
    this.#greeted.add(client);
  }

  /** Reads; asked again once when the connection is lost meanwhile. */
  async read<Result>(use: (session: Session) => Promise<Result>): Promise<Result> {
    return this.#translated(async () => {
      await this.#ready();
      return this.#again(() => this.#use(use, POSTGRESQL_LIMITS.requestMs));
    });
  }

  /** Reads in one transaction, whose settings are undone with it. */
  async readWith<Result>(settings: string, use: (session: Session) => Promise<Result>): Promise<Result> {
    return this.read(async (session) => {
      await session.run(`BEGIN READ ONLY; ${settings}`);
      try {
        return await use(session);
      } finally {
        await session.run("ROLLBACK");
      }
    });
  }

  /** Runs `use` in one transaction; retries it on conflicts. */
  async transact<Result>(
    use: (session: Session) => Promise<Result>,
    limitMs: number = POSTGRESQL_LIMITS.requestMs,
  ): Promise<Result> {
    return this.#translated(async () => {
      await this.#ready();
      return this.#transact(use, limitMs);
    });
  }

  async #transact<Result>(use: (session: Session) => Promise<Result>, limitMs: number): Promise<Result> {
    let isLostOnce = false;
    for (let attempt = 1; ; attempt += 1) {
      const at = { isCommitting: false };
      try {
        return await this.#use((session) => this.#once(session, use, at, limitMs), limitMs);
      } catch (error) {
        if (at.isCommitting && isLost(error)) throw this.#unknown();
        const mayTry = isContended(error) ? attempt < POSTGRESQL_LIMITS.attempts : isLost(error) && !isLostOnce;
        if (!mayTry) throw error;
        isLostOnce ||= isLost(error);
      }
    }
  }

  async #once<Result>(
    session: Session,
    use: (session: Session) => Promise<Result>,
    at: { isCommitting: boolean },
    limitMs: number,
  ): Promise<Result> {
    const timeout = limitMs > POSTGRESQL_LIMITS.requestMs ? `; SET LOCAL statement_timeout = ${limitMs}` : "";
    await session.run(`BEGIN${timeout}`);
    try {
      const result = await use(session);
      at.isCommitting = true;
      await session.run("COMMIT");
      return result;
    } catch (error) {
      if (!isLost(error)) await session.run("ROLLBACK");
      throw error;
    }
  }

  /** What cannot be in a transaction, and may take long. */
  async maintain(use: (session: Session) => Promise<void>): Promise<void> {
    await this.#translated(async () => {
      await this.#ready();
      await this.#use(async (session) => {
        await session.run(`SET statement_timeout = ${POSTGRESQL_LIMITS.maintenanceMs}; SET lock_timeout = 0`);
        try {
          await use(session);
        } finally {
          await session
            .run(
              `SET statement_timeout = ${POSTGRESQL_LIMITS.statementMs}; SET lock_timeout = ${POSTGRESQL_LIMITS.lockMs}`,
            )
            .catch(() => undefined);
        }
      }, POSTGRESQL_LIMITS.maintenanceMs);
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const stop = new AbortController();
    const waited = this.#options.clock.sleep(POSTGRESQL_LIMITS.closeMs, stop.signal).catch(() => undefined);
    await Promise.race([this.#pool.end(), waited]);
    stop.abort();
  }

  async #translated<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw unavailable(this.place, "is not asked any more: memory is closed", "Try again.");
    try {
      return await work();
    } catch (error) {
      throw memoryError(error, this.place);
    }
  }

  #ready(): Promise<void> {
    this.#prepared ??= this.#again(() => this.#use(this.#options.prepare, POSTGRESQL_LIMITS.requestMs)).catch(
      (error: unknown) => {
        this.#prepared = undefined;
        throw error;
      },
    );
    return this.#prepared;
  }

  async #again<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!isLost(error)) throw error;
      return work();
    }
  }

  async #use<Result>(use: (session: Session) => Promise<Result>, limitMs: number): Promise<Result> {
    const client = await this.#pool.connect();
    let isSpent = true;
    try {
      await this.#greet(client);
      const result = await this.#within(use(sessionOf(client)), limitMs);
      isSpent = false;
      return result;
    } catch (error) {
      isSpent = !isAnswer(error);
      throw error;
    } finally {
      client.release(isSpent);
    }
  }

  async #within<Result>(work: Promise<Result>, limitMs: number): Promise<Result> {
    const stop = new AbortController();
    const late = this.#options.clock.sleep(limitMs, stop.signal).then(() => {
      throw unavailable(this.place, `did not answer within ${limitMs / 1_000} s`, "Try again; look what else it does.");
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      stop.abort();
    }
  }

  #unknown() {
    return unavailable(
      this.place,
      "was lost during the commit of a change; the outcome is unknown",
      "Retrying is safe: a repeated change is stored once.",
    );
  }
}

/** PostgreSQL said no; the connection is as good as before. */
const isAnswer = (error: unknown): boolean => error instanceof Error && "severity" in error && !isLost(error);

/** Said to each new connection: where tables and the types of pgvector are, and what may take how long. */
const GREETING = `SELECT set_config('search_path', concat_ws(', ', quote_ident($1), (SELECT quote_ident(n.nspname)
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector')), false),
  set_config('statement_timeout', $2, false), set_config('lock_timeout', $3, false),
  set_config('idle_in_transaction_session_timeout', $4, false)`;
