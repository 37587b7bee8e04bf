import type { Clock } from "../kernel/clock.ts";
import { CaxtonError } from "../kernel/errors.ts";
import {
  type Caller,
  hostRefused,
  type HostRefused,
  type StateAccess,
  type StateEntry,
} from "../tools/sandbox/index.ts";
import * as z from "zod";
import type { Database } from "./database.ts";

/** Limits of a tool server's state in one workspace. */
export const STATE_LIMITS = {
  valueBytesMax: 1024 * 1024,
  keysMax: 10_000,
  bytesMax: 64 * 1024 * 1024,
} as const;

const Bytes = z.object({ bytes: z.int() });
const Totals = z.object({ keys: z.int(), bytes: z.int() });
const Value = z.object({ value: z.instanceof(Uint8Array) });
const Entry = z
  .object({ key: z.string(), bytes: z.int(), updated_at_ms: z.int() })
  .transform((row): StateEntry => ({ key: row.key, bytes: row.bytes, updatedAtMs: row.updated_at_ms }));

type Page = { readonly prefix: string; readonly limit: number; readonly cursor: string | undefined };

/** Keys and values of tool servers, a table of them all. What was answered is on disk. */
export class SqliteToolState implements StateAccess {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  get(caller: Caller, key: string): Promise<Uint8Array | undefined | HostRefused> {
    return guarded(caller, () => {
      const row = this.#db.read(() =>
        this.#db
          .sql("SELECT value FROM tool_state WHERE workspace = ? AND server = ? AND key = ?")
          .get(...ownerOf(caller), key),
      );
      return row === undefined ? undefined : Value.parse(row).value;
    });
  }

  set(caller: Caller, key: string, value: Uint8Array): Promise<HostRefused | undefined> {
    return guarded(caller, async () => {
      if (value.length > STATE_LIMITS.valueBytesMax) {
        return hostRefused(
          "too-large",
          `the value of "${key}" has ${value.length} bytes; one has at most ${STATE_LIMITS.valueBytesMax}`,
        );
      }
      // What the guest does with its memory afterwards is no matter: these bytes are a copy already.
      return this.#db.write(() => this.#set(caller, key, value));
    });
  }

  #set(caller: Caller, key: string, value: Uint8Array): HostRefused | undefined {
    const owner = ownerOf(caller);
    if (this.#isDeleted(owner)) {
      return hostRefused("unavailable", `\`${caller.server}\` was deleted, and what it kept with it`);
    }
    const before = this.#bytesOf(owner, key);
    const totals = this.#totalsOf(owner);
    const keys = totals.keys + (before === undefined ? 1 : 0);
    const bytes = totals.bytes + value.length - (before ?? 0);
    if (keys > STATE_LIMITS.keysMax) {
      return hostRefused("storage-full", `\`${caller.server}\` keeps ${totals.keys} keys already; delete some first`);
    }
    if (bytes > STATE_LIMITS.bytesMax) {
      return hostRefused(
        "storage-full",
        `\`${caller.server}\` keeps ${totals.bytes} bytes already and may keep ${STATE_LIMITS.bytesMax}; delete some first`,
      );
    }
    this.#db
      .sql(
        `INSERT INTO tool_state (workspace, server, key, value, bytes, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (workspace, server, key) DO UPDATE SET value = excluded.value, bytes = excluded.bytes, updated_at_ms = excluded.updated_at_ms`,
      )
      .run(...owner, key, value, value.length, this.#clock.nowMs());
    this.#setTotals(owner, keys, bytes);
    return undefined;
  }

  delete(caller: Caller, key: string): Promise<boolean | HostRefused> {
    return guarded(caller, () =>
      this.#db.write(() => {
        const owner = ownerOf(caller);
        const before = this.#bytesOf(owner, key);
        if (before === undefined) return false;
        const totals = this.#totalsOf(owner);
        this.#db.sql("DELETE FROM tool_state WHERE workspace = ? AND server = ? AND key = ?").run(...owner, key);
        this.#setTotals(owner, totals.keys - 1, totals.bytes - before);
        return true;
      }),
    );
  }

  /** In the order of their UTF-8 bytes; `next` is the last key of the page when there are more. */
  list(
    caller: Caller,
    { prefix, limit, cursor }: Page,
  ): Promise<{ readonly keys: readonly StateEntry[]; readonly next: string | undefined } | HostRefused> {
    return guarded(caller, () => {
      const rows = this.#db.read(() =>
        this.#db
          .sql(
            `SELECT key, bytes, updated_at_ms FROM tool_state
             WHERE workspace = ? AND server = ? AND key >= ? AND key > ? AND substr(key, 1, ?) = ?
             ORDER BY key LIMIT ?`,
          )
          .all(...ownerOf(caller), prefix, cursor ?? "", Array.from(prefix).length, prefix, limit + 1),
      );
      const keys = rows.map((row) => Entry.parse(row));
      const page = keys.slice(0, limit);
      return { keys: page, next: keys.length > limit ? page.at(-1)?.key : undefined };
    });
  }

  /**
   * Running calls continue after their server is deleted; their state is not passed to the next server of that name.
   */
  #isDeleted([workspace, server]: Owner): boolean {
    return (
      this.#db
        .sql(
          `SELECT deleted FROM tool_servers WHERE name_key = ?2 AND (workspace = ?1 OR origin <> 'uploaded')
           ORDER BY deleted, workspace <> ?1 LIMIT 1`,
        )
        .get(workspace, server.toLowerCase())?.["deleted"] === 1
    );
  }

  #bytesOf(owner: Owner, key: string): number | undefined {
    const row = this.#db
      .sql("SELECT bytes FROM tool_state WHERE workspace = ? AND server = ? AND key = ?")
      .get(...owner, key);
    return row === undefined ? undefined : Bytes.parse(row).bytes;
  }

  #totalsOf(owner: Owner): z.infer<typeof Totals> {
    const row = this.#db
      .sql("SELECT keys, bytes FROM tool_state_totals WHERE workspace = ? AND server = ?")
      .get(...owner);
    return row === undefined ? { keys: 0, bytes: 0 } : Totals.parse(row);
  }

  #setTotals(owner: Owner, keys: number, bytes: number): void {
    this.#db
      .sql(
        `INSERT INTO tool_state_totals (workspace, server, keys, bytes) VALUES (?, ?, ?, ?)
         ON CONFLICT (workspace, server) DO UPDATE SET keys = excluded.keys, bytes = excluded.bytes`,
      )
      .run(...owner, keys, bytes);
  }
}

type Owner = readonly [workspace: string, server: string];
const ownerOf = ({ context, server }: Caller): Owner => [context.workspace, server];

/** Refuses without a grant, and makes what storage throws a refusal. */
async function guarded<Value>(
  { server, grants, context }: Caller,
  work: () => Value | Promise<Value>,
): Promise<Value | HostRefused> {
  if (!grants.state && context.isPermissive !== true) {
    return hostRefused(
      "denied",
      `\`${server}\` may not keep state; add to caxton.toml:\n[tool_servers.${server}.grants]\nstate = true`,
    );
  }
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CaxtonError)) throw error;
    return hostRefused(error.kind === "storage-full" ? "storage-full" : "unavailable", error.message);
  }
}
