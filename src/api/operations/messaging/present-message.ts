import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import { type Message, messageWire, restoreMessage, traceOf } from "../../../messaging/acl/index.ts";
import type { DeadLetter, DeliveryView, MessageView } from "../../../messaging/router/index.ts";
import type * as contract from "../../contract/index.ts";
import { handles } from "../handles.ts";
import { instant, instantOrNull } from "../instant.ts";

/** JSON without the keys that are undefined, as it is on the wire. */
export const wireObject = (message: Message): JsonObject => {
  const wire: Json = JSON.parse(JSON.stringify(messageWire(message)));
  return isJsonObject(wire) ? wire : {};
};

/** A message as the contract shows it. */
export function presentMessage(
  {
    seq,
    message,
    recipients,
  }: { readonly seq: number; readonly message: Message; readonly recipients: readonly string[] },
  deliveries: readonly contract.MessageDelivery[] = [],
): contract.MessageRecord {
  const { address, error } = message;
  const wire = wireObject(message);
  return {
    id: message.id,
    position: handles.messagePosition.encode(seq),
    at: instant(message.atMs),
    performative: message.performative,
    sender: message.sender,
    receiver: address.type === "receivers" ? [...address.names] : null,
    capability: address.type === "capability" ? address.capability : null,
    nearest: (address.type === "capability" ? address.nearest : undefined) ?? null,
    topic: address.type === "topic" ? address.topic : null,
    broadcast: address.type === "broadcast",
    conversation_id: message.conversationId,
    protocol: message.protocol ?? null,
    reply_with: message.replyWith ?? null,
    in_reply_to: message.inReplyTo ?? null,
    reply_by: instantOrNull(message.replyByMs),
    priority: message.priority,
    content: wire["content"] ?? null,
    error: error === undefined ? null : { ...error },
    hops: message.hops,
    trace_id: traceOf(message).traceId,
    recipients: [...recipients],
    deliveries: [...deliveries],
    message: wire,
  };
}

/** A stored message with its deliveries. */
export const presentView = ({ seq, message, deliveries }: MessageView): contract.MessageRecord =>
  presentMessage(
    { seq, message, recipients: deliveries.map(({ recipient }) => recipient) },
    deliveries.map(presentDelivery),
  );

function presentDelivery(delivery: DeliveryView): contract.MessageDelivery {
  const { recipient, state } = delivery;
  const none = { recipient, state, attempts: 0, at: null, reason: null };
  switch (delivery.state) {
    case "queued":
    case "blocked":
    case "over":
      return none;
    case "leased":
      return { ...none, attempts: delivery.attempt, at: instant(delivery.untilMs) };
    case "retrying":
      return { ...none, attempts: delivery.attempts, at: instant(delivery.nextAtMs), reason: delivery.reason };
    case "done":
    case "dead":
    case "expired":
    case "dropped":
      return { ...none, attempts: delivery.attempt, at: instant(delivery.atMs) };
  }
}

export const deadLetterId = ({ seq, party }: Pick<DeadLetter, "seq" | "party">): string =>
  handles.deadLetter.encode(seq, party);

export function presentDeadLetter(letter: DeadLetter): contract.DeadLetter {
  const message = restoreMessage(JSON.parse(letter.body));
  return {
    id: deadLetterId(letter),
    message_id: letter.id,
    conversation_id: letter.conversation,
    sender: letter.sender,
    recipient: letter.recipient,
    performative: message.performative,
    code: letter.code,
    reason: letter.reason,
    attempts: letter.attempts,
    history: letter.history.map(({ attempt, atMs, reason }) => ({ attempt, at: instant(atMs), reason })),
    at: instant(letter.atMs),
    message: wireObject(message),
  };
}
