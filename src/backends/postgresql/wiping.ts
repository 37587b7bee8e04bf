import { log } from "../../kernel/log.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Connections } from "./connections.ts";
import { unavailable } from "./errors.ts";
import { numberOf, textOf } from "./rows.ts";
import type { Session } from "./session.ts";

/** Tables that hold texts. They are written anew, with their indexes, so that no page has what was deleted. */
const TEXT_TABLES = ["observation", "entity", "relation", "change"] as const;
/** Others hold numbers alone; their rows are taken out of pages and indexes. */
const NUMBER_TABLES = ["posting", "passage"] as const;
/** How long readers are waited for that may still see what was deleted. */
const READERS_MS = 10_000;
const LOOK_MS = 50;

/** Notes, in the transaction that deletes, that pages still have what was deleted. */
export async function markWipe(session: Session): Promise<void> {
  await session.rows(
    `INSERT INTO setting (key, value) VALUES ('wipe', pg_current_xact_id()::text)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  );
}

/**
 * Overwrites what was forgotten. PostgreSQL leaves deleted rows where they are until it needs the room; here tables with
 * texts are written anew, and the indexes of vectors set theirs to zero. One pass serves all who deleted before it began.
 */
export class Wiping {
  readonly #connections: Connections;
  readonly #clock: Clock;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(deps: { readonly connections: Connections; readonly clock: Clock }) {
    this.#connections = deps.connections;
    this.#clock = deps.clock;
  }

  /** Whether something that was forgotten is in pages still. */
  async isDue(): Promise<boolean> {
    return this.#connections.read(async (session) => {
      const rows = await session.rows("SELECT 1 FROM setting WHERE key = 'wipe'");
      return rows.length > 0;
    });
  }

  /** Resolves when nothing is in any page that was deleted before the call. Throws MemoryUnavailableError. */
  async wipe(): Promise<void> {
    if (!this.#running) return this.#run();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#run();
      });
    return this.#next;
  }

  #run(): Promise<void> {
    this.#running = this.#wipe().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #wipe(): Promise<void> {
    try {
      await this.#connections.upkeep(async (session) => {
        const [due] = await session.rows("SELECT value FROM setting WHERE key = 'wipe'");
        if (!due) return;
        await this.#waitForReaders(session, textOf(due["value"]));
        for (const table of TEXT_TABLES) await session.run(`VACUUM (FULL) ${table}`);
        for (const table of NUMBER_TABLES) await session.run(`VACUUM ${table}`);
        // Writing it anew builds its index of vectors anew too, which takes minutes where there is one.
        const indexed = await session.rows(
          "SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexdef LIKE '%USING hnsw%'",
        );
        await session.run(indexed.length > 0 ? "VACUUM embedding" : "VACUUM (FULL) embedding");
        await session.rows("DELETE FROM setting WHERE key = 'wipe' AND value = $1", [textOf(due["value"])]);
      });
    } catch (error) {
      log.warn({ err: error }, "what was forgotten is deleted, but not yet overwritten in the pages of the database");
      throw unavailable(
        this.#connections.place,
        `has deleted what was to be forgotten, but its pages still have it: ${error instanceof Error ? error.message : ""}`,
        "Forget something else, or run `caxton memory doctor --mend`: either overwrites it.",
      );
    }
  }

  /** Rows stay as long as a transaction runs that began before they were deleted. */
  async #waitForReaders(session: Session, deletedBy: string): Promise<void> {
    const end = this.#clock.monotonicMs() + READERS_MS;
    while (this.#clock.monotonicMs() < end) {
      const [row] = await session.rows(
        `SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = current_database()
         AND age(backend_xmin) >= age(($1::xid8)::xid)`,
        [deletedBy],
      );
      if (numberOf(row?.["n"]) === 0) return;
      await this.#clock.sleep(LOOK_MS);
    }
    log.warn("a transaction that began before something was forgotten is still open in memory's database");
  }
}
