import { ask } from "./operations.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Names of ours that the server spells otherwise. */
const WIRE: Readonly<Record<string, string>> = {
  conversationId: "conversation_id",
  replyBy: "reply_by",
  replyWith: "reply_with",
};

/** Sends a message in the name of the agent whose run made the call, and does not wait for an answer. */
export async function sendMessage(message: Fields): Promise<object> {
  const wire = Object.entries(message).flatMap(([key, value]) =>
    value === undefined ? [] : [[WIRE[key] ?? key, value]],
  );
  const { head } = ask("messages.send", Object.fromEntries(wire));
  return { id: head["id"], conversationId: head["conversation_id"], recipients: head["recipients"] };
}
