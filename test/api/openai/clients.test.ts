import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { HumanMessage } from "@langchain/core/messages";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { Agent, OpenAIChatCompletionsModel, Runner, tool as agentTool } from "@openai/agents";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import type { LanguageModel } from "../../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { models } from "../../helpers/engine.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.openai");

let server: WorkspaceServer;
let key: string;
let turns: readonly ScriptedTurnInput[] = [];
const model: LanguageModel = {
  id: "scripted/inline",
  limits: undefined,
  stream: (request, signal) => scripted(turns).stream(request, signal),
};

beforeAll(async () => {
  server = await WorkspaceServer.start({ overrides: { models: models(model) } });
  key = await server.createKey("operator");
});
afterAll(() => server?.[Symbol.asyncDispose]());

const Word = z.object({ word: z.string() });
const CALL = { name: "lookup", arguments: { word: "ink" } };
const lookUp = ({ word }: z.infer<typeof Word>) => `${word} is black`;
const baseURL = () => `${server.url}/v1`;

test("the AI SDK gets text, streams, objects, and results of its tools", async () => {
  const agent = createOpenAICompatible({
    name: "caxton",
    apiKey: key,
    baseURL: baseURL(),
    includeUsage: true,
    supportsStructuredOutputs: true,
  })("greeter");
  turns = [{ text: "Hello, Ada." }];
  const answer = await generateText({ model: agent, prompt: "I am Ada." });
  expect(answer).toMatchObject({ text: "Hello, Ada.", finishReason: "stop" });
  const stream = streamText({ model: agent, prompt: "I am Ada." });
  expect((await Array.fromAsync(stream.textStream)).join("")).toBe("Hello, Ada.");
  expect((await stream.usage).totalTokens).toBeGreaterThan(0);

  turns = [{ toolCalls: [CALL] }, { text: "It is black." }];
  const tools = { lookup: tool({ inputSchema: Word, execute: lookUp }) };
  const used = await generateText({ model: agent, prompt: "What color?", tools, stopWhen: stepCountIs(3) });
  expect(used.text).toBe("It is black.");
  expect(used.steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output))).toEqual(["ink is black"]);

  turns = [{ text: '{"word":"ink"}' }];
  const object = await generateText({ model: agent, prompt: "One word", output: Output.object({ schema: Word }) });
  expect(object.output).toEqual({ word: "ink" });
});

test("LangChain gets text, streams, and results of its tools", async () => {
  const chat = new ChatOpenAI({ model: "greeter", apiKey: key, configuration: { baseURL: baseURL() } });
  turns = [{ text: "Hello, Ada." }];
  expect((await chat.invoke("I am Ada.")).text).toBe("Hello, Ada.");
  const pieces = await Array.fromAsync(await chat.stream("I am Ada."));
  expect(pieces.map(({ text }) => text).join("")).toBe("Hello, Ada.");

  turns = [{ toolCalls: [CALL] }, { text: "It is black." }];
  const lookup = langchainTool(lookUp, { name: "lookup", description: "Looks a word up", schema: Word });
  const bound = chat.bindTools([lookup]);
  const question = new HumanMessage("What color?");
  const first = await bound.invoke([question]);
  const [call] = first.tool_calls ?? [];
  expect(call).toMatchObject({ name: "lookup", args: { word: "ink" } });
  if (call === undefined) throw new Error("there is no call");
  const result = await lookup.invoke({ ...call, type: "tool_call" });
  expect((await bound.invoke([question, first, result])).text).toBe("It is black.");
});

test("an agent of the OpenAI Agents SDK uses an agent of this server as its model", async () => {
  const client = new OpenAI({ apiKey: key, baseURL: baseURL() });
  const lookup = agentTool({ name: "lookup", description: "Looks a word up", parameters: Word, execute: lookUp });
  const agent = new Agent({
    name: "printer",
    instructions: "You know colors.",
    model: new OpenAIChatCompletionsModel(client, "greeter"),
    tools: [lookup],
  });
  const runner = new Runner({ tracingDisabled: true });
  turns = [{ toolCalls: [CALL] }, { text: "It is black." }];
  const result = await runner.run(agent, "What color is ink?");
  expect(result.finalOutput).toBe("It is black.");
  const streamed = await runner.run(agent, "What color is ink?", { stream: true });
  await streamed.completed;
  expect(streamed.finalOutput).toBe("It is black.");
});
