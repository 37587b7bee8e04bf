import { expect, test } from "vitest";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { LanguageModel, ModelMessage, ModelRequest } from "../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import type { Thread } from "../../src/runs/threads/thread.ts";
import { Threads, type WhenBusy } from "../../src/runs/threads/threads.ts";
import { Contents, SqliteRunArchive, SqliteThreadStore } from "../../src/storage/index.ts";
import { done, type Engine, engine, type EngineOptions, freshEngine } from "../helpers/engine.ts";
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

function threadsOf({ database, runs, journal }: Engine): Threads {
  const archive = new SqliteRunArchive(database, new Contents(database));
  return new Threads({ store: new SqliteThreadStore(database), runs, journal, archive, clock: systemClock });
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
    more: { readonly whenBusy?: WhenBusy; readonly insteadOf?: RunId; readonly id?: RunId } = {},
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
