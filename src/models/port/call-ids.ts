import { createHash } from "node:crypto";
import type { ModelMessage, ModelToolCall } from "./language-model.ts";

/** Every provider accepts an id of this length in lower-case hexadecimal digits; Mistral accepts no other length. */
const ID_LENGTH = 9;

/**
 * Returns the messages with a new id for each call whose id is not accepted or is that of an earlier call, and for its
 * result. Equal messages get equal ids, also if others follow them, so that providers can cache them.
 */
export function withCallIds(
  messages: readonly ModelMessage[],
  isAccepted: (id: string) => boolean,
): readonly ModelMessage[] {
  const taken = new Set<string>();
  let calls: readonly ModelToolCall[] = [];
  return messages.map((message) => {
    if (message.role === "user") return message;
    if (message.role === "assistant") {
      calls = message.toolCalls.map((call) => {
        const id = callId(call.id, taken, isAccepted);
        return id === call.id ? call : { ...call, id, givenId: call.givenId ?? call.id };
      });
      return { ...message, toolCalls: calls };
    }
    return {
      ...message,
      results: message.results.map((result, at) => ({ ...result, id: calls[at]?.id ?? result.id })),
    };
  });
}

function callId(given: string, taken: Set<string>, isAccepted: (id: string) => boolean): string {
  let id = given;
  for (let count = 1; taken.has(id) || !isAccepted(id); count += 1)
    id = createHash("sha256").update(`${count} ${given}`).digest("hex").slice(0, ID_LENGTH);
  taken.add(id);
  return id;
}
