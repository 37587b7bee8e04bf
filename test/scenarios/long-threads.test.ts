import assert from "node:assert/strict";
import { expect, test, vi } from "vitest";
import { DEFAULT_CONTEXT } from "../../src/agents/definitions/tables/context-settings.ts";
import { NO_RULES, PERMIT_ALL, type RuleSet } from "../../src/agents/permissions/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { canonicalJson } from "../../src/kernel/json.ts";
import { ThreadHistory } from "../../src/runs/lifecycle/index.ts";
import type { LanguageModel, ModelPart, ModelRequest } from "../../src/models/port/language-model.ts";
import { Threads } from "../../src/runs/threads/threads.ts";
import { Contents, SqliteRunArchive, SqliteThreadStore } from "../../src/storage/index.ts";
import { done, type EngineOptions, freshEngine } from "../helpers/engine.ts";

const TURNS = 100;
const NO_USAGE = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
const HISTORY_TOKENS = 6_000;
const ROWS = Array.from({ length: 60 }, (_none, at) => `row ${at}`).join(" ");

/** A model that looks once and answers; summaries are counted and not among its requests. */
function watched() {
  const requests: ModelRequest[] = [];
  let summaries = 0;
  const model: LanguageModel = {
    id: "scripted/long",
    limits: { contextTokens: 200_000, outputTokens: 4_000 },
    async *stream(request): AsyncGenerator<ModelPart> {
      const isSummary = request.turn === undefined;
      if (isSummary) summaries += 1;
      else requests.push(request);
      if (isSummary) yield { type: "text-delta", text: `Summary ${summaries}.` };
      else if (request.messages.at(-1)?.role === "tool") yield { type: "text-delta", text: "It has rows. ".repeat(20) };
      else
        yield {
          type: "tool-call",
          call: { id: `look-${requests.length}`, name: "fake__look", arguments: '{"text":"x"}' },
        };
      yield { type: "finish", reason: "stop", usage: NO_USAGE };
    },
  };
  return { model, requests, summaries: () => summaries };
}

async function dialogue(model: LanguageModel, context: Partial<typeof DEFAULT_CONTEXT>, rules: Partial<RuleSet> = {}) {
  const plan: EngineOptions["plan"] = {
    context: { ...DEFAULT_CONTEXT, ...context },
    permissions: { ...PERMIT_ALL, server: { ...NO_RULES, ...rules } },
  };
  let looks = 0;
  const look = { name: "look", run: () => done(`look ${(looks += 1)}: ${ROWS}`) };
  const made = freshEngine({ model, tools: [look], plan });
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
  const owned = { workspace: "default", agent: "tester", revision: 1, owner: "ann", title: "", tags: [] };
  const { id } = await threads.create({ ...owned, expiresAfterMs: null });
  const ask = async (input: string, hasWholeHistory = false) => {
    const request = { id: mint(RunId), input, author: "ann", whenBusy: "queue", isRepeated: false, files: [] } as const;
    const sent = await threads.send(id, { ...request, model: undefined, hasWholeHistory });
    await sent.ended;
    return runs.view(sent.run);
  };
  return { made, threads, id, ask, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
}

const reported = (view: Awaited<ReturnType<Awaited<ReturnType<typeof dialogue>>["ask"]>>) =>
  view.steps.flatMap((step) => (step.kind === "model" && step.context ? [step.context] : []));
const taskOf = ({ messages, requestAt }: ModelRequest) => messages[requestAt ?? 0];

test(`over ${TURNS} turns, instructions and task stay whole, and the history keeps to its limit, until it is asked for in full`, async () => {
  const { model, requests, summaries } = watched();
  await using room = await dialogue(model, { historyTokensMax: HISTORY_TOKENS });
  const { threads, id, ask } = room;
  const system = new Set<string>();
  let last = await ask("question 1");
  for (let turn = 2; turn <= TURNS; turn += 1) {
    last = await ask(`question ${turn}`);
    const own = requests.slice(-2);
    for (const request of own) {
      system.add(request.system);
      expect(taskOf(request)).toMatchObject({ role: "user", text: `question ${turn}` });
    }
    for (const { parts } of reported(last).slice(0, 1)) {
      const turns = parts.filter(
        ({ what }) => what.startsWith("turn") || what.endsWith("result") || what.endsWith("results"),
      );
      expect(turns.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(HISTORY_TOKENS);
    }
  }
  expect(system.size).toBe(1);
  expect(requests).toHaveLength(2 * TURNS);
  // The prefix changes only when a summary or a shortening moves it: most requests continue the previous one.
  const texts = requests.map(({ messages }) =>
    messages.map((message) => canonicalJson(JSON.parse(JSON.stringify(message)))).join(),
  );
  const continued = texts.filter((text, at) => at > 0 && text.startsWith(texts[at - 1] ?? "")).length;
  expect(continued).toBeGreaterThan(1.5 * TURNS);
  expect(summaries()).toBeGreaterThan(2);
  expect(summaries()).toBeLessThan(TURNS / 4);

  const compaction = threads.compaction(last.id);
  const path = threads.path(last.id, TURNS);
  const states = path.map(({ run }) => compaction?.of(run));
  expect(new Set(states)).toEqual(new Set(["whole", "summarized"]));
  expect(states[0]).toBe("whole");
  expect(states.at(-1)).toBe("summarized");
  expect(compaction?.summary).toBe(`Summary ${summaries()}.`);

  const before = summaries();
  const whole = await ask("and all of it?", true);
  const sent = JSON.stringify(requests.at(-2)?.messages);
  for (const turn of [1, 2, 50, TURNS]) expect(sent).toContain(`"question ${turn}"`);
  expect(sent.split(ROWS)).toHaveLength(TURNS + 1);
  expect(sent).not.toContain("Summary");
  expect(reported(whole)[0]).toMatchObject({ coveredThrough: 0, shortenedThrough: 0, degraded: false });
  await ask("once more");
  const next = JSON.stringify(requests.at(-2)?.messages);
  expect(next).toMatch(/Summary \d+\./);
  expect(summaries() - before).toBeLessThanOrEqual(1);
  expect(next).not.toContain('"question 1"');
  expect(threads.get(id).head).not.toBe(whole.id);
}, 60_000);

test("an open approval and its grant stay as they were while older turns are summarized around them", async () => {
  const { model, requests, summaries } = watched();
  // Each call of the model waits for a person, so that every turn is compacted around an open approval.
  await using room = await dialogue(model, { historyTokensMax: 1_000, summaryTokensMax: 500 }, { ask: ["fake.look"] });
  const { made, ask } = room;
  const open = () =>
    made.index.list({ workspace: "default", state: "open", runId: undefined, before: undefined, limit: 2 });
  for (let turn = 1; turn <= 12; turn += 1) {
    const asked = await ask(`question ${turn}`);
    expect(asked).toMatchObject({ state: "awaiting-approval", failure: null });
    const [before] = requests.slice(-1);
    const [approval] = open();
    expect(approval).toMatchObject({ runId: asked.id, tool: "look", arguments: { text: "x" } });
    const given = { type: "approve", edit: undefined, note: "", remember: turn === 1 } as const;
    await made.approvals.answer({ workspace: "default", id: approval?.id ?? "" }, given, {
      name: "ada",
      roles: ["admin"],
    });
    await expect.poll(() => made.journal.summary(asked.id)?.state).toBe("completed");
    const after = requests.at(-1);
    assert.ok(before && after);
    expect(after.system).toBe(before.system);
    expect(taskOf(after)).toEqual(taskOf(before));
    expect(after.messages.at(-2)).toMatchObject({ toolCalls: [{ arguments: '{"text":"x"}' }] });
    expect(made.runs.view(asked.id).approvals).toMatchObject([{ state: "approved", arguments: { text: "x" } }]);
  }
  expect(summaries()).toBeGreaterThan(1);
  expect(JSON.stringify(requests.at(-1)?.messages)).not.toContain('"question 1"');
}, 60_000);

test("what earlier turns left is derived once, also if nothing of it is kept", async () => {
  const { model } = watched();
  await using room = await dialogue(model, { historyTokensMax: 1_000_000 });
  const { made, ask } = room;
  let last = await ask("question 1");
  for (let turn = 2; turn <= 30; turn += 1) last = await ask(`question ${turn}`);
  made.database.sql("DELETE FROM past_runs").run();
  const read = vi.spyOn(made.journal, "read");
  const histories = new ThreadHistory(made.journal);
  for (let run: RunId | null = last.id; run !== null;) run = histories.past(run)?.parent ?? null;
  expect(read).toHaveBeenCalledTimes(30);
  expect(new Set(read.mock.calls.map(([run]) => run)).size).toBe(30);
});
