import { isJsonObject, type Json, type JsonObject, parseJson, REQUEST_VALUES_MAX } from "../../kernel/json.ts";
import {
  type AclMessage,
  aclParameters,
  aclTime,
  type AgentIdentifier,
  agentIdentifier,
  carriedSignature,
  type Content,
  contentWire,
  type Message,
  nameOutside,
  parseAclTime,
  withoutSignedText,
} from "../../messaging/acl/index.ts";
import { FipaContentError } from "./errors.ts";
import { headOf, readSl, type Sl, slotOf, textOf } from "./sl.ts";

/** Names on this platform and on others: inside an agent is `writer`, outside `writer@caxton`. */
export class Names {
  readonly platform: string;
  readonly address: string;

  constructor(platform: string, address: string) {
    this.platform = platform;
    this.address = address;
  }

  /** The name inside of the server, undefined for an agent of another platform. */
  local(name: string): string | undefined {
    const at = name.lastIndexOf("@");
    if (at === -1) return name;
    return name.slice(at + 1).toLowerCase() === this.platform.toLowerCase() ? name.slice(0, at) : undefined;
  }

  /** How others call one of ours; the server itself is the platform's management. */
  outside(name: string): AgentIdentifier {
    return agentIdentifier(nameOutside(name, this.platform), name.includes("@") ? [] : [this.address]);
  }
}

/** What a platform's management says of a message that it could not bring to an agent of its own. */
export type Undelivered = { readonly agent: string; readonly reason: string };

const platformOf = (name: string): string => name.slice(name.lastIndexOf("@") + 1).toLowerCase();

/**
 * Whom a `failure` of another platform's `ams` is about. In our conversations it speaks for that agent, as it is no party to
 * them itself; only for agents of its own platform.
 */
export function undelivered({ performative, sender, content = "" }: AclMessage): Undelivered | undefined {
  if (performative !== "failure" || sender === undefined || !/^ams@/i.test(sender.name)) return undefined;
  const parts = expressionOf(content);
  const fault = Array.isArray(parts) ? parts.find((part) => headOf(part) === "mts-error") : undefined;
  if (!Array.isArray(fault)) return undefined;
  const agent = textOf(slotOf(fault[1], ":name")) ?? "";
  const reason = Array.isArray(fault[2]) ? textOf(fault[2][1]) : textOf(fault[2]);
  return platformOf(agent) === platformOf(sender.name)
    ? { agent, reason: reason ?? "it could not be delivered" }
    : undefined;
}

function expressionOf(content: string): Sl | undefined {
  try {
    return readSl(content);
  } catch (error) {
    if (error instanceof FipaContentError) return undefined;
    throw error;
  }
}

const isJsonLanguage = (language: string | undefined): boolean => language?.toLowerCase() === "json";

/** A message from outside as it would come over the wire, for these receivers. Throws FipaContentError. */
export function wireOf(
  acl: AclMessage,
  names: Names,
  { receivers, nowMs }: { readonly receivers: readonly string[]; readonly nowMs: number },
): JsonObject {
  const replyByMs = acl.replyBy === undefined ? undefined : parseAclTime(acl.replyBy, nowMs);
  if (acl.replyBy !== undefined && replyByMs === undefined)
    throw new FipaContentError(`:reply-by ${acl.replyBy.slice(0, 40)} is no time`);
  const [replyTo] = acl.replyTo;
  const lost = undelivered(acl);
  const signed = lost === undefined ? carriedSignature(acl.parameters, receivers) : undefined;
  const content = signed?.stated["content"];
  const answered =
    replyTo === undefined || replyTo.name === acl.sender?.name ? null : (names.local(replyTo.name) ?? replyTo.name);
  const isOurs = signed === undefined || isAddressed(signed.stated, { names, receivers, answered });
  const parameters = isOurs ? acl.parameters : withoutSignedText(acl.parameters);
  return {
    ...signed?.wire,
    performative: acl.performative,
    sender: lost?.agent ?? acl.sender?.name ?? null,
    ...(lost !== undefined && { error: { code: "AGENT_NOT_FOUND", message: lost.reason } }),
    receiver: receivers,
    reply_to: answered,
    content: isJsonObject(content) && content["type"] === "text" ? (acl.content ?? null) : contentIn(acl),
    language: acl.language ?? null,
    encoding: acl.encoding ?? null,
    ontology: acl.ontology ?? null,
    protocol: acl.protocol ?? null,
    conversation_id: acl.conversationId ?? null,
    reply_with: acl.replyWith ?? null,
    in_reply_to: acl.inReplyTo ?? null,
    reply_by: replyByMs === undefined ? null : new Date(replyByMs).toISOString(),
    parameters: Object.keys(parameters).length === 0 ? null : parameters,
  };
}

type Addressees = {
  readonly names: Names;
  readonly receivers: readonly string[];
  readonly answered: string | null;
};

/** Whether the names that were signed are those of this platform that the message came for. */
function isAddressed({ receiver, reply_to: replyTo }: JsonObject, { names, receivers, answered }: Addressees): boolean {
  const isOurs = (name: string, stated: Json | undefined): boolean =>
    typeof stated === "string" && names.local(stated)?.toLowerCase() === name.toLowerCase() && stated.includes("@");
  const isTo = (name: string): boolean => [receiver].flat().some((each) => isOurs(name, each));
  const isAnswered = answered === null || answered.includes("@") || isOurs(answered, replyTo);
  return isAnswered && (receiver === undefined || receivers.every(isTo));
}

/** No content is null; JSON that says so is a value, and all else the text it is. */
function contentIn({ content, language }: AclMessage): Json {
  if (content === undefined) return null;
  if (!isJsonLanguage(language)) return content;
  const parsed = parseJson(content, REQUEST_VALUES_MAX);
  return parsed.type === "parsed" ? parsed.value : content;
}

/** A message of ours as it goes to another platform. */
export function aclOf(message: Message, names: Names): AclMessage {
  const { content, address } = message;
  return {
    performative: message.performative,
    sender: names.outside(message.sender),
    receiver: address.type === "receivers" ? address.names.map((name) => names.outside(name)) : [],
    replyTo: message.replyTo === undefined ? [] : [names.outside(message.replyTo)],
    content: contentOut(content),
    language: message.language ?? (content.type === "text" ? undefined : "JSON"),
    encoding: message.encoding,
    ontology: message.ontology,
    protocol: message.protocol,
    conversationId: message.conversationId,
    replyWith: message.replyWith ?? message.id,
    inReplyTo: message.inReplyTo,
    replyBy: message.replyByMs === undefined ? undefined : aclTime(message.replyByMs),
    parameters: aclParameters(message.parameters),
  };
}

/** Some platforms know ASCII alone, so JSON is escaped down to it; text stays as it is, in UTF-8. */
function contentOut(content: Content): string | undefined {
  const value = contentWire(content);
  if (content.type === "text" || value === null) return content.type === "text" ? content.text : undefined;
  return JSON.stringify(value)
    .replaceAll(/[\u{80}-\u{ffff}]/gu, ascii)
    .replaceAll(/[\u{10000}-\u{10ffff}]/gu, (pair) => ascii(pair.charAt(0)) + ascii(pair.charAt(1)));
}
const ascii = (unit: string): string => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
