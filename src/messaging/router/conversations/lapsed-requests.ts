import { MessageId } from "../../../kernel/ids.ts";
import { composeMessage, type Message, type MessageError } from "../../acl/index.ts";
import { notAnswered } from "../deliveries/expiry.ts";
import { type ConversationTimeout } from "./cached-conversation.ts";

/** The requests of a conversation that were not answered in time, with the error that their initiator receives. */
export function lapsedRequests({
  conversation,
  lapses,
  error,
}: ConversationTimeout): readonly { readonly asked: Message; readonly error: MessageError }[] {
  const { id: conversationId, workspace, protocol, initiator } = conversation;
  return lapses.flatMap(({ participant, unanswered }) => {
    if (unanswered === undefined) return [];
    const { name, replyTo, deadlineMs = 0 } = participant;
    const asked = composeMessage({
      ...unanswered,
      id: MessageId.parse(unanswered.id),
      workspace,
      performative: "request",
      sender: initiator,
      address: { type: "receivers", names: [name] },
      content: { type: "text", text: "" },
      atMs: deadlineMs,
      replyTo,
      protocol,
      conversationId,
    });
    return [{ asked, error: error ?? notAnswered(name, deadlineMs) }];
  });
}
