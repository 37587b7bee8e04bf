import type { LanguageModel, ModelMessage, ModelPart, ModelRequest } from "../../../src/models/port/language-model.ts";

/** A request with the weather tool of the fixtures and nothing else. */
export const request = (
  messages: string | readonly ModelMessage[],
  settings: Partial<ModelRequest["settings"]> = {},
): ModelRequest => ({
  system: "",
  messages: typeof messages === "string" ? [{ role: "user", text: messages }] : messages,
  tools: [
    {
      name: "get_weather",
      description: "The weather of a city.",
      inputSchema: { type: "object", properties: { city: { type: "string" } } },
    },
  ],
  settings: { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 10_000, ...settings },
});

/** Every part of one attempt. */
export async function attempt(
  model: LanguageModel,
  asked: ModelRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly ModelPart[]> {
  const parts: ModelPart[] = [];
  for await (const part of model.stream(asked, signal)) parts.push(part);
  return parts;
}

/** What was said, what was called, and how it ended. */
export function summary(parts: readonly ModelPart[]) {
  const last = parts.at(-1);
  return {
    text: parts.map((part) => (part.type === "text-delta" ? part.text : "")).join(""),
    calls: parts.flatMap((part) => (part.type === "tool-call" ? [`${part.call.name} ${part.call.arguments}`] : [])),
    end: last?.type === "error" ? last.failure.class : last?.type === "finish" ? last.reason : undefined,
  };
}
