import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import type { LanguageModel, ModelRequest } from "../../src/models/port/language-model.ts";
import { done, freshEngine } from "../helpers/engine.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.structured-output");

const SCHEMA = {
  type: "object",
  properties: { score: { type: "integer", minimum: 0, maximum: 10 } },
  required: ["score"],
  additionalProperties: false,
};

function heard(turns: Parameters<typeof scripted>[0]): {
  readonly model: LanguageModel;
  readonly requests: ModelRequest[];
} {
  const model = scripted(turns);
  const requests: ModelRequest[] = [];
  const stream: LanguageModel["stream"] = (request, signal) => {
    requests.push(request);
    return model.stream(request, signal);
  };
  return { model: { id: model.id, limits: model.limits, stream }, requests };
}

test("an answer that fits the schema is taken, and is there as JSON", async () => {
  const { model, requests } = heard([{ text: '{"score": 7}' }]);
  await using made = freshEngine({ model, plan: { outputSchema: SCHEMA } });
  const { view } = await made.run("rate it");
  expect(view).toMatchObject({ state: "completed", output: '{"score": 7}', outputJson: { score: 7 } });
  expect(requests[0]?.answerSchema).toEqual(SCHEMA);
  expect(requests[0]?.system).toContain('"maximum":10');
});

test("a code fence around it does no harm", async () => {
  await using made = freshEngine({
    model: scripted([{ text: '```json\n{"score": 7}\n```' }]),
    plan: { outputSchema: SCHEMA },
  });
  expect((await made.run("rate it")).view.outputJson).toEqual({ score: 7 });
});

test("an answer that does not fit is asked for once more, with what is wrong", async () => {
  const { model, requests } = heard([{ text: '{"score": 70, "why": "good"}' }, { text: '{"score": 7}' }]);
  await using made = freshEngine({ model, plan: { outputSchema: SCHEMA, stepsMax: 1 } });
  const { view } = await made.run("rate it");
  expect(view).toMatchObject({ state: "completed", outputJson: { score: 7 } });
  expect(view.steps[0]).toMatchObject({ outputProblems: expect.arrayContaining([expect.stringContaining("score")]) });
  expect(requests[1]?.messages.at(-1)).toMatchObject({ role: "user", text: expect.stringContaining("score") });
});

test("an answer that is wrong twice fails the run by name, with what is wrong", async () => {
  await using made = freshEngine({
    model: scripted([{ text: "seven" }, { text: '{"score": "seven"}' }]),
    plan: { outputSchema: SCHEMA },
  });
  expect((await made.run("rate it")).view).toMatchObject({
    state: "failed",
    failure: { code: "OUTPUT_INVALID", message: expect.stringContaining("score") },
    outputJson: null,
  });
});

test("tools are called as usual, and only the answer has to match the schema", async () => {
  const { model, requests } = heard([
    { text: "Let me look.", toolCalls: [{ name: "fake__look", arguments: {} }] },
    { text: '{"score": 3}' },
  ]);
  await using made = freshEngine({
    model,
    tools: [{ name: "look", run: () => done("3") }],
    plan: { outputSchema: SCHEMA },
  });
  expect((await made.run("rate it")).view).toMatchObject({ state: "completed", outputJson: { score: 3 } });
  expect(requests[1]?.tools.length).toBeGreaterThan(0);
  // Some providers refuse a schema beside tools: the system prompt has it.
  expect([requests[1]?.answerSchema, requests[1]?.system.includes('"maximum":10')]).toEqual([undefined, true]);
});

test("a schema of the request goes before the definition's, and is there after a restart too: it is in the journal", async () => {
  await using made = freshEngine({ model: scripted([{ text: "[1, 2]" }]), plan: { outputSchema: SCHEMA } });
  const schema = { type: "array", items: { type: "integer" } };
  const { id, view } = await made.run("rate it", { outputSchema: schema });
  expect(view).toMatchObject({ outputSchema: schema, outputJson: [1, 2] });
  expect(made.journal.read(id, 0)[0]?.event).toMatchObject({ outputSchema: schema });
});

test("a schema that nothing can be checked against is refused before the run begins", async () => {
  await using made = freshEngine({ model: scripted([{ text: "x" }]) });
  await expect(made.run("go", { outputSchema: { type: "objekt" } })).rejects.toMatchObject({
    code: "OUTPUT_SCHEMA_INVALID",
  });
});
