import { operations, type Thread, type Turn } from "../contract/index.ts";
import type { Caller } from "../operations/index.ts";

const PAGE = 100;

/** The messages of a thread, oldest first. Of a turn in progress only what its user sent: its run has the rest. */
export async function messagesOf(caller: Caller, { id }: Thread): Promise<readonly object[]> {
  const turns: Turn[] = [];
  const added: Turn["added"] = [];
  let cursor: string | null | undefined;
  do {
    const page = await caller.perform(operations.thread.turns, { id, limit: PAGE, ...(cursor && { cursor }) });
    turns.push(...page.items);
    added.push(...page.added);
    cursor = page.next;
  } while (cursor !== null);
  return [...turns.toReversed().flatMap(messagesIn), ...added.map(addedMessage)];
}

function addedMessage({ id, role, text, call, tool_calls: calls }: Turn["added"][number]): object {
  if (role === "tool") return { id, role, toolCallId: call, content: text };
  const toolCalls = calls.map(({ id: own, name, arguments: given }) => ({
    id: own,
    type: "function",
    function: { name, arguments: given },
  }));
  return { id, role, content: text, ...(toolCalls.length > 0 && { toolCalls }) };
}

function messagesIn(turn: Turn): readonly object[] {
  const shown = turn.ended_at === null ? turn.messages.filter(({ role }) => role === "user") : turn.messages;
  const messages = shown.flatMap((message, index): readonly object[] => {
    const id = `${turn.run}.message-${index + 1}`;
    const callId = (call: string) => `${turn.run}.${call}`;
    if (message.role === "notice") return [];
    if (message.role === "user") return [{ id, role: "user", content: message.text }];
    if (message.role === "tool") return [{ id, role: "tool", toolCallId: callId(message.call), content: message.text }];
    const { reasoning, text, tool_calls: calls } = message;
    const toolCalls = calls.map(({ id: call, name, arguments: given }) => ({
      id: callId(call),
      type: "function",
      function: { name, arguments: given },
    }));
    return [
      ...(reasoning === "" ? [] : [{ id: `${id}.reasoning`, role: "reasoning", content: reasoning }]),
      { id, role: "assistant", content: text, ...(toolCalls.length > 0 && { toolCalls }) },
    ];
  });
  return [...turn.added.map(addedMessage), ...messages];
}
