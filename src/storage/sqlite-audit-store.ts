import * as z from "zod";
import {
  type AuditFilter,
  type AuditItem,
  AuditRecord,
  type AuditStore,
  Checkpoint,
  type Head,
  readTarget,
} from "../access/audit/index.ts";
import { canonicalJson } from "../kernel/json.ts";
import type { Database } from "./database.ts";

const Row = AuditRecord.extend({ target: z.string().transform(readTarget) });
const End = z.object({ seq: z.int(), hash: z.string() });

const COLUMNS = Object.keys(AuditRecord.shape);
const INSERT = `INSERT INTO audit_records (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map((name) => `:${name}`).join(", ")})`;

/** The audit log in `caxton.db`. */
export class SqliteAuditStore implements AuditStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  head(): Head | undefined {
    const record = this.#end("audit_records");
    const checkpoint = this.lastCheckpoint();
    return (record?.seq ?? -1) >= (checkpoint?.seq ?? -1) ? record : checkpoint;
  }

  lastCheckpoint(): Head | undefined {
    return this.#end("audit_checkpoints");
  }

  #end(table: "audit_records" | "audit_checkpoints"): Head | undefined {
    const sql = `SELECT seq, hash FROM ${table} ORDER BY seq DESC LIMIT 1`;
    return End.optional().parse(this.#db.read(() => this.#db.sql(sql).get()));
  }

  async append(records: readonly AuditRecord[]): Promise<void> {
    await this.#db.write(() => {
      const insert = this.#db.sql(INSERT);
      for (const record of records) insert.run({ ...record, target: canonicalJson(record.target) });
    });
  }

  async addCheckpoint(checkpoint: Checkpoint): Promise<void> {
    await this.#db.write(() =>
      this.#db
        .sql("INSERT INTO audit_checkpoints (seq, time, hash, signature) VALUES (:seq, :time, :hash, :signature)")
        .run(checkpoint),
    );
  }

  list({ workspace, principal, operation, outcome, since, until, before, limit }: AuditFilter): readonly AuditRecord[] {
    const conditions = [
      ["workspace = ?", workspace],
      ["principal = ?", principal],
      ["operation = ?", operation],
      ["outcome = ?", outcome],
      ["time >= ?", since],
      ["time < ?", until],
      ["seq < ?", before],
    ] as const;
    const set = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
    const where = ["true", ...set.map(({ sql }) => sql)].join(" AND ");
    const values = set.map(({ value }) => value);
    return this.#records(`WHERE ${where} ORDER BY seq DESC LIMIT ?`, ...values, limit);
  }

  after(seq: number, limit: number): readonly AuditItem[] {
    const records = this.#records("WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit);
    const last = records.length < limit ? undefined : records.at(-1);
    const checkpoints = this.#checkpoints(
      "WHERE seq > ? AND seq <= ? ORDER BY seq",
      seq,
      last?.seq ?? Number.MAX_SAFE_INTEGER,
    );
    return [
      ...records.map((record) => ({ seq: record.seq, item: { type: "record", record } as const })),
      ...checkpoints.map((checkpoint) => ({ seq: checkpoint.seq, item: { type: "checkpoint", checkpoint } as const })),
    ]
      .toSorted((one, other) => one.seq - other.seq)
      .map(({ item }) => item);
  }

  expired(before: string, recordsMax: number): Checkpoint | undefined {
    const first = this.#db.read(() => this.#db.sql("SELECT min(seq) AS seq FROM audit_records").get()?.["seq"]);
    if (typeof first !== "number") return undefined;
    const [found] = this.#checkpoints(
      "WHERE time < ? AND seq >= ? ORDER BY seq <= ? DESC, abs(seq - ?) LIMIT 1",
      before,
      first,
      first + recordsMax,
      first + recordsMax,
    );
    return found;
  }

  async deleteUpTo({ seq }: Checkpoint): Promise<void> {
    await this.#db.write(() => {
      this.#db.sql("DELETE FROM audit_records WHERE seq <= ?").run(seq);
      this.#db.sql("DELETE FROM audit_checkpoints WHERE seq < ?").run(seq);
    });
  }

  #records(rest: string, ...values: readonly (string | number)[]): readonly AuditRecord[] {
    return this.#db
      .read(() => this.#db.sql(`SELECT * FROM audit_records ${rest}`).all(...values))
      .map((row) => Row.parse(row));
  }

  #checkpoints(rest: string, ...values: readonly (string | number)[]): readonly Checkpoint[] {
    return this.#db
      .read(() => this.#db.sql(`SELECT * FROM audit_checkpoints ${rest}`).all(...values))
      .map((row) => Checkpoint.parse(row));
  }
}
