import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { type LanguageModel, type ModelRequest } from "../../src/models/port/language-model.ts";
import { isTerminal } from "../../src/runs/index.ts";
import { done, engine, freshEngine } from "../helpers/engine.ts";
import { ManualClock, settled } from "../helpers/manual-clock.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("model.choice", "model.fallback");

const down = (id: string, kind: "overloaded" | "auth" | "content_filtered" | "invalid_request" = "overloaded") =>
  scripted([{ error: { class: kind, message: `${id} is down`, retryAfterMs: 1 } }], { id });
const answering = (id: string, text = `${id} answers`) => scripted([{ text }], { id });
const call = (name: string) => ({ name: `fake__${name}`, arguments: {} });

/** The model, and the requests that reached it. */
function seen(model: LanguageModel): { readonly model: LanguageModel; readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  const stream: LanguageModel["stream"] = (request, signal) => {
    requests.push(request);
    return model.stream(request, signal);
  };
  return { model: { id: model.id, limits: model.limits, stream }, requests };
}

test("backups are used in the definition's order, and the step says which model answered after which failed", async () => {
  await using made = freshEngine({
    model: down("a/one"),
    backups: { "b/two": down("b/two", "auth"), "c/three": answering("c/three") },
    plan: { fallback: ["b/two", "c/three"] },
  });
  const { view } = await made.run("go");
  expect(view).toMatchObject({ state: "completed", output: "c/three answers", modelInUse: "c/three" });
  expect(view.steps).toMatchObject([
    {
      model: "c/three",
      attempts: [
        { model: "a/one", retryInMs: 1, next: null },
        { model: "a/one", retryInMs: null, next: "b/two" },
        { model: "b/two", class: "auth", next: "c/three" },
      ],
    },
  ]);
  expect(made.journal.summary(view.id)?.model).toBe("c/three");
});

test("a run that switched to a backup stays with it", async () => {
  const first = seen(scripted([{ error: { class: "network", message: "gone", retryAfterMs: 1 } }], { id: "a/one" }));
  const backup = scripted([{ toolCalls: [call("look")] }, { text: "seen" }], { id: "b/two" });
  await using made = freshEngine({
    model: first.model,
    backups: { "b/two": backup },
    tools: [{ name: "look", run: () => done("yes") }],
    plan: { fallback: ["b/two"] },
  });
  expect((await made.run("go")).view.output).toBe("seen");
  expect(first.requests).toHaveLength(2);
});

test("when every model failed the run says what each said", async () => {
  await using made = freshEngine({
    model: down("a/one"),
    backups: { "b/two": down("b/two") },
    plan: { fallback: ["b/two", "c/none"] },
  });
  const { view } = await made.run("go");
  expect(view).toMatchObject({
    state: "failed",
    failure: {
      code: "ALL_MODELS_FAILED",
      message: expect.stringMatching(/a\/one: a\/one is down; b\/two: b\/two is down; c\/none: there is no model/),
    },
  });
});

test.each(["content_filtered", "invalid_request"] as const)("%s is not tried with another model", async (kind) => {
  await using made = freshEngine({
    model: down("a/one", kind),
    backups: { "b/two": answering("b/two") },
    plan: { fallback: ["b/two"] },
  });
  expect((await made.run("go")).view.state).toBe("failed");
});

test("backups are not used where a request or a definition says that a failure is the end", async () => {
  await using made = freshEngine({
    model: down("a/one"),
    backups: { "b/two": answering("b/two") },
    plan: { fallback: ["b/two"], onModelFailure: "fail" },
  });
  expect((await made.run("go")).view).toMatchObject({ state: "failed", failure: { code: "MODEL_OVERLOADED" } });
  expect((await made.run("go", { onModelFailure: "fallback" })).view.state).toBe("completed");
});

test("a backup of another provider gets neither the key nor the headers nor the address of the first", async () => {
  const backup = seen(answering("b/two"));
  const sibling = seen(down("a/other"));
  const choices: unknown[] = [];
  await using made = freshEngine({
    model: down("a/one"),
    backups: { "a/other": sibling.model, "b/two": backup.model },
    plan: {
      model: { model: "a/one", baseUrl: "http://a.example", apiKey: "secret-of-a" },
      settings: {
        temperature: 0.5,
        outputTokensMax: undefined,
        headers: { "x-team": "t" },
        timeoutMs: 5_000,
      },
      fallback: ["a/other", "b/two"],
    },
    onResolve: (choice) => choices.push(choice),
  });
  expect((await made.run("go")).view.state).toBe("completed");
  expect(sibling.requests[0]?.settings).toMatchObject({ headers: { "x-team": "t" }, temperature: 0.5 });
  expect(backup.requests[0]?.settings).toMatchObject({ headers: {}, temperature: 0.5 });
  expect(choices).toContainEqual({ model: "a/other", baseUrl: "http://a.example", apiKey: "secret-of-a" });
  expect(choices).toContainEqual({ model: "b/two", baseUrl: undefined, apiKey: undefined, roles: undefined });
});

test("with a person to ask the run waits for a choice, and each choice does what it says", async () => {
  let isUp = false;
  const moody: LanguageModel = {
    id: "a/one",
    limits: undefined,
    stream: (request, signal) => (isUp ? answering("a/one") : down("a/one")).stream(request, signal),
  };
  await using made = freshEngine({
    model: moody,
    backups: { "b/two": answering("b/two") },
    plan: { fallback: [] },
  });
  const first = await made.run("go", { attended: true });
  expect(first.outcome.state).toBe("awaiting-choice");
  expect(first.view).toMatchObject({
    resting: true,
    choice: { turn: 1, model: "a/one", failure: { code: "MODEL_OVERLOADED" }, backups: [] },
  });
  await expect(made.runs.choose(first.id, { choice: "use", model: "x/none" })).rejects.toMatchObject({
    code: "UNKNOWN_MODEL",
  });
  await made.runs.choose(first.id, { choice: "use", model: "b/two" });
  await ends(made, first.id);
  expect(made.runs.view(first.id)).toMatchObject({ output: "b/two answers", modelInUse: "b/two", choice: null });
  await expect(made.runs.choose(first.id, { choice: "retry" })).rejects.toMatchObject({ code: "NO_CHOICE_OPEN" });

  const second = await made.run("go", { onModelFailure: "ask" });
  await made.runs.choose(second.id, { choice: "retry" });
  while (made.runs.view(second.id).choice === null) await settled();
  isUp = true;
  await made.runs.choose(second.id, { choice: "retry" });
  await ends(made, second.id);
  const { steps, output } = made.runs.view(second.id);
  expect([output, steps.length]).toEqual(["a/one answers", 1]);
  expect(steps[0]).toMatchObject({ attempts: [{}, {}, {}, {}], attemptsBefore: 4 });

  isUp = false;
  const third = await made.run("go", { attended: true });
  await made.runs.choose(third.id, { choice: "cancel" });
  expect(made.runs.view(third.id)).toMatchObject({ state: "cancelled", choice: null });
});

async function ends(made: Pick<ReturnType<typeof engine>, "journal">, id: Parameters<typeof made.journal.summary>[0]) {
  while (!isTerminal(made.journal.summary(id)?.state ?? "queued")) await settled();
}

test("with backups listed, a person is asked when they have failed too", async () => {
  await using made = freshEngine({
    model: down("a/one"),
    backups: { "b/two": down("b/two") },
    plan: { fallback: ["b/two"] },
  });
  const { view } = await made.run("go", { attended: true });
  expect(view).toMatchObject({ state: "awaiting-choice", choice: { model: "b/two" } });
  await made.runs.cancel(view.id, "no");
  expect(made.runs.view(view.id).state).toBe("cancelled");
});

test("a choice is open across a restart, and its time continues to run: then the run fails by name", async () => {
  using directory = tempDirectory();
  const clock = new ManualClock(Date.now());
  const options = { model: down("a/one"), directory: directory.path, clock, options: { choiceTimeoutMs: 60_000 } };
  const before = engine(options);
  const { id, ended } = await before.begin("go", { attended: true });
  await clock.advance(1);
  expect((await ended).state).toBe("awaiting-choice");
  await before[Symbol.asyncDispose]();
  await using after = engine(options);
  expect(after.runs.resumeUnfinished()).toBe(0);
  await clock.advance(58_000);
  expect(after.runs.view(id).state).toBe("awaiting-choice");
  await clock.advance(2_000);
  await ends(after, id);
  expect(after.runs.view(id)).toMatchObject({
    state: "failed",
    failure: { code: "CHOICE_EXPIRED", message: expect.stringContaining("a/one is down") },
  });
});

test("a stop in the middle of a wait for the next attempt: the rest of the wait is waited, and attempts are counted on", async () => {
  using directory = tempDirectory();
  const clock = new ManualClock(Date.now());
  const model = scripted(
    [{ text: "at last", error: { class: "rate_limited", message: "slow", retryAfterMs: 10_000, times: 1 } }],
    { id: "a/one", clock },
  );
  const options = { model, directory: directory.path, clock };
  const before = engine(options);
  const { id } = await before.begin("go");
  while (before.runs.view(id).steps[0] === undefined || clock.sleeping < 2) await settled();
  await clock.advance(4_000);
  const stopped = before[Symbol.asyncDispose]();
  await clock.advance(0);
  await stopped;
  await using after = engine(options);
  expect(after.runs.resumeUnfinished()).toBe(1);
  await clock.advance(5_999);
  expect(after.runs.view(id).state).toBe("running");
  await clock.advance(2);
  await ends(after, id);
  expect(after.runs.view(id)).toMatchObject({ state: "completed", output: "at last" });
});

test("a run is cancelled while it waits for its next attempt", async () => {
  const clock = new ManualClock();
  await using made = freshEngine({
    model: scripted([{ error: { class: "rate_limited", message: "slow", retryAfterMs: 10_000 } }], { clock }),
    clock,
  });
  const { id, ended } = await made.begin("go");
  const failed = () => made.journal.read(id, 0).some(({ event }) => event.type === "model-fail");
  while (!failed()) await settled();
  await settled();
  await made.runs.cancel(id, "enough");
  expect((await ended).state).toBe("cancelled");
});
