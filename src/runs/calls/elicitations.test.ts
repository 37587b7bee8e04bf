import { expect, test } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import { mint, RunId, ToolCallId } from "../../kernel/ids.ts";
import type { ToolQuestion } from "../../tools/catalogue/index.ts";
import { Elicitations } from "./elicitations.ts";
import {
  type JournalAppend,
  type JournalEntry,
  Recorder,
  type RunEvent,
  RunFold,
  RunHub,
  type RunJournal,
} from "../record/index.ts";

// verifies("tool.mcp-questions")

/** Time that stands until it is moved on. */
class StillClock implements Clock {
  #nowMs = 1_000;
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];
  nowMs = () => this.#nowMs;
  monotonicMs = () => this.#nowMs;
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#sleepers.push({ untilMs: this.#nowMs + ms, wake: resolve });
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    await promise;
  }
  /** Resolves when a caller waits for time to pass. */
  async awaited(): Promise<void> {
    while (this.#sleepers.length === 0) await Promise.resolve();
  }
  pass(ms: number): void {
    this.#nowMs += ms;
    for (const { untilMs, wake } of this.#sleepers) if (untilMs <= this.#nowMs) wake();
  }
}

const never = new AbortController().signal;
const question: ToolQuestion = {
  server: "remote",
  message: "Who?",
  schema: {
    type: "object",
    properties: { name: { type: "string" }, loud: { type: "boolean", default: true } },
    required: ["name"],
  },
  url: undefined,
};

/** A running run, with the content of its journal. */
async function room() {
  const clock = new StillClock();
  const events: RunEvent[] = [];
  const append = async (entries: readonly JournalAppend[]): Promise<readonly JournalEntry[]> =>
    entries.map((entry) => ({ ...entry, seq: events.push(entry.event) }));
  const journal: RunJournal = {
    append,
    read: () => [],
    summary: () => undefined,
    predecessor: () => undefined,
    past: () => undefined,
    keepPast: async () => undefined,
    spent: () => undefined,
    tag: async () => undefined,
    list: () => [],
    madeFrom: () => [],
    below: () => [],
    unfinished: () => [],
    inState: () => [],
    counts: () => {
      throw new Error("counts are not available");
    },
  };
  const recorder = new Recorder(mint(RunId), { journal, hub: new RunHub(), clock }, new RunFold());
  const content = { input: "", system: "", prompt: "" };
  await recorder.append({
    type: "run-queue",
    workspace: "w",
    agent: "a",
    revision: 1,
    model: null,
    files: [],
    content,
  });
  const questions = new Elicitations(clock);
  const call = { step: 1, callId: mint(ToolCallId) };
  const opened = async (): Promise<string> => {
    for (;;) {
      const open = recorder.view().questions.findLast(({ state }) => state === "open");
      if (open) return open.id;
      await Promise.resolve();
    }
  };
  return { clock, events, recorder, questions, call, opened };
}

// calls.elicitations.A1
test("an answer goes to the call that asked, with what the form has as defaults, and both are on disk", async () => {
  const { recorder, questions, call, opened, events } = await room();
  const reply = questions.elicitorOf(recorder, 1e9, never)(call, question, never);
  const id = await opened();
  expect(recorder.view().state).toBe("awaiting-input");
  await questions.answer(recorder.view(), id, { action: "accept", content: { name: "Ada" } });
  expect(await reply).toEqual({ type: "accepted", content: { name: "Ada", loud: true } });
  expect(events.map(({ type }) => type)).toEqual(["run-queue", "run-ask", "run-answer"]);
  expect(recorder.view()).toMatchObject({ state: "running", questions: [{ state: "accepted" }] });
});

test("an answer that does not fit is refused and the question stays open", async () => {
  const { recorder, questions, call, opened } = await room();
  const reply = questions.elicitorOf(recorder, 1e9, never)(call, question, never);
  const id = await opened();
  const wrong = questions.answer(recorder.view(), id, { action: "accept", content: { name: 5 } });
  await expect(wrong).rejects.toMatchObject({ code: "ANSWER_INVALID" });
  await questions.answer(recorder.view(), id, { action: "decline" });
  expect(await reply).toEqual({ type: "declined" });
});

// calls.elicitations.A2
test("an unanswered question expires after 15 minutes, or before the run's time is over", async () => {
  for (const [endsAtMs, waitMs] of [
    [1e9, 900_000],
    [1_000 + 60_000, 54_000],
  ] as const) {
    const { clock, recorder, questions, call, opened } = await room();
    const reply = questions.elicitorOf(recorder, endsAtMs, never)(call, question, never);
    const id = await opened();
    expect(recorder.view().questions[0]?.expiresAtMs).toBe(1_000 + waitMs);
    await clock.awaited();
    clock.pass(waitMs);
    expect(await reply).toEqual({ type: "cancelled" });
    expect(recorder.view().questions[0]?.state).toBe("expired");
    const late = questions.answer(recorder.view(), id, { action: "decline" });
    await expect(late).rejects.toMatchObject({ code: "INPUT_CLOSED" });
  }
});

test("with two questions open the run waits until both are answered", async () => {
  const { recorder, questions, call, opened } = await room();
  const ask = questions.elicitorOf(recorder, 1e9, never);
  const one = ask(call, question, never);
  const first = await opened();
  const two = ask(call, question, never);
  await Promise.resolve();
  await questions.answer(recorder.view(), first, { action: "decline" });
  await one;
  expect(recorder.view().state).toBe("awaiting-input");
  await questions.answer(recorder.view(), await opened(), { action: "decline" });
  await two;
  expect(recorder.view().state).toBe("running");
});

test("a stopped run leaves the end of its questions to the caller that stopped it", async () => {
  const { recorder, questions, call, opened, events } = await room();
  const run = new AbortController();
  const reply = questions.elicitorOf(recorder, 1e9, run.signal)(call, question, never);
  await opened();
  run.abort("stopped");
  expect(await reply).toEqual({ type: "cancelled" });
  expect(events.at(-1)?.type).toBe("run-ask");
  await recorder.append({ type: "run-cancel", reason: "stopped" });
  expect(recorder.view()).toMatchObject({ state: "cancelled", questions: [{ state: "cancelled" }] });
});
