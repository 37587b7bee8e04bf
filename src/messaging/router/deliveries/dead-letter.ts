import { type Message, storedText } from "../../acl/index.ts";
import { type DeadLetter } from "../ports/index.ts";

type Place = { readonly seq: number; readonly mailbox: { readonly number: number; readonly name: string } };

/** How a delivery was given up. */
export type Death = Pick<DeadLetter, "code" | "reason" | "attempts" | "history" | "atMs">;

/** The delivery of `message` that was given up, as the journal keeps it. */
export const deadLetter = (message: Message, { seq, mailbox }: Place, why: Death): DeadLetter => ({
  seq,
  party: mailbox.number,
  id: message.id,
  workspace: message.workspace,
  conversation: message.conversationId,
  sender: message.sender,
  recipient: mailbox.name,
  performative: message.performative,
  ...why,
  body: storedText(message),
});
