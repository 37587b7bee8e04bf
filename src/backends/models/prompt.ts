import type { JSONSchema7, LanguageModelV4CallOptions, LanguageModelV4Message } from "@ai-sdk/provider";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import type { ModelMessage, ModelRequest } from "../../runs/index.ts";

/** A request in the words of `@ai-sdk`, without its signal. Header names are in lower case so that ours replace its own. */
export function callOptions({ system, messages, tools, settings }: ModelRequest): LanguageModelV4CallOptions {
  const opening: LanguageModelV4Message[] = system === "" ? [] : [{ role: "system", content: system }];
  return {
    prompt: [...opening, ...messages.map(promptMessage)],
    headers: Object.fromEntries(Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), value])),
    tools: tools.map(({ name, description, inputSchema }) => ({
      type: "function",
      name,
      description,
      inputSchema: vendorSchema(inputSchema),
    })),
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.outputTokensMax === undefined ? {} : { maxOutputTokens: settings.outputTokensMax }),
  };
}

function promptMessage(message: ModelMessage): LanguageModelV4Message {
  switch (message.role) {
    case "user":
      return { role: "user", content: [{ type: "text", text: message.text }] };
    case "assistant":
      return {
        role: "assistant",
        content: [
          ...(message.text === "" ? [] : [{ type: "text" as const, text: message.text }]),
          // Text that is not JSON is sent on as a JSON string, so that a broken call in the history breaks nothing else.
          ...message.toolCalls.map((call) => ({
            type: "tool-call" as const,
            toolCallId: call.id,
            toolName: call.name,
            input: call.arguments,
          })),
        ],
      };
    case "tool":
      return {
        role: "tool",
        content: message.results.map(({ id, name, text, failed }) => ({
          type: "tool-result",
          toolCallId: id,
          toolName: name,
          output: { type: failed ? "error-text" : "text", value: text },
        })),
      };
  }
}

/** The key of hints that only Caxton's own models read; some servers refuse schemas with keys they do not know. */
const HINTS = "x-caxton";

function vendorSchema(schema: JsonObject): JSONSchema7 {
  const plain = withoutHints(schema);
  return isSchema(plain) ? plain : {};
}

const withoutHints = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withoutHints);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== HINTS);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutHints(member)]));
};

/** JSON Schema is open: every object is one. */
const isSchema = (value: unknown): value is JSONSchema7 => isJsonObject(value);
