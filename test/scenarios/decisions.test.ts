import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import type { RunId } from "../../src/kernel/ids.ts";
import { isTerminal } from "../../src/runs/index.ts";
import { done, type Engine, engine, type FakeTool } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.needs-decision");

const NAMES = ["a", "b", "c", "d"];
const model = scripted([
  { toolCalls: NAMES.map((name) => ({ name: `fake__${name}`, arguments: {} })) },
  { text: "ok" },
]);
const plan = { concurrentToolsMax: 2 };

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** Tools that may not be called twice; those named hang until they are cut off. */
const tools = (made: string[], hanging: readonly string[], stuck = () => {}): readonly FakeTool[] =>
  NAMES.map((name) => ({
    name,
    idempotent: false,
    run: async (_call, signal) => {
      made.push(name);
      if (!hanging.includes(name)) return done(name);
      if (hanging.every((each) => made.includes(each))) stuck();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { type: "failed", reason: "cancelled", message: "", usage: { fuel: 0, durationMs: 0, memoryBytes: 0 } };
    },
  }));

/** Stopped with a and b running, and c and d waiting for their turn. */
async function stopped(directory: string): Promise<RunId> {
  const stuck = Promise.withResolvers<void>();
  await using before = engine({ model, directory, plan, tools: tools([], ["a", "b"], stuck.resolve) });
  const { id } = await before.begin("go");
  await stuck.promise;
  return id;
}

const waits = (made: Engine, id: RunId) => until(() => made.journal.summary(id)?.state === "needs-decision");
const calledBy = (made: Engine, id: RunId, callIds: readonly string[]) =>
  made.runs.view(id).steps.flatMap((step) => (step.kind === "tool" && callIds.includes(step.callId) ? step.name : []));

// execution.E3
test("only calls that had begun are asked about, all at once; those that waited for their turn are simply made", async () => {
  using directory = tempDirectory();
  const id = await stopped(directory.path);
  const made: string[] = [];
  await using after = engine({ model, directory: directory.path, plan, tools: tools(made, []) });
  after.runs.resumeUnfinished();
  await waits(after, id);
  expect(made.toSorted()).toEqual(["c", "d"]);
  expect(calledBy(after, id, after.runs.view(id).waitingFor)).toEqual(["fake__a", "fake__b"]);
  await after.runs.decide(id, undefined, "retry");
  await until(() => isTerminal(after.runs.view(id).state));
  expect(made.toSorted()).toEqual(["a", "b", "c", "d"]);
  expect(after.runs.view(id)).toMatchObject({ state: "completed", output: "ok", waitingFor: [] });
});

test("a decision on one of several calls leaves the others waiting, also over a stop; the last one resumes the run", async () => {
  using directory = tempDirectory();
  const id = await stopped(directory.path);
  const made: string[] = [];
  {
    await using after = engine({ model, directory: directory.path, plan, tools: tools(made, []) });
    after.runs.resumeUnfinished();
    await waits(after, id);
    const [first] = after.runs.view(id).waitingFor;
    await after.runs.decide(id, first, "skip");
    expect(after.runs.view(id)).toMatchObject({ state: "needs-decision", resting: true });
    await expect(after.runs.decide(id, first, "retry")).rejects.toMatchObject({ code: "RUN_NOT_WAITING" });
  }
  await using last = engine({ model, directory: directory.path, plan, tools: tools(made, []) });
  last.runs.resumeUnfinished();
  expect(calledBy(last, id, last.runs.view(id).waitingFor)).toEqual(["fake__b"]);
  await last.runs.decide(id, undefined, "retry");
  await until(() => isTerminal(last.runs.view(id).state));
  expect(made.toSorted()).toEqual(["b", "c", "d"]);
  const [a] = last.runs.view(id).steps.filter((step) => step.kind === "tool");
  expect(a?.end).toMatchObject({ state: "failed", outcome: "cancelled" });
});

test("a decision to fail on one call ends the run, whatever the others wait for", async () => {
  using directory = tempDirectory();
  const id = await stopped(directory.path);
  await using after = engine({ model, directory: directory.path, plan, tools: tools([], []) });
  after.runs.resumeUnfinished();
  await waits(after, id);
  await after.runs.decide(id, after.runs.view(id).waitingFor[1], "fail");
  await until(() => isTerminal(after.runs.view(id).state));
  expect(after.runs.view(id)).toMatchObject({ state: "failed", failure: { code: "DECIDED_TO_FAIL" }, waitingFor: [] });
});
