import type { ModelMessage } from "../../models/port/index.ts";

/** Messages of one side that follow each other become one: some providers and chat templates refuse two in a row. */
export function mergedMessages(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const merged: ModelMessage[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    const both = last && mergedPair(last, message);
    if (both) merged[merged.length - 1] = both;
    else merged.push(message);
  }
  return merged;
}

function mergedPair(one: ModelMessage, other: ModelMessage): ModelMessage | undefined {
  if (one.role === "user" && other.role === "user")
    return {
      role: "user",
      text: joined(one.text, other.text),
      images: [...(one.images ?? []), ...(other.images ?? [])],
    };
  if (one.role !== "assistant" || other.role !== "assistant") return undefined;
  return { ...other, text: joined(one.text, other.text), toolCalls: [...one.toolCalls, ...other.toolCalls] };
}

const joined = (...texts: readonly string[]): string => texts.filter((text) => text !== "").join("\n\n");
