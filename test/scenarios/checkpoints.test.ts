import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Database } from "../../src/storage/index.ts";
import { tempDirectory } from "../helpers/temp.ts";

const PAGES = 50;
const ROWS = 40;
const ROUNDS = 200;
/** It is looked at after some commits, each of some forty pages. */
const LOG_BYTES_MAX = 8 * 1_024 * 1_024;

const insert = (database: Database) =>
  database.write(() =>
    database.sql("INSERT INTO contents (hash, text) VALUES (randomblob(32), hex(randomblob(1000)))").run(),
  );

// sqlite.checkpointer.K1
test("the log of the database stays short while it is written without a pause, and nothing is lost", async () => {
  using directory = tempDirectory();
  let written = 0;
  {
    using database = Database.open({ directory: directory.path, synchronous: "normal", checkpointPages: PAGES });
    const file = join(directory.path, "caxton.db-wal");
    for (; written < ROWS * ROUNDS; written += ROWS)
      await Promise.all(Array.from({ length: ROWS }, () => insert(database)));
    expect(statSync(file).size).toBeLessThan(LOG_BYTES_MAX);
    expect(database.bytes()).toBeGreaterThan(LOG_BYTES_MAX * 2);
    expect(database.sql("SELECT count(*) AS n FROM contents").get()).toMatchObject({ n: written });
  }
  using again = Database.open({ directory: directory.path, synchronous: "normal" });
  expect(again.sql("SELECT count(*) AS n FROM contents").get()).toMatchObject({ n: written });
});
