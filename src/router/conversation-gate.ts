import { type Message, type MessageError } from "../messages/index.ts";
import { type Batch } from "./writing/index.ts";

/** Conversations, kept with the messages that move them. */
export interface ConversationGate {
  /** Moves the conversation, in memory and with this batch; or says why the message is not allowed, and moves nothing. */
  enter(message: Message, recipients: readonly string[], batch: Batch): MessageError | undefined;
}

/** Every message is allowed, and nothing is kept. */
export const openGate: ConversationGate = { enter: () => undefined };
