import { expect, test } from "vitest";
import { DEFAULT_CONTEXT } from "../../src/agents/definitions/tables/context-settings.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { LanguageModel, ModelMessage, ModelRequest } from "../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import type { Thread } from "../../src/runs/threads/thread.ts";
import { ThreadHistory, TimeTravel } from "../../src/runs/lifecycle/index.ts";
import { replayRun } from "../../src/runs/replay/index.ts";
import { ToolCatalogues } from "../../src/tools/catalogue/index.ts";
import { Threads } from "../../src/runs/threads/threads.ts";
import { Contents, SqliteRunArchive, SqliteThreadStore, SqliteUploadStore } from "../../src/storage/index.ts";
import { done, type Engine, engine, type EngineOptions, freshEngine, models, testPlan } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";

/** A model that keeps what it is asked. */
function watched(turns: readonly ScriptedTurnInput[]) {
  const requests: ModelRequest[] = [];
  const inner = scripted(turns);
  const model: LanguageModel = {
    id: inner.id,
    limits: undefined,
    stream: (request, signal) => {
      requests.push(request);
      return inner.stream(request, signal);
    },
  };
  return { model, requests };
}

function threadsOf({ database, runs, replies, journal }: Engine): Threads {
  const archive = new SqliteRunArchive(database, new Contents(database));
  return new Threads({
    store: new SqliteThreadStore(database),
    runs,
    replies,
    journal,
    archive,
    clock: systemClock,
    redact: (message) => message,
  });
}

const newThread = (threads: Threads): Promise<Thread> =>
  threads.create({
    workspace: "default",
    agent: "tester",
    revision: 1,
    owner: "ann",
    title: "",
    tags: [],
    expiresAfterMs: null,
  });

async function openRoom(options: Omit<EngineOptions, "directory">) {
  const made = freshEngine(options);
  const threads = threadsOf(made);
  const { id } = await newThread(threads);
  const say = (
    input: string,
    more: Partial<Pick<Parameters<Threads["send"]>[1], "whenBusy" | "insteadOf" | "id" | "caller">> = {},
  ) =>
    threads.send(id, {
      id: mint(RunId),
      input,
      author: "ann",
      whenBusy: "queue",
      isRepeated: false,
      model: undefined,
      files: [],
      ...more,
    });
  const ask = async (input: string, more: Parameters<typeof say>[1] = {}) => {
    const sent = await say(input, more);
    await sent.ended;
    return made.runs.view(sent.run);
  };
  return { made, threads, id, say, ask, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
}

const line = (message: ModelMessage): string =>
  message.role === "tool"
    ? `tool: ${message.results.map(({ text }) => text).join()}`
    : `${message.role}: ${message.text}`;
const lines = (request: ModelRequest | undefined): readonly string[] => request?.messages.map(line) ?? [];
const look = { name: "look", run: () => done("42") };
const CALL = { toolCalls: [{ name: "fake__look", arguments: { text: "x" } }] };
const read = (call: number) => ({ toolCalls: [{ name: "caxton__read_result", arguments: { call, length: 12 } }] });
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

// record.dialogue.D1
test("a turn sees the earlier ones with roles, calls and results, and begins with the same bytes", async () => {
  const { model, requests } = watched([CALL, { when: { userIncludes: "second" }, text: "two" }, { text: "one" }]);
  await using room = await openRoom({ model, tools: [look] });
  const { ask } = room;
  await ask("first");
  await ask("second");
  await ask("third second");
  expect(lines(requests[2])).toEqual(["user: first", "assistant: ", "tool: 42", "assistant: one", "user: second"]);
  const before = requests[2]?.messages ?? [];
  expect(requests[3]?.messages.slice(0, before.length)).toEqual(before);
  expect(requests[3]?.requestAt).toBe(before.length + 1);
  expect(requests[2]?.messages[1]).toMatchObject({ toolCalls: [{ name: "fake__look" }] });
});

// threads.H2, runs.turn-queue.U1
test("messages that are sent during a turn wait for it, in the order they came", async () => {
  const { model, requests } = watched([
    { when: { userIncludes: "first" }, text: "one", delayMs: 50 },
    { when: { userIncludes: "second" }, text: "two" },
    { when: { userIncludes: "third" }, text: "three" },
  ]);
  await using room = await openRoom({ model });
  const { made, say } = room;
  const sent = await Promise.all([say("first"), say("second"), say("third")]);
  await Promise.all(sent.map(({ ended }) => ended));
  expect(lines(requests[2])).toEqual([
    "user: first",
    "assistant: one",
    "user: second",
    "assistant: two",
    "user: third",
  ]);
  const [first, second, third] = sent.map(({ run }) => made.runs.view(run));
  expect([second?.thread?.parent, third?.thread?.parent]).toEqual([first?.id, second?.id]);
  expect(second?.startedAtMs).toBeGreaterThanOrEqual(first?.endedAtMs ?? Infinity);
});

// threads.H1
test("a message that steers is read before the next model turn, also if that answer was to be the last", async () => {
  const { model, requests } = watched([{ text: "one", delayMs: 40 }, { text: "two" }]);
  await using room = await openRoom({ model });
  const { made, say } = room;
  const first = await say("first");
  await until(() => requests.length === 1);
  const joining = await say("and shorter", { whenBusy: "steer" });
  expect(joining).toMatchObject({ run: first.run, joined: true });
  await first.ended;
  expect(lines(requests[1])).toEqual(["user: first", "assistant: one", "user: and shorter"]);
  expect(made.runs.view(first.run)).toMatchObject({
    state: "completed",
    output: "two",
    inputs: [{ turn: 2, author: "ann" }],
  });
});

test("in a worker, too, a message joins the turn in progress", async () => {
  const { model, requests } = watched([{ text: "one", delayMs: 100 }, { text: "two" }]);
  await using room = await openRoom({ model, workers: {} });
  const { made, say } = room;
  const first = await say("first");
  await until(() => requests.length === 1);
  expect(await say("and shorter", { whenBusy: "steer" })).toMatchObject({ run: first.run, joined: true });
  await first.ended;
  expect(lines(requests[1])).toEqual(["user: first", "assistant: one", "user: and shorter"]);
  expect(made.runs.view(first.run)).toMatchObject({ output: "two", isolation: "worker" });
});

test("a message waits instead of joining a run of another principal, or one that has rights its sender lacks", async () => {
  const { model } = watched([{ text: "one", delayMs: 60 }]);
  await using room = await openRoom({ model });
  const { say } = room;
  const caller = { id: "key_bob", kind: "key", name: "bob", role: "guest", lacks: ["memory:write"] } as const;
  const first = await say("first", { caller });
  expect(await say("second", { whenBusy: "steer", caller })).toMatchObject({ run: first.run, joined: true });
  const other = { ...caller, id: "key_eve", name: "eve" } as const;
  expect(await say("third", { whenBusy: "steer", caller: other })).toMatchObject({ joined: false });
  const stricter = { ...caller, lacks: ["memory:write", "messages:send"] } as const;
  expect(await say("fourth", { whenBusy: "steer", caller: stricter })).toMatchObject({ joined: false });
});

test("a message that joins a turn has a maximum size, and a turn a maximum of unread ones", async () => {
  const { model, requests } = watched([{ text: "one", delayMs: 2_000 }]);
  await using room = await openRoom({ model });
  const { say } = room;
  const { run } = await say("first");
  await until(() => requests.length === 1);
  const long = "x".repeat(LIMITS.inputBytesMax + 1);
  await expect(say(long, { whenBusy: "steer" })).rejects.toMatchObject({ code: "INPUT_TOO_LARGE" });
  for (let sent = 0; sent < LIMITS.threadQueueMax; sent += 1) await say("more", { whenBusy: "steer" });
  await expect(say("more", { whenBusy: "steer" })).rejects.toMatchObject({ code: "THREAD_BUSY", details: { run } });
});

test("when a waiting message is withdrawn, the next one still waits for the turn in progress and continues it", async () => {
  const { model, requests } = watched([
    { when: { userIncludes: "first" }, text: "one", delayMs: 60 },
    { text: "three" },
  ]);
  await using room = await openRoom({ model });
  const { made, say } = room;
  const [first, second, third] = [await say("first"), await say("second"), await say("third")];
  await until(() => requests.length === 1);
  await made.runs.cancel(second.run, "withdrawn");
  await third.ended;
  expect(lines(requests[1])).toEqual(["user: first", "assistant: one", "user: third"]);
  const view = made.runs.view(third.run);
  expect(view.startedAtMs).toBeGreaterThanOrEqual(made.runs.view(first.run).endedAtMs ?? Infinity);
  expect(view.thread?.parent).toBe(first.run);
  expect(made.journal.summary(third.run)?.thread?.parent).toBe(first.run);
});

test("calls are numbered over the thread, and a shortened result of an earlier turn can be read on", async () => {
  const long = { name: "look", run: () => done(Array.from({ length: 1_500 }, (_none, at) => `seen ${at}`).join(" ")) };
  const { model, requests } = watched([
    { when: { userIncludes: "second" }, ...read(1) },
    { when: { userIncludes: "second" }, ...read(4) },
    { when: { userIncludes: "second" }, text: "two" },
    { toolCalls: [...CALL.toolCalls, ...CALL.toolCalls, ...CALL.toolCalls] },
    { text: "one" },
  ]);
  const context = { ...DEFAULT_CONTEXT, windowTokens: 9_000, strategy: "sliding" as const };
  await using room = await openRoom({ model, tools: [long], plan: { context } });
  await room.ask("first");
  await room.ask("second");
  const results = requests.at(-1)?.messages.slice(-3).map(line) ?? [];
  expect(results[0]).toMatch(/^tool: seen 0 seen /);
  expect(results[2]).toMatch(/^tool: seen 0 seen /);
});

test("a turn that is tried again is another branch with the same turns before it", async () => {
  const { model, requests } = watched([{ text: "answer" }]);
  await using room = await openRoom({ model });
  const { made, threads, id, ask } = room;
  const first = await ask("first");
  const second = await ask("second");
  const { runs, journal, artifacts } = made;
  const uploads = new SqliteUploadStore(made.database, systemClock, { bytesMax: 1, waitingBytesMax: 1 });
  const again = await new TimeTravel({ runs, journal, artifacts, uploads }).retry(second.id, {
    latest: false,
    caller: undefined,
  });
  await again.ended;
  expect(lines(requests[2])).toEqual(lines(requests[1]));
  expect(threads.next(id, [first.id]).map(({ run }) => run)).toEqual([second.id, again.id]);
});

test("a deletion that fails half-way leaves a thread that can be deleted again", async () => {
  const { model } = watched([{ text: "answer" }]);
  await using room = await openRoom({ model });
  const { made, threads, id, ask } = room;
  const { id: turn } = await ask("first");
  const archive = new SqliteRunArchive(made.database, new Contents(made.database));
  const { runs, replies, journal, database } = made;
  const failing = Object.assign(Object.create(archive), {
    remove: async () => {
      throw new Error("the disk is full");
    },
  });
  const store = new SqliteThreadStore(database);
  const broken = new Threads({
    store,
    runs,
    replies,
    journal,
    archive: failing,
    clock: systemClock,
    redact: (message) => message,
  });
  await expect(broken.delete(id)).rejects.toThrow("the disk is full");
  expect(threads.get(id).head).toBe(turn);
  await threads.delete(id);
  expect(journal.summary(turn)).toBeUndefined();
});

test("a turn that a message joined is replayed with the message", async () => {
  const { model, requests } = watched([{ text: "one", delayMs: 40 }, { text: "two" }]);
  await using room = await openRoom({ model });
  const { made, say, ask } = room;
  await ask("before");
  const sent = await say("first");
  await until(() => requests.length === 2);
  await say("and shorter", { whenBusy: "steer" });
  await sent.ended;
  const entries = made.journal.read(sent.run, 0);
  const report = await replayRun(
    { entries, artifacts: [], read: async () => new Uint8Array(), past: (id) => made.journal.past(id) },
    {
      plans: { admit: async () => {}, plan: async () => testPlan() },
      models: models(model),
      tools: new ToolCatalogues(() => made.tools),
      clock: systemClock,
    },
  );
  expect(report).toMatchObject({ same: true, divergences: [], stopped: null });
});

test("a message that interrupts cancels the turn, and the next one knows", async () => {
  const { model, requests } = watched([
    { when: { userIncludes: "first" }, text: "one", delayMs: 10_000 },
    { when: { userIncludes: "second" }, text: "two" },
  ]);
  await using room = await openRoom({ model });
  const { made, say, ask } = room;
  const first = await say("first");
  await until(() => requests.length === 1);
  const waiting = await say("never read");
  await ask("second", { whenBusy: "interrupt" });
  expect(made.runs.view(first.run).state).toBe("cancelled");
  expect(made.runs.view(waiting.run)).toMatchObject({ state: "cancelled", startedAtMs: null });
  expect(lines(requests[1])).toEqual([
    "user: first",
    "assistant: [stopped: the user cancelled this answer]",
    "user: second",
  ]);
});

test("a message that may not wait is refused with the run in progress", async () => {
  const { model } = watched([{ text: "one", delayMs: 50 }]);
  await using room = await openRoom({ model });
  const { say } = room;
  const { run } = await say("first");
  await expect(say("second", { whenBusy: "reject" })).rejects.toMatchObject({ code: "THREAD_BUSY", details: { run } });
});

// threads.H3
test("an edited message begins another branch, and a head that is moved back undoes a turn", async () => {
  const { model, requests } = watched([{ text: "answer" }]);
  await using room = await openRoom({ model });
  const { threads, id, ask } = room;
  const first = await ask("first");
  const second = await ask("second");
  const edited = await ask("other", { insteadOf: second.id });
  expect(lines(requests[2])).toEqual(["user: first", "assistant: answer", "user: other"]);
  expect(threads.next(id, [first.id]).map(({ run }) => run)).toEqual([second.id, edited.id]);
  expect(threads.get(id).head).toBe(edited.id);
  await threads.update(id, { head: first.id });
  await ask("third");
  expect(lines(requests[3])).toEqual(["user: first", "assistant: answer", "user: third"]);
  await threads.update(id, { head: second.id });
  await ask("fourth");
  expect(lines(requests[4])).toEqual([
    "user: first",
    "assistant: answer",
    "user: second",
    "assistant: answer",
    "user: fourth",
  ]);
});

test("what an older version kept of a turn in another form is derived again", async () => {
  const { model, requests } = watched([{ text: "answer" }]);
  await using room = await openRoom({ model });
  const { made, ask } = room;
  const first = await ask("first");
  await made.journal.keepPast(first.id, '{"form":"older"}');
  // As after a restart: nothing of it is in memory.
  expect(new ThreadHistory(made.journal).past(first.id)?.turns).toHaveLength(1);
  await expect.poll(() => made.journal.past(first.id)).toContain('"turns"');
  await ask("second");
  expect(lines(requests[1])).toEqual(["user: first", "assistant: answer", "user: second"]);
});

test("when the run of the last turn is deleted, the dialogue continues from the turn before", async () => {
  const { model, requests } = watched([{ text: "answer" }]);
  await using room = await openRoom({ model });
  const { made, threads, id, ask } = room;
  const first = await ask("first");
  const second = await ask("second");
  await new SqliteRunArchive(made.database, new Contents(made.database)).remove([second.id]);
  expect(threads.get(id).head).toBe(first.id);
  await ask("third");
  expect(lines(requests[2])).toEqual(["user: first", "assistant: answer", "user: third"]);
});

test("when the run of an earlier turn is deleted, the turns before and after it stay, also of forks", async () => {
  const { model, requests } = watched([{ text: "answer" }]);
  await using room = await openRoom({ model });
  const { made, threads, id, ask } = room;
  const [first, second, third] = [await ask("first"), await ask("second"), await ask("third")];
  const { forkedFrom: _none, ...given } = await newThread(threads);
  const fork = await threads.create({ ...given, id: undefined, expiresAfterMs: null, from: second.id });
  expect(fork.forkedFrom).toBe(id);
  await new SqliteRunArchive(made.database, new Contents(made.database)).remove([second.id]);
  expect(threads.path(third.id, 9).map(({ run }) => run)).toEqual([third.id, first.id]);
  expect(threads.get(fork.id).head).toBe(first.id);
  await ask("fourth");
  expect(lines(requests[3])).toEqual([
    "user: first",
    "assistant: answer",
    "user: third",
    "assistant: answer",
    "user: fourth",
  ]);
  await ask("fifth");
  expect(lines(requests[4]).slice(0, 5)).toEqual(lines(requests[3]));
});

test("a key names one thread of a workspace, also for requests at the same time", async () => {
  await using made = freshEngine({ model: watched([]).model });
  const threads = threadsOf(made);
  const given = { agent: "tester", revision: 1, owner: "ann", title: "", tags: [], expiresAfterMs: null };
  const [first, second] = await Promise.all(
    [0, 1].map(() => threads.create({ ...given, workspace: "default", key: "C042" })),
  );
  expect([first?.key, second?.id]).toEqual(["C042", first?.id]);
  expect((await threads.create({ ...given, workspace: "other", key: "C042" })).id).not.toBe(first?.id);
  if (first) await threads.delete(first.id);
  expect(await threads.create({ ...given, workspace: "default", key: "C042" })).toMatchObject({ id: first?.id });
});

test("a fork shares its turns, which stay when the thread they came from is deleted", async () => {
  const { model, requests } = watched([{ text: "answer" }]);
  await using room = await openRoom({ model });
  const { made, threads, id, ask } = room;
  const first = await ask("first");
  const second = await ask("second");
  const fork = await threads.create({
    ...(await newThread(threads)),
    id: undefined,
    expiresAfterMs: null,
    from: first.id,
    forkedFrom: id,
  });
  await threads.delete(id);
  expect(() => threads.get(id)).toThrow(/no thread/);
  expect(made.journal.summary(second.id)).toBeUndefined();
  const sent = await threads.send(fork.id, {
    id: mint(RunId),
    input: "on",
    author: "bob",
    whenBusy: "queue",
    isRepeated: false,
    model: undefined,
    files: [],
  });
  await sent.ended;
  expect(lines(requests[2])).toEqual(["user: first", "assistant: answer", "user: on"]);
});

test("after a restart the order holds, and a dormant thread continues where it was", async () => {
  using directory = tempDirectory();
  const script = watched([{ when: { userIncludes: "first" }, text: "one", delayMs: 5_000 }, { text: "other" }]);
  const before = engine({ directory: directory.path, model: script.model });
  const threads = threadsOf(before);
  const { id } = await newThread(threads);
  const send = (input: string) =>
    threads.send(id, {
      id: mint(RunId),
      input,
      author: "",
      whenBusy: "queue",
      isRepeated: false,
      model: undefined,
      files: [],
    });
  const runs = [await send("first"), await send("then"), await send("last")].map(({ run }) => run);
  await until(() => script.requests.length === 1);
  await before.runs.drain(0);
  await before[Symbol.asyncDispose]();
  const { model, requests } = watched([{ text: "answer" }]);
  await using after = engine({ directory: directory.path, model });
  expect(after.runs.resumeUnfinished()).toBe(3);
  await until(() => runs.every((run) => after.journal.summary(run)?.state === "completed"));
  expect(requests.map((request) => lines(request).at(-1))).toEqual(["user: first", "user: then", "user: last"]);
  expect(lines(requests[2])).toHaveLength(5);
});
