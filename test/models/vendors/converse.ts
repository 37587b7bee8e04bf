import * as z from "zod";
import { MockModel } from "../../../src/models/built-in/index.ts";
import { JsonObject } from "../../../src/kernel/json.ts";
import type { ModelMessage, ModelToolCall, ModelToolResult } from "../../../src/models/port/language-model.ts";
import { attempt } from "./collect.ts";
import type { TestTool } from "./parser-tools.ts";
import { ToolFailure } from "./tabular.ts";

export type Conversation = {
  readonly answer: string;
  /** Every call in order, as `tool {arguments}`. */
  readonly calls: readonly string[];
  readonly messages: readonly ModelMessage[];
};

const TURNS_MAX = 10;

/** Runs the built-in model with tools until it answers, as a run does. */
export async function converse(
  question: string,
  tools: readonly TestTool[],
  before: readonly ModelMessage[] = [],
): Promise<Conversation> {
  const messages: ModelMessage[] = [...before, { role: "user", text: question }];
  const calls: string[] = [];
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    const { text, toolCalls } = await turnOf(messages, tools);
    messages.push({ role: "assistant", text, toolCalls });
    if (toolCalls.length === 0) return { answer: text, calls, messages };
    calls.push(...toolCalls.map((call) => `${call.name} ${call.arguments}`));
    messages.push({ role: "tool", results: toolCalls.map((call) => execute(call, tools)) });
  }
  throw new Error(`no answer within ${TURNS_MAX} turns; calls: ${calls.join("; ")}`);
}

async function turnOf(messages: readonly ModelMessage[], tools: readonly TestTool[]) {
  const shown = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  const settings = { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 10_000 };
  const parts = await attempt(new MockModel(), { system: "", messages, tools: shown, settings });
  const text = parts.map((part) => (part.type === "text-delta" ? part.text : "")).join("");
  const toolCalls = parts.flatMap((part) => (part.type === "tool-call" ? [part.call] : []));
  return { text, toolCalls };
}

/** One call as the run engine does it: a refusal of the arguments is a failed result too. */
function execute(call: ModelToolCall, tools: readonly TestTool[]): ModelToolResult {
  const { id, name } = call;
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`the model called ${name}, which it was not given`);
  try {
    const { text, structured } = tool.run(JsonObject.parse(JSON.parse(call.arguments)));
    return { id, name, text, structured, failed: false };
  } catch (error) {
    if (error instanceof ToolFailure) return { id, name, text: error.message, structured: undefined, failed: true };
    // Arguments that the schema does not allow are a fault of the model, which a test must see.
    throw error instanceof z.ZodError
      ? new Error(`${name} ${call.arguments}: ${error.message}`, { cause: error })
      : error;
  }
}
