import { composeMessage, type Message, type MessageDraft } from "../messages/index.ts";

/** A message as it is kept; `restoreMessage` of it, parsed, equals the message. */
export const writeMessage = (message: Message): string => JSON.stringify(message);

/** Back from what `writeMessage` wrote. */
export function restoreMessage(json: MessageDraft): Message {
  return composeMessage(json);
}
