import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import {
  Contents,
  Database,
  SqliteArtifactStore,
  SqliteRunArchive,
  SqliteRunJournal,
} from "../../src/storage/index.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { Retention, type RunRetention } from "../../src/runs/lifecycle/index.ts";
import type { RunEvent } from "../../src/runs/index.ts";
import { freshEngine } from "../helpers/engine.ts";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

const NO_THREADS = { deleteExpired: async () => 0 };

verifies("run.retention");

const LONG = "a system prompt that is shared by all runs ".repeat(20);
const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;

const queued = (input: string, workspace = "default"): RunEvent => ({
  type: "run-queue",
  workspace,
  agent: "tester",
  revision: 1,
  model: null,
  files: [],
  content: { input, system: LONG, prompt: input },
});
const completed: RunEvent = { type: "run-complete", content: { output: "done" } };

function archiveOf(kept: RunRetention) {
  const directory = tempDirectory();
  const database = Database.open({ directory: directory.path, synchronous: "normal" });
  const contents = new Contents(database);
  const journal = new SqliteRunJournal(database, contents);
  const archive = new SqliteRunArchive(database, contents);
  const clock: Clock = { ...systemClock, nowMs: () => NOW_MS };
  const retention = new Retention({ archive, journal, threads: NO_THREADS, clock }, { kept: () => kept });
  const count = (table: string) => Number(database.sql(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  const ended = async (input: string, daysAgo: number): Promise<RunId> => {
    const id = mint(RunId);
    const atMs = NOW_MS - daysAgo * DAY_MS;
    await journal.append([queued(input), completed].map((event) => ({ runId: id, atMs, event })));
    return id;
  };
  return {
    directory: directory.path,
    database,
    journal,
    archive,
    retention,
    count,
    ended,
    [Symbol.dispose]: () => {
      database[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}

// storage.contents.C1
test("a deleted run is gone at once with its rows, and texts go when no run has them any more", async () => {
  using made = archiveOf({ ageMs: undefined, count: undefined });
  const [one, other] = [await made.ended("x".repeat(500), 1), await made.ended("y".repeat(500), 1)];
  expect(made.count("contents")).toBe(3);
  await made.retention.delete(one);
  expect(made.journal.summary(one)).toBeUndefined();
  expect(made.journal.read(one, 0)).toEqual([]);
  await made.retention.sweep();
  expect({ journal: made.count("journal"), contents: made.count("contents") }).toEqual({ journal: 2, contents: 2 });
  const [first] = made.journal.read(other, 0);
  expect(first?.event).toMatchObject({ content: { system: LONG, input: "y".repeat(500) } });
  await made.retention.delete(other);
  await made.retention.sweep();
  for (const table of ["journal", "contents", "content_uses", "run_removals"]) expect(made.count(table)).toBe(0);
});

test("a text that was deleted is stored again when it comes again, and no sequence number is given twice", async () => {
  using made = archiveOf({ ageMs: undefined, count: undefined });
  const first = await made.ended("one", 1);
  const last = made.journal.read(first, 0).at(-1)?.seq ?? 0;
  await made.retention.delete(first);
  await made.retention.sweep();
  const reopened = new SqliteRunJournal(made.database);
  const id = mint(RunId);
  const [entry] = await reopened.append([{ runId: id, atMs: NOW_MS, event: queued("two") }]);
  expect(entry?.seq).toBeGreaterThan(last);
  expect(reopened.read(id, 0)[0]?.event).toMatchObject({ content: { system: LONG } });
});

test("runs past their age go, then those beyond the count; those that have not ended stay however old they are", async () => {
  using made = archiveOf({ ageMs: 30 * DAY_MS, count: 2 });
  const old = [await made.ended("old", 40), await made.ended("older", 50)];
  const recent = [await made.ended("a", 5), await made.ended("b", 4), await made.ended("c", 3)];
  const open = mint(RunId);
  await made.journal.append([{ runId: open, atMs: NOW_MS - 90 * DAY_MS, event: queued("open") }]);
  expect(await made.retention.apply()).toBe(3);
  for (const id of [...old, ...recent.slice(0, 1)]) expect(made.journal.summary(id)).toBeUndefined();
  for (const id of [...recent.slice(1), open]) expect(made.journal.summary(id)).toBeDefined();
  expect(await made.retention.apply()).toBe(0);
});

// storage.sqlite-run-archive.V1, storage.sqlite-run-archive.V2
test("a removal that a stop cut off is finished by the next start, files included", async () => {
  using made = archiveOf({ ageMs: undefined, count: undefined });
  const id = await made.ended("x".repeat(500), 1);
  const artifacts = new SqliteArtifactStore(made.database, systemClock);
  const { path } = await artifacts.save(id, { name: "chart.svg", mediaType: "image/svg+xml", text: "<svg/>" });
  await made.archive.remove([id]);
  expect(made.count("journal")).toBe(2);
  expect(existsSync(join(made.directory, path))).toBe(true);
  await made.retention.apply();
  expect({ journal: made.count("journal"), artifacts: made.count("artifacts") }).toEqual({ journal: 0, artifacts: 0 });
  expect(existsSync(join(made.directory, path))).toBe(false);
});

test("a long run is deleted in small batches", async () => {
  using made = archiveOf({ ageMs: undefined, count: undefined });
  const id = mint(RunId);
  const events = [
    queued("long"),
    ...Array.from({ length: 999 }, (): RunEvent => ({ type: "run-start", attempt: 1 })),
    completed,
  ];
  await made.journal.append(events.map((event) => ({ runId: id, atMs: NOW_MS, event })));
  await made.archive.remove([id]);
  let sweeps = 0;
  while (await made.archive.sweep(100)) {
    sweeps += 1;
    expect(made.count("journal")).toBe(Math.max(0, 1_001 - sweeps * 100));
  }
  expect(sweeps).toBe(11);
});

test("a run that has not ended is not deleted, and one that is not there is said not to be", async () => {
  await using made = freshEngine({ model: scripted([{ text: "hi", delayMs: 60_000 }]) });
  const { id } = await made.begin("go");
  const nothing = { workspaces: () => [], open: () => [], ended: () => [], remove: async () => [] };
  const archive = { ...nothing, removeWorkspace: async () => undefined, sweep: async () => false };
  const retention = new Retention(
    { archive, journal: made.journal, threads: NO_THREADS, clock: systemClock },
    { kept: () => ({ ageMs: undefined, count: undefined }) },
  );
  await expect(retention.delete(id)).rejects.toMatchObject({ code: "RUN_NOT_ENDED" });
  await expect(retention.delete(mint(RunId))).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

test("over the interface: an ended run is deleted, others are pruned by age, and what is asked wrongly is said", async () => {
  await using server = await startServer({ script: [{ text: "hello" }] });
  const run = async () => {
    const { body } = await server.ask("POST", "/api/v1/runs", { agent: "greeter", input: "hi", wait: true });
    return body;
  };
  const first = await run();
  await run();
  const id = first !== null && typeof first === "object" && "id" in first ? String(first.id) : "";
  expect((await server.ask("DELETE", `/api/v1/runs/${id}`)).status).toBe(204);
  expect(await server.ask("GET", `/api/v1/runs/${id}`)).toMatchObject({ status: 404, body: { code: "RUN_NOT_FOUND" } });
  expect(await server.ask("DELETE", `/api/v1/runs/${id}`)).toMatchObject({ status: 404 });
  const prune = (body: object) => server.ask("POST", "/api/v1/runs/prune", body);
  expect(await prune({ older_than: "soon" })).toMatchObject({ status: 400, body: { code: "PRUNE_AGE_INVALID" } });
  expect((await prune({ older_than: "1h" })).body).toEqual({ runs: 0, dry_run: false });
  expect((await prune({ older_than: "0s", dry_run: true })).body).toEqual({ runs: 1, dry_run: true });
  expect((await prune({ older_than: "0s" })).body).toEqual({ runs: 1, dry_run: false });
  expect((await server.ask("GET", "/api/v1/runs")).body).toMatchObject({ items: [] });
});
