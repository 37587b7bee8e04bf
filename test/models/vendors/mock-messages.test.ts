import { describe, expect, test } from "vitest";
import { MockModel } from "../../../src/models/built-in/index.ts";
import type { ModelMessage } from "../../../src/models/port/language-model.ts";
import { attempt, summary } from "./collect.ts";

const tools = ["ask", "send_message", "find_agents", "reply"].map((name) => ({
  name: `messages__${name}`,
  description: "for messages",
  inputSchema: { type: "object", properties: { content: {} } },
}));
const askUser = { name: "user__ask_user", description: "asks", inputSchema: { type: "object", properties: {} } };
const settings = { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 10_000 };
const turn = async (messages: string | readonly ModelMessage[]) =>
  summary(
    await attempt(new MockModel(), {
      system: "",
      messages: typeof messages === "string" ? [{ role: "user", text: messages }] : messages,
      tools: [...tools, askUser],
      settings,
    }),
  );

describe("whom a request says to ask is asked", () => {
  test.each([
    ["Ask the agent bob to translate hello", ['{"to":"bob","content":"translate hello"}']],
    ["ask bob what the time is", ['{"to":"bob","content":"what the time is"}']],
    [
      "Please, ask someone who can translation:de to say hello",
      ['{"capability":"translation:de","content":"say hello"}'],
    ],
    ["Ask alice to sing and ask bob to dance", ['{"to":"alice","content":"sing"}', '{"to":"bob","content":"dance"}']],
    ["Sing a song", []],
  ])("%s", async (question, calls) => {
    expect((await turn(question)).calls).toEqual(calls.map((given) => `messages__ask ${given}`));
  });
});

test("the answer is the other agent's, and a failure is reported as one", async () => {
  const toolCalls = [{ id: "1", name: "messages__ask", arguments: '{"to":"bob","content":"sing"}' }];
  for (const [failed, words] of [
    [false, "bob answers:\n\nla la"],
    [true, "bob gave no answer: la la"],
  ] as const) {
    const { text, calls } = await turn([
      { role: "user", text: "[request (request) from user]\nAsk bob to sing\n[Do what it asks.]" },
      { role: "assistant", text: "", toolCalls },
      { role: "tool", results: [{ id: "1", name: "messages__ask", text: "la la", structured: undefined, failed }] },
    ]);
    expect(calls).toEqual([]);
    expect(text).toContain(words);
  }
});

describe("the user is asked what the request says", () => {
  test.each([
    ["Ask me which island to count", ["Which island to count?"]],
    ["please ask us for the name of the file.", ["The name of the file?"]],
    ["ask the user about a date and ask me what to do", ["A date?", "What to do?"]],
    ["Ask me nicely", []],
  ])("%s", async (request, questions) => {
    const calls = questions.map((question) => `user__ask_user ${JSON.stringify({ question })}`);
    expect((await turn(request)).calls).toEqual(calls);
  });

  test("the answer is repeated", async () => {
    const toolCalls = [{ id: "1", name: "user__ask_user", arguments: '{"question":"What to do?"}' }];
    const { text, calls } = await turn([
      { role: "user", text: "Ask me what to do" },
      { role: "assistant", text: "", toolCalls },
      {
        role: "tool",
        results: [{ id: "1", name: "user__ask_user", text: "dance", structured: undefined, failed: false }],
      },
    ]);
    expect(calls).toEqual([]);
    expect(text).toContain("The answer is:\n\ndance");
  });
});

const cfp = (task: string) => turn(`[call for proposals (cfp) from user]\n${task}\n[Propose.]`);

test("a call for proposals is answered with terms as JSON that follow from the words, and say who made them", async () => {
  const { text } = await cfp("paint the fence");
  const terms: unknown = JSON.parse(text);
  expect(terms).toMatchObject({ cost: expect.any(Number), seconds: 8, note: expect.stringContaining("rule-based") });
  expect((await cfp("paint the fence")).text).toBe(text);
  expect((await cfp("paint the whole house")).text).not.toBe(text);
});
