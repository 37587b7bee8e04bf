import type { SessionUpdate } from "@agentclientprotocol/sdk";
import { operations, type Turn } from "../../api/contract/index.ts";
import type { Client } from "../client/index.ts";
import { type Address, argumentsOf, fileLink, newCall, resultOf, textContent } from "./tool-calls.ts";

const PAGE = 100;

type Message = Turn["messages"][number];

/** The turns of a thread's branch, oldest first. */
export async function turnsOf(client: Client, id: string): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  let cursor: string | null | undefined;
  do {
    const { value } = await client.call(operations.thread.turns, { id, limit: PAGE, ...(cursor && { cursor }) });
    turns.push(...value.items);
    cursor = value.next;
  } while (cursor !== null);
  return turns.toReversed();
}

/** A turn as it was. Of one in progress only what its user sent: its run has the rest. */
export function updatesOf(turn: Turn, address: Address): readonly SessionUpdate[] {
  const given = new Map(
    turn.messages.flatMap((message) =>
      message.role === "assistant"
        ? message.tool_calls.map((call) => [call.id, argumentsOf(call.arguments)] as const)
        : [],
    ),
  );
  const added = turn.added.flatMap(({ id: messageId, role, text }): readonly SessionUpdate[] =>
    role === "tool" || text === ""
      ? []
      : [
          {
            sessionUpdate: role === "user" ? "user_message_chunk" : "agent_message_chunk",
            messageId,
            content: textContent(text),
          },
        ],
  );
  const shown = turn.ended_at === null ? turn.messages.filter(({ role }) => role === "user") : turn.messages;
  const messages = shown.flatMap((message, index) => {
    const messageId = `${turn.run}.message-${index + 1}`;
    return message.role === "tool"
      ? [toolCall(messageId, message, { rawInput: given.get(message.call), address })]
      : chunksOf(message, { messageId, address });
  });
  return [...added, ...messages];
}

type Placing = { readonly messageId: string; readonly address: Address };

function chunksOf(
  message: Exclude<Message, { role: "tool" }>,
  { messageId, address }: Placing,
): readonly SessionUpdate[] {
  if (message.role === "notice") return [];
  if (message.role === "user") {
    const files = message.files.map(({ name }) => `[${name}]`).join(" ");
    const text = [message.text, files].filter((part) => part !== "").join("\n");
    return [{ sessionUpdate: "user_message_chunk", messageId, content: textContent(text) }];
  }
  const { reasoning, text, artifacts } = message;
  return [
    ...(reasoning === "" ? [] : [{ sessionUpdate: "agent_thought_chunk" as const, content: textContent(reasoning) }]),
    ...(text === "" ? [] : [{ sessionUpdate: "agent_message_chunk" as const, messageId, content: textContent(text) }]),
    ...artifacts.map((file) => ({ sessionUpdate: "agent_message_chunk" as const, content: fileLink(file, address) })),
  ];
}

function toolCall(
  id: string,
  message: Extract<Message, { role: "tool" }>,
  { rawInput, address }: { readonly rawInput: unknown; readonly address: Address },
): SessionUpdate {
  return {
    sessionUpdate: "tool_call",
    ...newCall(id, message.call, message.name),
    status: message.state === "done" ? "completed" : "failed",
    rawInput,
    content: resultOf(message, address),
  };
}
