import { operations, type threads } from "../../contract/index.ts";
import { type Caller, RequestInvalidError } from "../../operations/index.ts";
import { textPart } from "../responses/items.ts";
import type { InputItem } from "../responses/request.ts";

export type MessageItem = {
  readonly id: string;
  readonly type: "message";
  readonly role: "user" | "assistant";
  readonly status: "completed";
  readonly content: readonly object[];
};
type CallItem = Pick<MessageItem, "id" | "status"> & { readonly call_id: string } & (
    | { readonly type: "function_call"; readonly name: string; readonly arguments: string }
    | { readonly type: "function_call_output"; readonly output: string }
  );

/** A message of a conversation, or a call that its client added with its result. The agent's own calls of tools are not part of it. */
export type ConversationItem = MessageItem | CallItem;

type AddedMessage = threads.AddedMessage;
type NewMessage =
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly calls: readonly Call[] }
  | { readonly role: "tool"; readonly call: string; readonly text: string };
type Call = { readonly id: string; readonly name: string; readonly arguments: string };

/** Items of a client as messages to add. The reasoning of a model is not part of a dialogue. Throws RequestInvalidError. */
export const messagesOf = (items: readonly InputItem[]): readonly NewMessage[] => items.flatMap(messageOf);

function messageOf(item: InputItem, index: number): readonly NewMessage[] {
  switch (item.type) {
    case "reasoning":
      return [];
    case "item_reference":
      throw refused(`items.${index}: a reference is no item`, "Send the item itself.");
    case "function_call": {
      const { call_id: id, name, arguments: given } = item;
      return [{ role: "assistant", text: "", calls: [{ id, name, arguments: given }] }];
    }
    case "function_call_output":
      return [{ role: "tool", call: item.call_id, text: textOf(item.output, index) }];
    case "message":
    case undefined: {
      if (item.role === "system" || item.role === "developer")
        throw refused(
          `items.${index}: a message of the role ${item.role} cannot be added`,
          "Set `instructions` of a response, or the system prompt of the agent.",
        );
      const text = textOf(item.content, index);
      return item.role === "user" ? [{ role: "user", text }] : [{ role: "assistant", text, calls: [] }];
    }
  }
}

type Content = string | readonly { readonly type: string; readonly text?: string }[];

function textOf(content: Content, index: number): string {
  if (typeof content === "string") return content;
  return content
    .map((part) => {
      if (part.text === undefined)
        throw refused(
          `items.${index}: a message that is added has only text`,
          "Send files in the input of a response with this conversation.",
        );
      return part.text;
    })
    .join("\n");
}

const refused = (problem: string, hint: string) =>
  new RequestInvalidError(`the request does not fit: ${problem}`, hint, { problems: [problem] });

/** Adds messages to the thread of a conversation; returns their items. */
export async function addItems(
  caller: Caller,
  thread: string,
  messages: readonly NewMessage[],
): Promise<readonly ConversationItem[]> {
  if (messages.length === 0) return [];
  const { items } = await caller.perform(operations.addedMessage.create, { id: thread, messages });
  return items.flatMap(itemsOfAdded);
}

const status = "completed";

/** The items of an added message: its text, each of its calls, or the result of a call. */
export function itemsOfAdded({ id, role, text, call, tool_calls: calls }: AddedMessage): readonly ConversationItem[] {
  if (role === "tool")
    return [{ id: `fco_${id}`, type: "function_call_output", call_id: call ?? "", output: text, status }];
  const content = role === "user" ? [{ type: "input_text", text }] : [textPart(text)];
  const message = { id: `msg_${id}`, type: "message", role, status, content } as const;
  return [
    ...(text === "" && calls.length > 0 ? [] : [message]),
    ...calls.map(({ id: own, name, arguments: given }, at) => {
      const number = at === 0 ? "" : `.${at + 1}`;
      return { id: `fc_${id}${number}`, type: "function_call", call_id: own, name, arguments: given, status } as const;
    }),
  ];
}

/** The id of the added message that an item is of. */
export const addedId = (item: string): string => item.replace(/^(?:msg|fc|fco)_/, "").replace(/\.\d+$/, "");
