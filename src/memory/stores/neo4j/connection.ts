import neo4j, { type Driver, type Session, type Transaction } from "neo4j-driver";
import type { Clock } from "../../../kernel/clock.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import {
  isConflict,
  isLost,
  isTransient,
  alreadyExists,
  isUnauthorized,
  toMemoryError,
  TimeoutError,
  CommitUnknownError,
} from "./errors.ts";

export type Row = Readonly<Record<string, unknown>>;
/**
 * Parameters of a statement, named `$p.name`: a single map, because Neo4j plans a statement again for each new type and size of a parameter, and
 * planning takes longer than most statements.
 */
export type Parameters = Readonly<Record<string, unknown>>;
/**
 * Runs one statement of a transaction, and gives its rows. Several may be sent before the first is answered: they are done in the
 * order in which they were sent.
 */
export type Ask = (statement: string, parameters?: Parameters) => Promise<readonly Row[]>;

export type Neo4jPlace = {
  /** bolt:// or neo4j://, also with +s or +ssc. */
  readonly url: string;
  readonly user: string;
  /** Asked when a connection is made; undefined: the server asks for none. */
  readonly password?: (() => string | undefined) | undefined;
  readonly database: string;
};

/** A whole number as Neo4j keeps it; without, JavaScript's numbers are kept as fractions. */
export const whole = (value: number) => neo4j.int(value);

/** One database over Bolt. Opens connections when they are needed, and again when they were lost. */
export class Connection {
  readonly #place: Neo4jPlace;
  readonly #clock: Clock;
  #driver: Driver | undefined;

  constructor(place: Neo4jPlace, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
  }

  /** Rows of a statement that changes nothing. Rejects with MemoryUnavailableError and with what Neo4j says of a wrong statement. */
  read(
    statement: string,
    parameters: Parameters = {},
    ms: number = NEO4J_LIMITS.transactionMs,
  ): Promise<readonly Row[]> {
    return this.#trying(isMomentary, ms, (session) => this.#alone(session, { statement, parameters, ms }));
  }

  /** A statement about constraints or indexes; one that another server has made meanwhile is made. */
  async define(statement: string, ms: number = NEO4J_LIMITS.maintenanceMs): Promise<void> {
    try {
      await this.#trying(isMomentary, ms, (session) => this.#alone(session, { statement, parameters: {}, ms }), true);
    } catch (error) {
      if (!alreadyExists(error)) throw error;
    }
  }

  /**
   * Does work in one transaction, wholly or not at all; again from its beginning when another transaction came before it.
   * Rejects as `read`; when it is not known whether it was committed it says so.
   */
  write<Result>(work: (ask: Ask) => Promise<Result>, ms: number = NEO4J_LIMITS.transactionMs): Promise<Result> {
    return this.#trying(
      (error) => isMomentary(error) || isConflict(error),
      ms,
      async (session) => {
        const transaction = session.beginTransaction({ timeout: ms });
        const result = await work(askingIn(transaction));
        try {
          await transaction.commit();
        } catch (error) {
          throw isLost(error) ? new CommitUnknownError(error) : error;
        }
        return result;
      },
      true,
    );
  }

  /**
   * Runs work and rolls it back. A server plans a statement when it first sees it, which takes longest, seconds for a
   * write on a server that has just started; a later call does not wait for that. Rejects like `read`.
   */
  rollBack(work: (ask: Ask) => Promise<unknown>): Promise<void> {
    return this.#trying(
      isMomentary,
      NEO4J_LIMITS.maintenanceMs,
      async (session) => {
        const transaction = session.beginTransaction({ timeout: NEO4J_LIMITS.maintenanceMs });
        await work(askingIn(transaction));
        await transaction.rollback();
      },
      true,
    );
  }

  async #alone(
    session: Session,
    of: { statement: string; parameters: Parameters; ms: number },
  ): Promise<readonly Row[]> {
    const { records } = await session.run(pinned(of.statement), { p: of.parameters }, { timeout: of.ms });
    return records.map((record) => record.toObject());
  }

  async #trying<Result>(
    isAgain: (error: unknown) => boolean,
    ms: number,
    work: (session: Session) => Promise<Result>,
    isWriting = false,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(ms, work, isWriting);
      } catch (error) {
        const most = isLost(error) ? NEO4J_LIMITS.attemptsLost : NEO4J_LIMITS.attempts;
        if (attempt >= most || !isAgain(error)) throw toMemoryError(error, this.#place);
        await this.#clock.sleep(NEO4J_LIMITS.pauseMs * 2 ** (attempt - 1));
      }
    }
  }

  async #once<Result>(ms: number, work: (session: Session) => Promise<Result>, isWriting: boolean): Promise<Result> {
    const driver = (this.#driver ??= this.#connect());
    const session = driver.session({
      database: this.#place.database,
      defaultAccessMode: isWriting ? neo4j.session.WRITE : neo4j.session.READ,
    });
    const stop = new AbortController();
    const tardy = this.#clock.sleep(ms + NEO4J_LIMITS.graceMs, stop.signal).then(() => {
      throw new TimeoutError();
    });
    // It is awaited only in the race; a later rejection must not be unhandled.
    tardy.catch(() => undefined);
    const done = closing(session, work);
    try {
      return await Promise.race([done, tardy]);
    } catch (error) {
      // The next one asks for the password again.
      if (error instanceof TimeoutError || isUnauthorized(error)) this.#abandon(driver, done);
      throw error;
    } finally {
      stop.abort();
    }
  }

  /** Abandons the driver and its connections; the next call opens others. */
  #abandon(driver: Driver, done: Promise<unknown>): void {
    if (this.#driver === driver) this.#driver = undefined;
    done.catch(() => undefined);
    driver.close().catch(() => undefined);
  }

  #connect(): Driver {
    const { url, user, password } = this.#place;
    const tokens = neo4j.authTokenManagers.basic({
      tokenProvider: async () => neo4j.auth.basic(user, password?.() ?? ""),
    });
    return neo4j.driver(url, tokens, {
      disableLosslessIntegers: true,
      maxConnectionPoolSize: NEO4J_LIMITS.connections,
      connectionTimeout: NEO4J_LIMITS.connectMs,
      connectionAcquisitionTimeout: NEO4J_LIMITS.acquireMs,
      connectionLivenessCheckTimeout: NEO4J_LIMITS.idleMs,
      // What a hint of the server's planner says is for people who write statements.
      notificationFilter: { minimumSeverityLevel: "OFF" },
      telemetryDisabled: true,
      userAgent: "caxton",
    });
  }

  async close(): Promise<void> {
    const driver = this.#driver;
    this.#driver = undefined;
    await driver?.close();
  }
}

const askingIn =
  (transaction: Transaction): Ask =>
  async (statement, parameters = {}) => {
    const { records } = await transaction.run(pinned(statement), { p: parameters });
    return records.map((record) => record.toObject());
  };

const isMomentary = (error: unknown): boolean => isLost(error) || isTransient(error);

/** Statements mean the same in every server, whatever language it begins with. */
const pinned = (statement: string): string => `CYPHER 5 ${statement}`;

async function closing<Result>(session: Session, work: (session: Session) => Promise<Result>): Promise<Result> {
  try {
    return await work(session);
  } finally {
    // A lost connection cannot be closed, and need not be.
    await session.close().catch(() => undefined);
  }
}
