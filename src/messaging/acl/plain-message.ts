import { type Json } from "../../kernel/json.ts";
import { type MessageType } from "./wire/canonical-wire.ts";
import { type Message, type Performative } from "./message.ts";
import { messageWire } from "./write-message.ts";

/** A message for those who know nothing of acts. `readMessage` takes one too. */
export type PlainMessage = {
  readonly id: string;
  readonly message_type: MessageType;
  readonly sender: string;
  /** Undefined when it is for a capability, a topic or all participants. */
  readonly receiver: string | readonly string[] | undefined;
  readonly conversation_id: string;
  /** What it answers: the `reply_with` of a message, or its id. */
  readonly reply_to: string | undefined;
  readonly content: Json;
  readonly trace_id: string | undefined;
  readonly span_id: string | undefined;
  readonly timestamp: string | undefined;
};

const ERRORS: ReadonlySet<Performative> = new Set(["failure", "not-understood"]);
/** Acts that want something done or said. */
const REQUESTS: ReadonlySet<Performative> = new Set([
  "cancel",
  "cfp",
  "propagate",
  "propose",
  "proxy",
  "query-if",
  "query-ref",
  "request",
  "request-when",
  "request-whenever",
  "subscribe",
]);

/** What kind of plain message an act is: what answers nothing and asks nothing is a notification. */
function plainType({ performative, inReplyTo }: Message): MessageType {
  if (ERRORS.has(performative)) return "error";
  if (REQUESTS.has(performative) && !(performative === "propose" && inReplyTo !== undefined)) return "request";
  return inReplyTo === undefined ? "notification" : "response";
}

/** The message without its act, protocol and deadlines. */
export function plainMessage(message: Message): PlainMessage {
  const wire = messageWire(message);
  return {
    id: message.id,
    message_type: plainType(message),
    sender: message.sender,
    receiver: wire.receiver,
    conversation_id: message.conversationId,
    reply_to: message.inReplyTo,
    content: wire.content,
    trace_id: wire.trace_id,
    span_id: wire.span_id,
    timestamp: wire.timestamp,
  };
}
