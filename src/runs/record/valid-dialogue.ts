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

/**
 * The messages with a new id for each call whose id an earlier call has: some local servers count the calls of each
 * answer from 0, and providers refuse an id that occurs twice.
 */
export function uniqueCallIds(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  const seen = new Set<string>();
  let renamed: ReadonlyMap<number, string> = new Map();
  return messages.map((message) => {
    if (message.role === "assistant") {
      const ids = message.toolCalls.map(({ id }) => uniqueId(id, seen));
      renamed = new Map(ids.entries().filter(([index, id]) => id !== message.toolCalls[index]?.id));
      if (renamed.size === 0) return message;
      return {
        ...message,
        toolCalls: message.toolCalls.map((call, at) => ({ ...call, id: renamed.get(at) ?? call.id })),
      };
    }
    if (message.role === "user" || renamed.size === 0) return message;
    return {
      ...message,
      results: message.results.map((result, at) => ({ ...result, id: renamed.get(at) ?? result.id })),
    };
  });
}

function uniqueId(id: string, seen: Set<string>): string {
  const base = id === "" ? "call" : id;
  let unique = base;
  for (let count = 2; seen.has(unique); count += 1) unique = `${base}_${count}`;
  seen.add(unique);
  return unique;
}
