import { operations, type threads } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import type * as z from "zod";
import { textPart } from "../responses/items.ts";

const PAGE = 100;

/** A message of a conversation. Calls of tools are not part of it. */
export type ConversationItem = { readonly id: string; readonly role: "user" | "assistant" };

/** The messages of a thread's branch, newest first. */
export async function* itemsOf(caller: Caller, thread: string): AsyncGenerator<ConversationItem, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await caller.perform(operations.thread.turns, { id: thread, limit: PAGE, cursor });
    for (const turn of page.items) yield* itemsIn(turn).toReversed();
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

const itemsIn = ({ run, messages }: threads.Turn): readonly ConversationItem[] =>
  messages.flatMap((message, index) => {
    const content = contentOf(message);
    if (content.length === 0 || (message.role !== "user" && message.role !== "assistant")) return [];
    return [{ id: `msg_${run}_${index}`, type: "message", role: message.role, status: "completed", content }];
  });

function contentOf(message: z.infer<typeof threads.ThreadMessage>): readonly object[] {
  if (message.role === "assistant") return message.text === "" ? [] : [textPart(message.text)];
  if (message.role !== "user") return [];
  const files = message.files.map(({ name }) => ({ type: "input_file", filename: name }));
  return [...(message.text === "" ? [] : [{ type: "input_text", text: message.text }]), ...files];
}
