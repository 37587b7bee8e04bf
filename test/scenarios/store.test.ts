import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { presentSummary } from "../../src/api/operations/runs/present-run.ts";
import { Database, SqliteRunJournal } from "../../src/storage/index.ts";
import { mint, RunId, ToolCallId } from "../../src/kernel/ids.ts";
import { foldRun } from "../../src/runs/record/index.ts";
import type { RunEvent } from "../../src/runs/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.distinct-blobs", "cluster.second-server", "storage.migrations");

const open = (directory: string) => Database.open({ directory, synchronous: "normal" });

const queued = (input: string, system = "s"): RunEvent => ({
  type: "run-queue",
  workspace: "default",
  agent: "a",
  revision: 1,
  model: null,
  files: [],
  content: { input, system, prompt: input },
});

test("what was appended is read back as it was, however long or odd", async () => {
  using directory = tempDirectory();
  using database = open(directory.path);
  const journal = new SqliteRunJournal(database);
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: "binary", maxLength: 600 }),
      fc.jsonValue({ noUnicodeString: false }),
      async (text, structured) => {
        const runId = mint(RunId);
        const value: RunEvent = {
          type: "tool-end",
          step: 1,
          callId: mint(ToolCallId),
          outcome: "done",
          fuel: 1,
          memoryBytes: 2,
          durationMs: 3.5,
          artifacts: [],
          // JSON knows no -0; the wire the value came over has already lost it.
          content: { text, structured: JSON.parse(JSON.stringify(structured)) },
        };
        await journal.append([
          { runId, atMs: 1, event: queued(text) },
          { runId, atMs: 2, event: value },
        ]);
        const read = journal.read(runId, 0);
        expect(read.map(({ event }) => event)).toEqual([queued(text), value]);
        expect(journal.read(runId, read[0]?.seq ?? 0)).toHaveLength(1);
      },
    ),
    { numRuns: 150 },
  );
});

test("a value that looks like a reference to stored content is not taken for one", async () => {
  using directory = tempDirectory();
  using database = open(directory.path);
  const journal = new SqliteRunJournal(database);
  const runId = mint(RunId);
  const event: RunEvent = {
    type: "tool-start",
    step: 1,
    callId: mint(ToolCallId),
    modelCallId: "m",
    name: "n",
    server: "s",
    tool: "t",
    repeatable: true,
    content: { arguments: { $content: "abc" } },
  };
  await journal.append([
    { runId, atMs: 1, event: queued("x") },
    { runId, atMs: 1, event },
  ]);
  expect(journal.read(runId, 0)[1]?.event).toEqual(event);
});

test("content that many runs share is on disk once", async () => {
  using directory = tempDirectory();
  using database = open(directory.path);
  const journal = new SqliteRunJournal(database);
  const system = "a long prompt ".repeat(1_000);
  for (let count = 0; count < 50; count += 1) {
    await journal.append([{ runId: mint(RunId), atMs: 1, event: queued(`question ${count}`, system) }]);
  }
  const row = database.sql("SELECT count(*) AS n FROM contents").get();
  expect(row?.["n"]).toBe(1);
});

// record.run-fold.F1
test("sequence numbers rise over a restart, and a run's row and journal agree", async () => {
  using directory = tempDirectory();
  const runId = mint(RunId);
  let last = 0;
  {
    using database = open(directory.path);
    const entries = await new SqliteRunJournal(database).append([{ runId, atMs: 1, event: queued("q") }]);
    last = entries[0]?.seq ?? 0;
  }
  using database = open(directory.path);
  const journal = new SqliteRunJournal(database);
  const [entry] = await journal.append([{ runId, atMs: 5, event: { type: "run-complete", content: { output: "o" } } }]);
  expect(entry?.seq).toBeGreaterThan(last);
  expect(journal.summary(runId)).toMatchObject({ state: "completed", outputPreview: "o", endedAtMs: 5 });
  expect(foldRun(journal.read(runId, 0))).toMatchObject({ state: "completed", output: "o", endedAtMs: 5 });
  expect(journal.unfinished()).toEqual([]);
});

test("a run that ended before it began, by a clock that was set back, took no time", async () => {
  using directory = tempDirectory();
  using database = open(directory.path);
  const journal = new SqliteRunJournal(database);
  const runId = mint(RunId);
  await journal.append([{ runId, atMs: 3_000, event: queued("q") }]);
  await journal.append([{ runId, atMs: 1_000, event: { type: "run-complete", content: { output: "o" } } }]);
  const summary = journal.summary(runId);
  expect(summary && presentSummary(summary).duration_ms).toBe(0);
});

// storage.database.D4
test("a job that fails takes no other job of its batch with it", async () => {
  using directory = tempDirectory();
  using database = open(directory.path);
  const put = (id: string) => () =>
    database
      .sql(
        "INSERT INTO uploads (id, workspace, name, media_type, bytes, path, created_at_ms) VALUES (?, 'default', '', '', 0, '', 0)",
      )
      .run(id);
  const results = await Promise.allSettled([
    database.write(put("1")),
    database.write(() => {
      put("2")();
      throw new RangeError("mine");
    }),
    database.write(put("3")),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(
    database
      .sql("SELECT id FROM uploads ORDER BY id")
      .all()
      .map((row) => row["id"]),
  ).toEqual(["1", "3"]);
});

// storage.database.D1
test("a second server is refused the data directory, and gets it when the first is gone", () => {
  using directory = tempDirectory();
  const first = open(directory.path);
  expect(() => open(directory.path)).toThrow(expect.objectContaining({ code: "DATA_DIRECTORY_IN_USE" }));
  first[Symbol.dispose]();
  open(directory.path)[Symbol.dispose]();
});

test("a server that was killed is not taken for the one that uses its data directory now", () => {
  using directory = tempDirectory();
  const word = (pid: number) =>
    writeFileSync(join(directory.path, "server.json"), JSON.stringify({ url: "http://127.0.0.1:1", pid }));
  const inUse = (details: object) =>
    expect(() => open(directory.path)).toThrow(expect.objectContaining({ details: expect.objectContaining(details) }));
  // The process id of the killed one is by now that of another program.
  word(process.ppid);
  using first = open(directory.path);
  inUse({ url: null, pid: null });
  word(process.ppid);
  inUse({ url: "http://127.0.0.1:1", pid: process.ppid });
  word(process.pid);
  inUse({ url: null, pid: null });
  expect(first.directory).toBe(directory.path);
});

test.each([
  [9_999, "DATABASE_TOO_NEW"],
  [25, "DATABASE_TOO_OLD"],
])("a database of schema %i is refused with %s and left unchanged", (found, code) => {
  using directory = tempDirectory();
  open(directory.path)[Symbol.dispose]();
  using raw = new DatabaseSync(join(directory.path, "caxton.db"));
  raw.exec(`PRAGMA user_version=${found}`);
  expect(() => open(directory.path)).toThrow(
    expect.objectContaining({ code, details: expect.objectContaining({ found }) }),
  );
  expect(raw.prepare("PRAGMA user_version").get()).toEqual({ user_version: found });
});

test("a full disk is a named failure, and what was written before stays", async () => {
  using directory = tempDirectory();
  using database = open(directory.path);
  const journal = new SqliteRunJournal(database);
  const runId = mint(RunId);
  await journal.append([{ runId, atMs: 1, event: queued("kept") }]);
  const pages = database.sql("PRAGMA page_count").get()?.["page_count"];
  database.sql(`PRAGMA max_page_count=${Number(pages)}`).get();
  const big = queued("x".repeat(1_000_000));
  await expect(journal.append([{ runId: mint(RunId), atMs: 1, event: big }])).rejects.toMatchObject({
    code: "STORAGE_FULL",
  });
  expect(journal.read(runId, 0)).toHaveLength(1);
  database.sql("PRAGMA max_page_count=1000000").get();
  await journal.append([{ runId: mint(RunId), atMs: 1, event: big }]);
});

test("a data directory that cannot be written is a named failure", () => {
  expect(() => open("/sys/caxton")).toThrow(expect.objectContaining({ code: "STORAGE_READ_ONLY" }));
});
