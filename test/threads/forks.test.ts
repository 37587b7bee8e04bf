import { expect, test } from "vitest";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { isLess, type RunCaller } from "../../src/kernel/rights/run-caller.ts";
import type { LanguageModel } from "../../src/models/port/language-model.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { historyOf, type PastRun } from "../../src/runs/record/history/history.ts";
import type { Thread } from "../../src/runs/threads/thread.ts";
import { Threads } from "../../src/runs/threads/threads.ts";
import { Contents, SqliteRunArchive, SqliteThreadStore } from "../../src/storage/index.ts";
import { freshEngine } from "../helpers/engine.ts";

const GIVEN = { workspace: "default", agent: "tester", revision: 1, owner: "ann", title: "", tags: [] };

function opened(model: LanguageModel = scripted([{ text: "answer" }])) {
  const made = freshEngine({ model });
  const { database, runs, replies, journal } = made;
  const archive = new SqliteRunArchive(database, new Contents(database));
  const threads = new Threads({
    redact: (message) => message,
    store: new SqliteThreadStore(database),
    runs,
    replies,
    journal,
    archive,
    clock: systemClock,
  });
  const send = (thread: Thread, input: string, more: Partial<Parameters<Threads["send"]>[1]> = {}) => {
    const message = {
      input,
      author: "ann",
      whenBusy: "queue",
      isRepeated: false,
      model: undefined,
      files: [],
    } as const;
    return threads.send(thread.id, { id: mint(RunId), ...message, ...more });
  };
  const say = async (thread: Thread, input: string): Promise<RunId> => {
    const sent = await send(thread, input);
    await sent.ended;
    return sent.run;
  };
  const create = (of?: Thread, from?: RunId) =>
    threads.create({ ...GIVEN, expiresAfterMs: null, ...(of && { forkedFrom: of.id, from }) });
  const pathOf = ({ id }: Thread) => threads.path(threads.get(id).head ?? mint(RunId), 99).map(({ run }) => run);
  return {
    threads,
    runs,
    journal,
    say,
    send,
    create,
    pathOf,
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
}

test("a fork of a fork keeps the turns of the first thread when the threads before it are deleted", async () => {
  await using made = opened();
  const { threads, say, create, pathOf } = made;
  const first = await create();
  const runs = [await say(first, "one"), await say(first, "two")] as const;
  const second = await create(first, runs[1]);
  const third = await create(second, runs[1]);
  const own = await say(third, "three");
  await threads.delete(second.id);
  await threads.delete(first.id);
  expect(pathOf(third)).toEqual([own, runs[1], runs[0]]);
  await say(third, "four");
  expect(pathOf(third)).toHaveLength(4);
  await threads.delete(third.id);
  for (const run of [...runs, own]) expect(made.journal.summary(run)).toBeUndefined();
});

test("turns that a fork shares stay although the fork shows an earlier one, or a fork beside it shares them", async () => {
  await using made = opened();
  const { threads, say, create, pathOf } = made;
  const first = await create();
  const runs = [await say(first, "one"), await say(first, "two"), await say(first, "three")] as const;
  const second = await create(first, runs[2]);
  const own = await say(second, "four");
  const beside = await create(first, runs[2]);
  await threads.update(second.id, { head: runs[0] });
  await threads.delete(first.id);
  expect(pathOf(second)).toEqual([runs[0]]);
  await threads.update(second.id, { head: own });
  expect(pathOf(second)).toEqual([own, ...runs.toReversed()]);
  await threads.delete(second.id);
  expect(pathOf(beside)).toEqual(runs.toReversed());
  expect(made.journal.summary(own)).toBeUndefined();
});

test("a fork begins with a turn of the thread that it is a fork of", async () => {
  await using made = opened();
  const { say, create } = made;
  const [first, other] = [await create(), await create()];
  const run = await say(other, "one");
  await say(first, "two");
  await expect(create(first, run)).rejects.toMatchObject({ code: "TURN_NOT_FOUND" });
});

test("a history in which a run continues itself ends", () => {
  const id = mint(RunId);
  const none = { turns: 0, calls: 0 };
  const points = { shortenedThrough: 0, coveredThrough: 0 };
  const run: PastRun = {
    parent: id,
    from: { turns: 1, calls: 0 },
    to: none,
    turns: [],
    points,
    summary: null,
    files: [],
  };
  expect(historyOf(id, () => run).turns).toEqual([]);
});

const limited = (...agents: string[]): RunCaller => ({
  id: "key_1",
  kind: "key",
  name: "one",
  role: "user",
  lacks: ["runs:execute"],
  agents,
});

test("a sender is less than a run whose caller may run other agents", () => {
  expect(isLess(limited("clerk"), limited("clerk", "payroll-*"))).toBe(true);
  expect(isLess(limited("clerk", "payroll-*"), limited("clerk"))).toBe(false);
  expect(isLess(undefined, limited("clerk"))).toBe(false);
  expect(isLess(limited("clerk"), undefined)).toBe(true);
});

/** A model that answers a message with "wait" when `release` is called, and others at once. */
function waiting() {
  const inner = scripted([{ text: "answer" }]);
  const gate = Promise.withResolvers<void>();
  const model: LanguageModel = {
    id: inner.id,
    limits: undefined,
    async *stream(request, signal) {
      const last = request.messages.at(-1);
      const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      if (last?.role === "user" && last.text.includes("wait")) await Promise.race([gate.promise, aborted]);
      yield* inner.stream(request, signal);
    },
  };
  return { model, release: gate.resolve };
}

// threads.H4
test.each(["queue", "steer", "interrupt"] as const)(
  "a message that is sent to a fork of a busy thread (%s) waits for the turns that they share and leaves them as they are",
  async (whenBusy) => {
    const { model, release } = waiting();
    await using made = opened(model);
    const { runs, send, create, pathOf } = made;
    const first = await create();
    const running = await send(first, "wait");
    const queued = await send(first, "and then");
    const fork = await create(first, queued.run);
    const own = await send(fork, "in the fork", { whenBusy });
    expect(own.joined).toBe(false);
    expect(runs.view(running.run).state).toBe("running");
    release();
    await own.ended;
    for (const { run } of [running, queued, own])
      expect(runs.view(run)).toMatchObject({ state: "completed", inputs: [] });
    expect(runs.view(own.run).thread).toMatchObject({ id: fork.id, parent: queued.run });
    expect(pathOf(first)).toEqual([queued.run, running.run]);
    expect(pathOf(fork)).toEqual([own.run, queued.run, running.run]);
  },
);

// threads.H4
test("an interruption in a fork cancels the messages of the fork that wait, and no others", async () => {
  const { model, release } = waiting();
  await using made = opened(model);
  const { runs, send, create } = made;
  const first = await create();
  const running = await send(first, "wait");
  const fork = await create(first, running.run);
  const dropped = await send(fork, "one");
  const last = await send(fork, "two", { whenBusy: "interrupt" });
  release();
  await last.ended;
  expect([running, dropped, last].map(({ run }) => runs.view(run).state)).toEqual([
    "completed",
    "cancelled",
    "completed",
  ]);
  await expect(send(fork, "late", { whenBusy: "reject" })).resolves.toMatchObject({ joined: false });
});

// threads.H4
test("a fork of a busy thread can replace the turn in progress: the thread continues it", async () => {
  const { model, release } = waiting();
  await using made = opened(model);
  const { runs, send, create, pathOf } = made;
  const first = await create();
  const running = await send(first, "wait");
  const fork = await create(first, running.run);
  await expect(send(fork, "now", { whenBusy: "reject" })).rejects.toMatchObject({ code: "THREAD_BUSY" });
  const other = await send(fork, "instead", { insteadOf: running.run });
  await other.ended;
  expect(runs.view(running.run).state).toBe("running");
  release();
  await running.ended;
  expect(runs.view(running.run).state).toBe("completed");
  expect([pathOf(first), pathOf(fork)]).toEqual([[running.run], [other.run]]);
});
