import { setImmediate } from "node:timers/promises";
import { estimateTokens } from "../../kernel/tokens.ts";
import type { LanguageModel, ModelPart, ModelRequest, ModelToolCall } from "../port/index.ts";
import { decide } from "./decide.ts";

/** Words of one streamed delta. */
const DELTA_WORDS = 3;

/**
 * The built-in model: rules that read the request and the tools' schemas, call the tools that fit and write the answer
 * from their results. It keeps nothing between calls, so the same request always gets the same answer.
 */
export class MockModel implements LanguageModel {
  readonly id = "mock";
  readonly limits = { contextTokens: 1_000_000, outputTokens: 100_000 };

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    const { text, calls } = decide(request);
    const number = request.messages.filter(({ role }) => role === "assistant").length + 1;
    const toolCalls = calls.map(({ name, arguments: input }, index): ModelToolCall => ({
      id: `call_${number}_${index + 1}`,
      name,
      arguments: JSON.stringify(input),
    }));
    const parts: readonly ModelPart[] = [
      ...deltas(text).map((delta): ModelPart => ({ type: "text-delta", text: delta })),
      ...toolCalls.map((call): ModelPart => ({ type: "tool-call", call })),
      { type: "finish", reason: calls.length > 0 ? "tool-calls" : "stop", usage: usage(request, text, toolCalls) },
    ];
    for (const part of parts) {
      if (signal.aborted) {
        const message = "the model call was cancelled";
        yield { type: "error", failure: { class: "cancelled", message, status: undefined, retryAfterMs: undefined } };
        return;
      }
      yield part;
      // A turn of the event loop, so that a long answer neither blocks nor arrives at once.
      await setImmediate();
    }
  }
}

/** The text in pieces of a few words, which joined again are the text. */
export const deltas = (text: string): readonly string[] => {
  const words = text.match(/\s*\S+|\s+$/g) ?? [];
  const pieces: string[] = [];
  for (let start = 0; start < words.length; start += DELTA_WORDS) {
    pieces.push(words.slice(start, start + DELTA_WORDS).join(""));
  }
  return pieces;
};

const usage = ({ system, messages, tools }: ModelRequest, text: string, calls: readonly ModelToolCall[]) => ({
  inputTokens: estimateTokens(system + JSON.stringify(messages) + JSON.stringify(tools)),
  outputTokens: estimateTokens(text + calls.map((call) => call.name + call.arguments).join("")),
  cachedInputTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
});
