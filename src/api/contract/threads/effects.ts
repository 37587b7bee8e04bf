import type { Turn } from "./threads.ts";

/** A call of a tool that may have changed something outside of the thread; `arguments` is JSON as the model wrote it. */
export type Effect = { readonly run: string; readonly tool: string; readonly arguments: string };

/** The calls of a turn that may have changed something, oldest first. */
export function effectsOf({ run, messages }: Turn): readonly Effect[] {
  const given = new Map<string, string>();
  return messages.flatMap((message) => {
    // Some models use an id again in a later answer, so the last one counts.
    if (message.role === "assistant") for (const call of message.tool_calls) given.set(call.id, call.arguments);
    if (message.role !== "tool" || !message.has_effects) return [];
    return [{ run, tool: message.name.replace("__", "."), arguments: given.get(message.call) ?? "" }];
  });
}
