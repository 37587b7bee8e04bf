import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import type { JsonObject } from "../../../src/kernel/json.ts";
import { Room } from "../sandbox/room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.built-in-database");

const MODULE = readFileSync(join(import.meta.dirname, "../../../tools/built/database/module.wasm"));
const FILES = [
  { path: "data", access: "read" },
  { path: "output", access: "write" },
] as const;

/** A sandbox with the database server, and databases made by another SQLite. */
async function databases(prepare: (open: (path: string) => DatabaseSync) => void = () => {}): Promise<Room> {
  const room = new Room();
  await room.deploy(MODULE, "database", {
    instance: "server",
    grants: { files: FILES, clock: true },
    limits: { fuelPerCall: 20_000_000_000, deadlineMs: 60_000 },
  });
  for (const directory of ["data", "output"]) mkdirSync(join(room.directory, directory), { recursive: true });
  prepare((path) => new DatabaseSync(join(room.directory, path)));
  return room;
}

const Rows = z.object({ columns: z.array(z.string()), rows: z.array(z.array(z.json())), more: z.boolean() });

async function ask(room: Room, sql: string, more: JsonObject = {}): Promise<z.infer<typeof Rows>> {
  const result = await room.call("database.query", { path: "data/shop.db", sql, ...more });
  if (result.type === "failed") throw new Error(result.message);
  return Rows.parse(result.structured);
}

async function failure(room: Room, tool: string, given: JsonObject): Promise<string> {
  const result = await room.call(`database.${tool}`, given);
  return result.type === "failed" ? result.message : `done: ${JSON.stringify(result.structured)}`;
}

function shop(open: (path: string) => DatabaseSync, path = "data/shop.db"): void {
  using database = open(path);
  database.exec(`
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, since TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id), total REAL, note BLOB);
    CREATE VIEW totals AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
    INSERT INTO customers VALUES (1, 'Ada', '1843-01-01'), (2, 'Émile', NULL);
    INSERT INTO orders VALUES (1, 1, 9.5, x'00ff'), (2, 1, 20, NULL), (3, 2, 1e3, NULL);
  `);
}

test("rows come with their columns, as numbers, texts, nulls and blobs", async () => {
  await using room = await databases(shop);
  const { columns, rows, more } = await ask(room, "SELECT id, total, note FROM orders ORDER BY id");
  expect(columns).toEqual(["id", "total", "note"]);
  expect(rows).toEqual([
    [1, 9.5, "x'00ff'"],
    [2, 20, null],
    [3, 1000, null],
  ]);
  expect(more).toBe(false);
});

test("people get a table", async () => {
  await using room = await databases(shop);
  const text = await room.text("database.query", { path: "data/shop.db", sql: "SELECT name, since FROM customers" });
  expect(text).toContain("Ada");
  expect(text).toContain("Émile");
  expect(text).toContain("(2 rows)");
});

test("parameters are bound by place and by name, and a missing one is named", async () => {
  await using room = await databases(shop);
  const placed = await ask(room, "SELECT name FROM customers WHERE id = ?", { parameters: [2] });
  expect(placed.rows).toEqual([["Émile"]]);
  const named = await ask(room, "SELECT name FROM customers WHERE id = :id", { parameters: { id: 1 } });
  expect(named.rows).toEqual([["Ada"]]);
  const given = { path: "data/shop.db", sql: "SELECT :a + :b", parameters: { a: 1 } };
  expect(await failure(room, "query", given)).toContain("no value for the parameter :b");
});

test("a text in a parameter is a value and never SQL", async () => {
  await using room = await databases(shop);
  const text = "x'; DROP TABLE customers; --";
  expect((await ask(room, "SELECT ?", { parameters: [text] })).rows).toEqual([[text]]);
  expect((await ask(room, "SELECT count(*) FROM customers")).rows).toEqual([[2]]);
});

test("the tables are listed with columns, keys, references and sizes", async () => {
  await using room = await databases(shop);
  const result = await room.call("database.schema", { path: "data/shop.db" });
  expect(result).toMatchObject({
    structured: {
      tables: [
        { name: "customers", kind: "table", rows: 2 },
        {
          name: "orders",
          rows: 3,
          columns: [
            { name: "id", type: "INTEGER", primary_key: true },
            { name: "customer", references: "customers.id" },
            { name: "total" },
            { name: "note" },
          ],
        },
        { name: "totals", kind: "view", rows: null },
      ],
    },
  });
  expect(await failure(room, "schema", { path: "data/shop.db", table: "order" })).toContain(
    "customers, orders, totals",
  );
});

test("a query never changes anything, in whatever words it tries", async () => {
  await using room = await databases(shop);
  for (const sql of [
    "DELETE FROM orders",
    "INSERT INTO customers (name) VALUES ('x') RETURNING id",
    "DROP TABLE orders",
    "PRAGMA journal_mode=WAL",
    "PRAGMA writable_schema=1",
    "PRAGMA user_version=5",
    "ATTACH 'data/other.db' AS other",
    "BEGIN",
    "VACUUM INTO 'output/copy.db'",
    "SELECT load_extension('x')",
    "SELECT 1; DELETE FROM orders",
  ]) {
    const said = await failure(room, "query", { path: "data/shop.db", sql });
    expect(said, sql).not.toContain("done");
  }
  expect((await ask(room, "SELECT count(*) FROM orders")).rows).toEqual([[3]]);
});

test("wrong SQL is answered with what is wrong and where", async () => {
  await using room = await databases(shop);
  const said = await failure(room, "query", { path: "data/shop.db", sql: "SELECT nme FROM customers" });
  expect(said).toContain("no such column: nme, at character 8");
});

test("long results are cut at the limit and say that there is more", async () => {
  await using room = await databases(shop);
  const sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n";
  expect(await ask(room, sql, { limit: 10 })).toMatchObject({ more: true, rows: { length: 10 } });
  const wide = await ask(room, "SELECT hex(zeroblob(50000)) FROM customers, orders", { limit: 100 });
  expect(wide.more).toBe(true);
  expect(wide.rows).toHaveLength(4);
  const huge = { path: "data/shop.db", sql: "SELECT hex(zeroblob(300000))" };
  expect(await failure(room, "query", huge)).toContain("the first row has 600003 bytes");
});

test("a query that never ends is stopped by its fuel", async () => {
  await using room = await databases(shop);
  await room.deploy(MODULE, "small", { grants: { files: FILES }, limits: { fuelPerCall: 50_000_000 } });
  const sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  expect(await room.text("small.query", { path: "data/shop.db", sql })).toBe("fuel");
});

test("changes are made in one transaction, and another SQLite reads them", async () => {
  await using room = await databases((open) => shop(open, "output/shop.db"));
  const sql = "INSERT INTO customers (name) VALUES (?); UPDATE orders SET total = total * 2 WHERE customer = 1";
  const result = await room.call("database.execute", { path: "output/shop.db", sql, parameters: ["Grace"] });
  expect(result).toMatchObject({ structured: { statements: 2, changed_rows: 3, last_row_id: 3 } });
  using after = new DatabaseSync(join(room.directory, "output/shop.db"));
  expect(after.prepare("SELECT name FROM customers WHERE id = 3").get()).toMatchObject({ name: "Grace" });
  expect(after.prepare("SELECT sum(total) AS total FROM orders").get()).toMatchObject({ total: 1059 });
  expect(after.prepare("PRAGMA integrity_check").get()).toMatchObject({ integrity_check: "ok" });
});

test("when one statement fails none of them counts", async () => {
  await using room = await databases((open) => shop(open, "output/shop.db"));
  const sql = "DELETE FROM orders; INSERT INTO customers (id, name) VALUES (1, 'twice')";
  const said = await failure(room, "execute", { path: "output/shop.db", sql });
  expect(said).toContain("UNIQUE constraint failed: customers.id");
  expect(said).toContain("Nothing was changed.");
  using after = new DatabaseSync(join(room.directory, "output/shop.db"));
  expect(after.prepare("SELECT count(*) AS count FROM orders").get()).toMatchObject({ count: 3 });
});

test("references are kept whole", async () => {
  await using room = await databases((open) => shop(open, "output/shop.db"));
  const said = await failure(room, "execute", { path: "output/shop.db", sql: "DELETE FROM customers WHERE id = 1" });
  expect(said).toContain("FOREIGN KEY constraint failed");
});

test("a database is made only where that is asked for and granted", async () => {
  await using room = await databases();
  const sql = "CREATE TABLE t (a); INSERT INTO t VALUES (1)";
  expect(await failure(room, "execute", { path: "output/new.db", sql })).toContain("there is no file");
  expect(await failure(room, "execute", { path: "output/new.db", sql, create: true })).toContain("done");
  expect(await failure(room, "execute", { path: "data/new.db", sql, create: true })).toContain("may not be changed");
  expect(await failure(room, "execute", { path: "elsewhere/new.db", sql, create: true })).not.toContain("done");
});

test("what is only granted for reading is not changed", async () => {
  await using room = await databases(shop);
  const said = await failure(room, "execute", { path: "data/shop.db", sql: "DELETE FROM orders" });
  expect(said).not.toContain("done");
  expect((await ask(room, "SELECT count(*) FROM orders")).rows).toEqual([[3]]);
});

test("files that are no databases, and paths that are not granted, say so", async () => {
  await using room = await databases();
  writeFileSync(join(room.directory, "data/plain.txt"), "hello, world; this is no database at all\n".repeat(100));
  const asked = (path: string) => failure(room, "query", { path, sql: "SELECT * FROM t" });
  expect(await asked("data/plain.txt")).toContain("is not an SQLite database");
  expect(await asked("/etc/passwd")).toContain("not granted");
  expect(await asked("data/../../shop.db")).not.toContain("done");
  expect(await asked("data/none.db")).toContain("there is no file");
});

test("a database in WAL mode is read with what its log holds", async () => {
  await using room = await databases();
  const writer = new DatabaseSync(join(room.directory, "data/shop.db"));
  writer.exec("PRAGMA journal_mode=WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
  expect((await ask(room, "SELECT count(*) FROM t")).rows).toEqual([[2]]);
  writer.exec("INSERT INTO t VALUES (3)");
  expect((await ask(room, "SELECT count(*) FROM t")).rows).toEqual([[3]]);
  writer.close();
  expect((await ask(room, "SELECT count(*) FROM t")).rows).toEqual([[3]]);
});

test("two runs that change one database at the same time take turns", async () => {
  await using room = await databases((open) => shop(open, "output/shop.db"));
  const add = (session: string) =>
    room.text(
      "database.execute",
      { path: "output/shop.db", sql: "INSERT INTO customers (name) VALUES ('x')" },
      { session },
    );
  await Promise.all(Array.from({ length: 20 }, (_, index) => add(`run-${index}`)));
  using after = new DatabaseSync(join(room.directory, "output/shop.db"));
  expect(after.prepare("SELECT count(*) AS count FROM customers").get()).toMatchObject({ count: 22 });
});

test("whole numbers that JSON readers would round come as texts", async () => {
  await using room = await databases(shop);
  expect((await ask(room, "SELECT 9007199254740993, -5, 1e308 * 10")).rows).toEqual([["9007199254740993", -5, "inf"]]);
});

test("values come back as another SQLite gives them", async () => {
  await using room = await databases(shop);
  using oracle = new DatabaseSync(":memory:");
  // JSON has one kind of number: what is whole is an integer.
  const real = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number));
  const value = fc.oneof(fc.integer(), real, fc.string(), fc.constant(null));
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 5 }), async (values) => {
      const sql = `SELECT ${values.map(() => "?, typeof(?), length(?)").join(", ")}`;
      const parameters = values.flatMap((each) => [each, each, each]);
      const [row] = (await ask(room, sql, { parameters })).rows;
      const statement = oracle.prepare(sql);
      statement.setReturnArrays(true);
      const wanted: unknown = statement.get(
        ...parameters.map((each) => (Number.isInteger(each) ? BigInt(each ?? 0) : each)),
      );
      expect(row).toEqual(wanted);
    }),
    { numRuns: 50 },
  );
});
