import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { runList } from "../../src/storage/runs/run-list.ts";
import { Database } from "../../src/storage/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

const Body = z.looseObject({
  id: z.string().default(""),
  key: z
    .string()
    .nullish()
    .transform((key) => key ?? ""),
  code: z.string().default(""),
  tags: z.array(z.string()).default([]),
  next: z.string().nullish(),
  updated_at: z.string().default(""),
  created_at: z.string().default(""),
  items: z.array(z.looseObject({ id: z.string(), tags: z.array(z.string()) })).default([]),
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    settings: {
      "access.mode": "required",
      "access.roles": { watcher: { description: "", permissions: ["runs:read", "agents:read"] } },
    },
  });
  admin = (await ask("POST", "/keys", { name: "admin", role: "admin" }, { key: server.started.setupToken ?? "" })).body
    .key;
  watcher = (await ask("POST", "/keys", { name: "watcher", role: "watcher" })).body.key;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

let admin = "";
let watcher = "";

async function ask(method: string, path: string, body?: object, { key = admin, workspace = "default" } = {}) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      "x-api-key": key,
      "x-caxton-workspace": workspace,
      ...(body && { "content-type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: Body.parse(text === "" ? {} : JSON.parse(text)) };
}

const idsOf = async (path: string) => (await ask("GET", path)).body.items.map(({ id }) => id);
const start = async (input: string, tags: readonly string[]) =>
  (await ask("POST", "/runs", { agent: "greeter", input, tags, wait: true })).body;

test("runs are listed by tags, which can be replaced after their end, and a deleted run has none", async () => {
  const [one, two] = [await start("one", ["nightly", "q3"]), await start("two", ["nightly"])];
  await start("three", []);
  expect([one.tags, two.tags]).toEqual([["nightly", "q3"], ["nightly"]]);
  expect(await idsOf("/runs?tag=nightly")).toEqual([two.id, one.id]);
  expect(await idsOf("/runs?tag=nightly&limit=1")).toEqual([two.id]);
  expect(await idsOf("/runs?tag=night")).toEqual([]);
  const changed = await ask("PATCH", `/runs/${one.id}`, { tags: ["reviewed", "reviewed"] });
  expect([changed.status, changed.body.tags]).toEqual([200, ["reviewed", "reviewed"]]);
  expect(await idsOf("/runs?tag=nightly&agent=greeter&state=completed")).toEqual([two.id]);
  expect(await idsOf("/runs?tag=reviewed")).toEqual([one.id]);
  const again = (await ask("POST", `/runs/${two.id}/retry`, {})).body;
  expect(again.tags).toEqual(["nightly"]);
  expect((await ask("DELETE", `/runs/${two.id}`)).status).toBe(204);
  expect(await idsOf("/runs?tag=nightly")).toEqual([again.id]);
  expect((await ask("PATCH", `/runs/${one.id}`, { tags: [""] })).status).toBe(400);
  expect((await ask("PATCH", `/runs/${one.id}`, { tags: Array.from({ length: 21 }, () => "x") })).status).toBe(400);
});

test("runs and threads are listed by time, to the millisecond", async () => {
  const [one, two] = [await start("first", []), await start("second", [])];
  const from = (path: string, time: string) => idsOf(`${path}?since=${encodeURIComponent(time)}`);
  expect(await from("/runs", two.created_at)).toEqual([two.id]);
  expect(await from("/runs", one.created_at)).toEqual([two.id, one.id]);
  expect(await idsOf(`/runs?since=${one.created_at}&until=${two.created_at}`)).toEqual([one.id]);
  const [first, second] = [await newThread([]), await newThread([])];
  expect(await from("/threads", second.updated_at)).toEqual([second.id]);
  expect(await idsOf(`/threads?until=${second.updated_at}&since=${first.updated_at}`)).toEqual([first.id]);
  expect((await ask("GET", "/runs?since=yesterday")).status).toBe(400);
});

const newThread = async (tags: readonly string[]) => (await ask("POST", "/threads", { agent: "greeter", tags })).body;

test("threads are listed by tags in their workspace alone", async () => {
  const thread = await newThread(["sales"]);
  expect(await idsOf("/threads?tag=sales")).toEqual([thread.id]);
  await ask("POST", "/workspaces", { name: "other" });
  expect((await ask("GET", "/threads?tag=sales", undefined, { workspace: "other" })).body.items).toEqual([]);
  await ask("PATCH", `/threads/${thread.id}`, { tags: ["costs"] });
  expect([await idsOf("/threads?tag=sales"), await idsOf("/threads?tag=costs")]).toEqual([[], [thread.id]]);
  await ask("DELETE", `/threads/${thread.id}`);
  expect(await idsOf("/threads?tag=costs")).toEqual([]);
});

const found = (path: string, ids: readonly string[]) =>
  vi.waitFor(async () => expect(await idsOf(path)).toEqual(ids), { timeout: 10_000, interval: 50 });

test("runs and threads are found by words of messages, answers and titles until they are deleted", async () => {
  const one = await start("say hello to the Größe of zanzibar", ["z"]);
  const two = await start("say hello to zanzibar", []);
  const thread = (await ask("POST", "/threads", { agent: "greeter", title: "Okapi plans" })).body;
  const sent = await ask("POST", `/threads/${thread.id}/messages`, { input: "say hello to madagascar", wait: true });
  await found("/runs?search=zanz", [two.id, one.id]);
  expect(await idsOf("/runs?search=zanzibar+grosse")).toEqual([]);
  expect(await idsOf("/runs?search=zanzibar+GR%C3%96%C3%9FE&limit=1")).toEqual([one.id]);
  expect(await idsOf("/runs?search=zanzibar&tag=z")).toEqual([one.id]);
  expect(
    await idsOf(`/runs?search=zanzibar&cursor=${(await ask("GET", "/runs?search=zanzibar&limit=1")).body.next}`),
  ).toEqual([one.id]);
  expect(await idsOf(`/runs?search=${encodeURIComponent('"hello to zanzibar"')}`)).toEqual([two.id]);
  for (const odd of ["!!!", '"', "a AND (", "text:zanzibar", "*"])
    expect((await ask("GET", `/runs?search=${encodeURIComponent(odd)}`)).status, odd).toBe(200);
  await found("/threads?search=madag", [thread.id]);
  expect(await idsOf("/threads?search=okapi")).toEqual([thread.id]);
  await ask("PATCH", `/threads/${thread.id}`, { title: "Giraffe plans" });
  expect([await idsOf("/threads?search=okapi"), await idsOf("/threads?search=giraffe")]).toEqual([[], [thread.id]]);
  const other = { workspace: "other" };
  await ask("POST", "/workspaces", { name: "other" });
  for (const path of ["/runs?search=zanzibar", "/threads?search=giraffe", "/threads?search=madagascar"])
    expect((await ask("GET", path, undefined, other)).body.items).toEqual([]);
  await ask("DELETE", `/runs/${two.id}`);
  expect(await idsOf("/runs?search=zanzibar")).toEqual([one.id]);
  const gone = await ask("DELETE", `/threads/${thread.id}`);
  expect(gone).toMatchObject({ status: 204 });
  expect(sent.status).toBe(200);
  for (const path of ["/threads?search=giraffe", "/threads?search=madagascar", "/runs?search=madagascar"])
    expect(await idsOf(path), path).toEqual([]);
  expect((await ask("GET", "/runs?search=zanzibar", undefined, { key: watcher })).status).toBe(403);
});

test("without the permission to read content, runs have no tags and cannot be selected by them", async () => {
  await start("kumquat", ["secret-tag"]);
  const listed = await ask("GET", "/runs", undefined, { key: watcher });
  expect([listed.status, JSON.stringify(listed.body)]).toEqual([200, expect.not.stringContaining("secret-tag")]);
  const selected = await ask("GET", "/runs?tag=secret-tag", undefined, { key: watcher });
  expect([selected.status, selected.body.code]).toEqual([403, "PERMISSION_DENIED"]);
});

test("an index answers each filter of the list of runs without sorting", () => {
  using directory = tempDirectory();
  using database = Database.open({ directory: directory.path, synchronous: "normal" });
  const plan = (query: object) => {
    const { sql, values } = runList({
      workspace: "w",
      agent: undefined,
      state: undefined,
      before: undefined,
      ...query,
    });
    return database
      .sql(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values, 1)
      .map((row) => String(row["detail"]))
      .join("; ");
  };
  for (const [query, index] of [
    [{}, "runs_recent (workspace=?)"],
    [{ sinceMs: 1_800_000_000_000, untilMs: 1_900_000_000_000 }, "runs_recent (workspace=? AND id>? AND id<?)"],
    [{ state: "failed", untilMs: 1_900_000_000_000 }, "runs_by_state (workspace=? AND state=? AND id<?)"],
    [{ agent: "a", sinceMs: 1_800_000_000_000 }, "runs_by_agent (workspace=? AND agent=? AND id>?)"],
    [{ search: "x" }, "VIRTUAL TABLE INDEX"],
    [{ tag: "x" }, "SEARCH t USING PRIMARY KEY (workspace=? AND kind=? AND tag=?)"],
  ] as const) {
    expect(plan(query)).toContain(index);
    expect(plan(query)).not.toContain("B-TREE");
  }
});
