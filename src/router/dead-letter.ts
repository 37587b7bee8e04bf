import { type Message, writeMessage } from "../messages/index.ts";
import { type DeadLetter } from "./ports/index.ts";

type Place = { readonly seq: number; readonly mailbox: { readonly number: number; readonly name: string } };

/** The delivery of `message` that was given up, as the journal keeps it. */
export const deadLetter = (
  message: Message,
  { seq, mailbox }: Place,
  why: Pick<DeadLetter, "code" | "reason" | "attempts" | "atMs">,
): DeadLetter => ({
  seq,
  party: mailbox.number,
  id: message.id,
  workspace: message.workspace,
  conversation: message.conversationId,
  sender: message.sender,
  recipient: mailbox.name,
  performative: message.performative,
  ...why,
  body: writeMessage(message),
});
