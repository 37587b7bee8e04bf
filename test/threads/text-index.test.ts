import { expect, test, vi } from "vitest";
import { mint, RunId } from "../../src/kernel/ids.ts";
import type { RunEvent } from "../../src/runs/index.ts";
import { Contents, Database, SqliteRunArchive, SqliteRunJournal } from "../../src/storage/index.ts";
import { tempDirectory } from "../helpers/temp.ts";

const CONTENT = { input: "kumquats for the okapi", system: "", prompt: "" };
const queue = (): RunEvent => ({
  type: "run-queue",
  workspace: "w",
  agent: "a",
  revision: 1,
  model: null,
  files: [],
  content: CONTENT,
});
const QUERY = { workspace: "w", agent: undefined, state: undefined, before: undefined, limit: 10 };

test("texts are indexed after a restart too, and leave the index with the data of their run", async () => {
  using directory = tempDirectory();
  const open = () => Database.open({ directory: directory.path, synchronous: "normal" });
  const id = mint(RunId);
  {
    using database = open();
    const journal = new SqliteRunJournal(database);
    await journal.append([{ runId: id, atMs: 1, event: queue() }]);
    await journal.append([{ runId: id, atMs: 2, event: { type: "run-complete", content: { output: "served" } } }]);
    // The server stops before the texts are indexed.
    expect(journal.list({ ...QUERY, search: "okapi" })).toEqual([]);
  }
  using database = open();
  const journal = new SqliteRunJournal(database);
  const found = (search: string) => journal.list({ ...QUERY, search }).map((run) => run.id);
  await vi.waitFor(() => expect([found("okapi"), found("serv")]).toEqual([[id], [id]]), { timeout: 10_000 });
  expect(found("okapi served")).toEqual([]);
  const archive = new SqliteRunArchive(database, new Contents(database));
  await archive.remove([id]);
  expect(found("okapi")).toEqual([]);
  const indexed = () =>
    database.sql("SELECT count(*) AS n FROM run_texts WHERE run_texts MATCH 'okapi OR served'").get();
  expect(indexed()).toEqual({ n: 2 });
  while (await archive.sweep(1));
  expect(indexed()).toEqual({ n: 0 });
  // The database takes further writes.
  await journal.append([{ runId: mint(RunId), atMs: 3, event: queue() }]);
});
