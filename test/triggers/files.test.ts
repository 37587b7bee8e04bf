import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runs as runSchemas, triggers as schemas } from "../../src/api/contract/index.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("triggers.files");

const AGENT = "data-analyzer";
const WAIT = { timeout: 30_000, interval: 200 };
let server: TestServer;
let directory: ReturnType<typeof tempDirectory>;

const start = async (settings: object = {}): Promise<void> => {
  const watched = { "files.watch_root": join(directory.path, "watched") };
  server = await startServer({ directory: directory.path, settings: { ...watched, ...settings } });
};
const restart = async (change: () => void): Promise<void> => {
  await server[Symbol.asyncDispose]();
  change();
  await start();
};
beforeEach(async () => {
  directory = tempDirectory();
  mkdirSync(join(directory.path, "watched/default/inbox"), { recursive: true });
  await start();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const at = (path: string): string => join(directory.path, "watched/default", path);
const write = (path: string, content: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
};
const SPEC = { agent: AGENT, name: "tables", kind: "file", path: "inbox/*.csv", parallel: 10 };
const INPUT = "{{event.event}} {{event.path}}";
const create = async (spec: object = {}) => {
  const body = { ...SPEC, input: INPUT, ...spec };
  const { status, body: created } = await server.ask("POST", "/api/v1/triggers", body);
  expect({ status, created }).toMatchObject({ status: 200 });
  return schemas.Trigger.parse(created);
};
const fires = async () =>
  schemas.TriggerFirePage.parse((await server.ask("GET", `/api/v1/triggers/${AGENT}%2Ftables/fires?limit=200`)).body)
    .items;
/** Outcomes with the path of the file, oldest first. */
const events = async () => (await fires()).map(({ key, outcome }) => `${outcome} ${key.split(" ")[1]}`).toReversed();
const runs = async () =>
  runSchemas.RunPage.parse((await server.ask("GET", "/api/v1/runs?limit=200")).body).items.toReversed();
const inputs = async () => (await runs()).map(({ input_preview: input }) => input);
/** Waits until files that were written before would have fired: a later file has. */
const settled = async (name: string) => {
  write(`inbox/${name}.csv`, name);
  await expect.poll(inputs, WAIT).toContain(`created inbox/${name}.csv`);
};

test("a file that is created or changed starts one run, which has the file", async () => {
  write("inbox/old.csv", "before the trigger");
  await setTimeout(50);
  await create();
  write("inbox/a.csv", "a,b\n1,2\n");
  write("inbox/a.txt", "another name");
  write("other/a.csv", "another folder");
  await expect.poll(inputs, WAIT).toEqual(["created inbox/a.csv"]);
  const [run] = await runs();
  const { body } = await server.ask("GET", `/api/v1/runs/${run?.id}`);
  expect(body).toMatchObject({ files: [{ name: "a.csv", media_type: "text/csv", bytes: 8 }] });
  write("inbox/a.csv", "a,b\n3,4\n");
  await expect.poll(inputs, WAIT).toEqual(["created inbox/a.csv", "changed inbox/a.csv"]);
  // The same content is no change.
  utimesSync(at("inbox/a.csv"), new Date(), new Date());
  write("inbox/old.csv", "after it");
  await expect.poll(events, WAIT).toEqual(["started inbox/a.csv", "started inbox/a.csv", "started inbox/old.csv"]);
  rmSync(at("inbox/a.csv"));
  await settled("later");
  write("inbox/a.csv", "again");
  await expect.poll(async () => (await inputs()).at(-1), WAIT).toBe("created inbox/a.csv");
});

test("only the chosen changes fire", async () => {
  await create({ events: ["changed"] });
  write("inbox/a.csv", "one");
  const { triggers } = server.started.caxton.storage;
  const trigger = triggers.find("default", `${AGENT}/tables`);
  await expect.poll(() => trigger && triggers.seenFile(trigger, "inbox/a.csv")?.hash, WAIT).toMatch(/^[0-9a-f]{64}$/);
  write("inbox/a.csv", "two");
  await expect.poll(inputs, WAIT).toEqual(["changed inbox/a.csv"]);
});

test("changes while the server does not run are found, and none fires twice", async () => {
  // triggers.files.L1
  await create();
  await settled("first");
  await restart(() => {
    write("inbox/a.csv", "new");
    write("inbox/first.csv", "changed");
  });
  await settled("last");
  expect((await events()).toSorted()).toEqual([
    "started inbox/a.csv",
    "started inbox/first.csv",
    "started inbox/first.csv",
    "started inbox/last.csv",
  ]);
  await restart(() => undefined);
  await settled("end");
  expect(await fires()).toHaveLength(5);
});

test.each([
  ["skip", ["missed inbox/a.csv", "missed inbox/b.csv"]],
  ["latest", ["missed inbox/a.csv", "started inbox/b.csv"]],
])("of changes that were missed, the policy %s fires what it says", async (policy, expected) => {
  await create({ catch_up: policy });
  const { triggers } = server.started.caxton.storage;
  const trigger = triggers.find("default", `${AGENT}/tables`);
  await expect.poll(() => trigger && triggers.seenFile(trigger, ""), WAIT).toBeDefined();
  await restart(() => {
    write("inbox/a.csv", "one");
    write("inbox/b.csv", "two");
    utimesSync(at("inbox/a.csv"), new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
  });
  await expect.poll(events, WAIT).toEqual(expected);
  await settled("last");
  expect((await fires()).length).toBe(3);
});

test("a file that is still written fires once, when it is complete", async () => {
  await create({ input: "{{event.bytes}}" });
  for (let part = 1; part <= 4; part += 1) {
    write("inbox/a.csv", "x".repeat(part));
    await setTimeout(900);
  }
  await expect.poll(inputs, WAIT).toEqual(["4"]);
});

test("links and files of other workspaces do not fire", async () => {
  // triggers.files.L3
  const outside = join(directory.path, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "secret.csv"), "secret");
  mkdirSync(join(directory.path, "watched/other/inbox"), { recursive: true });
  await create({ path: "**/*.csv" });
  symlinkSync(join(outside, "secret.csv"), at("inbox/link.csv"));
  symlinkSync(outside, at("folder"));
  writeFileSync(join(directory.path, "watched/other/inbox/theirs.csv"), "theirs");
  await settled("own");
  expect(await events()).toEqual(["started inbox/own.csv"]);
  for (const path of ["../other/inbox/*.csv", "/etc/*", "inbox/**"])
    expect(await server.ask("POST", "/api/v1/triggers", { ...SPEC, name: "x", input: "x", path })).toMatchObject({
      status: 400,
      body: { code: "TRIGGER_INVALID", detail: expect.stringMatching(/^path: /) },
    });
});

test("a folder that a link replaces is not followed", async () => {
  // triggers.files.L3
  const outside = join(directory.path, "outside");
  mkdirSync(outside);
  await create();
  await settled("own");
  renameSync(at("inbox"), at("moved"));
  symlinkSync(outside, at("inbox"));
  writeFileSync(join(outside, "secret.csv"), "secret");
  await setTimeout(5_000);
  expect(await events()).toEqual(["started inbox/own.csv"]);
});

test("a file that is too large is a failed event with the reason", async () => {
  await create();
  write("inbox/large.csv", "");
  truncateSync(at("inbox/large.csv"), LIMITS.triggerFileBytesMax + 1);
  await expect.poll(events, WAIT).toEqual(["failed inbox/large.csv"]);
  const reason = expect.stringContaining(`at most ${LIMITS.triggerFileBytesMax}`);
  expect((await fires())[0]).toMatchObject({ code: "UPLOAD_TOO_LARGE", reason, run: null });
});

const numbered = (index: number): string => at(`inbox/${index}.csv`);

test("a large folder is read in parts, and too many files stop the trigger", async () => {
  // triggers.files.L2
  for (let index = 0; index <= LIMITS.triggerFilesMax; index += 1) writeFileSync(numbered(index), "");
  await setTimeout(50);
  const { id } = await create({ input: "{{event.event}} {{event.path}}" });
  const stopped = async () => schemas.Trigger.parse((await server.ask("GET", `/api/v1/triggers/${id}`)).body).stopped;
  await expect
    .poll(async () => (await stopped())?.reason, WAIT)
    .toContain(`more than ${LIMITS.triggerFilesMax} files match inbox/*.csv`);
  for (let index = 0; index < 2_000; index += 1) rmSync(numbered(index));
  await setTimeout(50);
  await server.ask("PATCH", `/api/v1/triggers/${id}`, { enabled: true });
  expect(LIMITS.triggerEntriesPerPoll).toBeLessThan(LIMITS.triggerFilesMax - 2_000);
  await settled("new");
  expect(await events()).toEqual(["started inbox/new.csv"]);
});

test("without a directory to watch, file triggers are refused, and those that exist stop", async () => {
  // triggers.files.L4
  await create();
  await server[Symbol.asyncDispose]();
  server = await startServer({ directory: directory.path });
  const stopped = await server.ask("GET", `/api/v1/triggers/${AGENT}%2Ftables`);
  expect(stopped).toMatchObject({ body: { stopped: { reason: expect.stringContaining("files.watch_root") } } });
  const refused = { status: 400, body: { code: "FILE_TRIGGERS_OFF", hint: expect.stringContaining("caxton.toml") } };
  expect(await server.ask("POST", "/api/v1/triggers", { ...SPEC, name: "x", input: "x" })).toMatchObject(refused);
  const again = await server.ask("PATCH", `/api/v1/triggers/${AGENT}%2Ftables`, { enabled: true });
  expect(again).toMatchObject(refused);
});

test("a file that changes before its run starts is another event", async () => {
  await server[Symbol.asyncDispose]();
  const slow = { when: { userIncludes: "first.csv" }, text: "done", delayMs: 600_000 };
  const watched = { "files.watch_root": join(directory.path, "watched") };
  server = await startServer({ directory: directory.path, settings: watched, script: [slow, { text: "done" }] });
  await create({ parallel: 1 });
  write("inbox/first.csv", "slow");
  await expect.poll(events, WAIT).toEqual(["started inbox/first.csv"]);
  for (const [count, content] of [
    [2, "one"],
    [3, "two"],
  ] as const) {
    write("inbox/a.csv", content);
    await expect.poll(fires, WAIT).toHaveLength(count);
  }
  const [run] = await runs();
  await server.ask("POST", `/api/v1/runs/${run?.id}/cancel`);
  const outcomes = ["started inbox/first.csv", "failed inbox/a.csv", "started inbox/a.csv"];
  await expect.poll(events, WAIT).toEqual(outcomes);
  expect((await fires())[1]).toMatchObject({ code: "TRIGGER_FILE_CHANGED", run: null });
  const { body } = await server.ask("GET", `/api/v1/runs/${(await runs()).at(-1)?.id}`);
  expect(body).toMatchObject({ files: [{ name: "a.csv", bytes: 3 }] });
});
