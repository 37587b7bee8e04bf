import {
  type MessageDelivery,
  type MessageRecord,
  type VerifiedMessage,
  type NearestCapability,
  operations,
  requestPath,
} from "../../api/contract/index.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import { renderFields, safeText, type Style, type Tone } from "../terminal/index.ts";

const TONES: { readonly [performative: string]: Tone } = {
  failure: "red",
  "not-understood": "red",
  refuse: "yellow",
  "reject-proposal": "yellow",
  cancel: "yellow",
  agree: "green",
  confirm: "green",
  inform: "green",
  "accept-proposal": "green",
  cfp: "cyan",
  propose: "cyan",
  request: "cyan",
};

export const performativeTone = (performative: string): Tone | undefined => TONES[performative];

type Addressed = Pick<MessageRecord, "receiver" | "capability" | "nearest" | "topic" | "recipients">;

/** A capability that was near enough in meaning to the one asked for. */
export const nearestText = ({ capability, similarity }: NearestCapability): string =>
  `${capability} (similarity ${similarity.toFixed(2)})`;

/** Whether an answer went to whom a `reply_to` named instead of whom it was addressed to. */
const isElsewhere = (receiver: readonly string[], recipients: readonly string[]): boolean =>
  recipients.some((name) => receiver.every((other) => other.toLowerCase() !== name.toLowerCase()));

/** Whom it was for: names, or how they were found and who it was. */
export function addressLine({ receiver, capability, nearest, topic, recipients }: Addressed): string {
  if (receiver !== null)
    return isElsewhere(receiver, recipients)
      ? `${recipients.join(", ")} (reply_to of ${receiver.join(", ")})`
      : receiver.join(", ");
  const found = recipients.length === 0 ? "no recipient" : recipients.join(", ");
  const taken = nearest === null ? "" : `, taken as ${nearestText(nearest)}`;
  const how = capability === null ? (topic === null ? "all" : `topic ${topic}`) : `capability ${capability}${taken}`;
  return `${found} (${how})`;
}

/** Where content is that is too large to travel with its message; undefined when it travelled, or is kept elsewhere. */
export function contentPlace(content: Json): { readonly path: string; readonly said: string } | undefined {
  const reference = isJsonObject(content) ? content["$artifact"] : undefined;
  if (!isJsonObject(reference)) return undefined;
  const { id, media_type: mediaType, bytes } = reference;
  if (typeof id !== "string" || !id.startsWith("sha256-")) return undefined;
  if (typeof mediaType !== "string" || typeof bytes !== "number") return undefined;
  return { path: requestPath(operations.message.content, { id }), said: `${mediaType}, ${bytes} bytes` };
}

export const contentLine = ({ content, error }: Pick<MessageRecord, "content" | "error">): string =>
  error?.message ?? (typeof content === "string" ? content : JSON.stringify(content));

const deliveryLine = ({ recipient, state, attempts, at, reason }: MessageDelivery): string =>
  [
    `${recipient}: ${state}`,
    ...(attempts > 1 ? [`attempt ${attempts}`] : []),
    ...(at === null ? [] : [at]),
    ...(reason === null ? [] : [reason]),
  ].join(", ");

const signatureText = ({ signature }: VerifiedMessage): string =>
  signature === null ? "" : `${signature.valid ? "valid" : "INVALID"}, key ${signature.key_id}`;

/** A message as a person reads it. */
export function messageLines(message: VerifiedMessage, style: Style): string {
  const { content, error } = message;
  const place = contentPlace(content);
  const fields: [string, string][] = [
    ["id", message.id],
    ["act", style(performativeTone(message.performative) ?? "bold", message.performative)],
    ["from", message.sender],
    ["to", addressLine(message)],
    ["at", message.at],
    ["conversation", message.conversation_id],
    ["protocol", message.protocol ?? "none: free"],
    ["reply with", message.reply_with ?? ""],
    ["in reply to", message.in_reply_to ?? ""],
    ["reply by", message.reply_by ?? ""],
    ["priority", message.priority],
    ["hops", message.hops === 0 ? "" : String(message.hops)],
    ["trace", message.trace_id],
    ["signature", signatureText(message)],
    ...message.deliveries.map((delivery): [string, string] => ["delivery", deliveryLine(delivery)]),
    ["error", error === null ? "" : `${error.code}: ${error.message}`],
    ["hint", error?.hint ?? ""],
    ["content", place === undefined ? "" : `${place.said}, kept at ${place.path}; message get --content prints it`],
  ];
  const shown = fields
    .filter(([, value]) => value !== "")
    .map(([name, value]): [string, string] => [name, safeText(value)]);
  const text = typeof content === "string" ? content : JSON.stringify(content, undefined, 2);
  return `${renderFields(shown)}\n${safeText(text)}\n`;
}
