import { type Json, type JsonObject, parseJson, REQUEST_VALUES_MAX } from "../../kernel/json.ts";
import {
  type AclMessage,
  aclTime,
  type AgentIdentifier,
  type Content,
  contentWire,
  type Message,
  parseAclTime,
  SYSTEM_SENDER,
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
    const isForeign = name.includes("@");
    const full = isForeign ? name : `${name === SYSTEM_SENDER ? "ams" : name}@${this.platform}`;
    return { name: full, addresses: isForeign ? [] : [this.address], resolvers: [], parameters: {} };
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
  const parameters = Object.keys(acl.parameters).length === 0 ? null : acl.parameters;
  return {
    performative: acl.performative,
    sender: lost?.agent ?? acl.sender?.name ?? null,
    error: lost === undefined ? null : { code: "AGENT_NOT_FOUND", message: lost.reason },
    receiver: receivers,
    reply_to:
      replyTo === undefined || replyTo.name === acl.sender?.name ? null : (names.local(replyTo.name) ?? replyTo.name),
    content: contentIn(acl),
    language: acl.language ?? null,
    encoding: acl.encoding ?? null,
    ontology: acl.ontology ?? null,
    protocol: acl.protocol ?? null,
    conversation_id: acl.conversationId ?? null,
    reply_with: acl.replyWith ?? null,
    in_reply_to: acl.inReplyTo ?? null,
    reply_by: replyByMs === undefined ? null : new Date(replyByMs).toISOString(),
    parameters,
  };
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
    parameters: parametersOut(message.parameters),
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

const PARAMETER = /^x-[a-z0-9_.-]{1,100}$/i;

/** Of names that differ in their case alone the last counts: ACL text has each parameter once, whatever its case. */
function parametersOut(parameters: JsonObject | undefined): Readonly<Record<string, string>> {
  const found = new Map<string, readonly [string, string]>();
  for (const [key, value] of Object.entries(parameters ?? {})) {
    const name = PARAMETER.test(key) ? key : `x-${key.replaceAll(/[^a-z0-9_.-]/gi, "-")}`;
    found.set(name.toLowerCase(), [name, typeof value === "string" ? value : JSON.stringify(value)]);
  }
  return Object.fromEntries(found.values());
}
