import { createHash } from "node:crypto";
import { uuidFrom } from "../../kernel/ids.ts";
import {
  canonicalJson,
  isJsonObject,
  type Json,
  type JsonObject,
  parseJson,
  REQUEST_VALUES_MAX,
} from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { type Message, SYSTEM_SENDER } from "./message.ts";
import { contentDigest, FORMAT, signedText } from "./signed-text.ts";
import { messageWire } from "./write-message.ts";

/** The parameters that carry a signature to another platform. The signed text is base64url, because some platforms know ASCII alone. */
const NAMES = { signature: "X-signature", key_id: "X-key-id", text: "X-signed-text" } as const;
const OWN: ReadonlySet<string> = new Set(Object.values(NAMES).map((name) => name.toLowerCase()));
const PARAMETER = /^x-[a-z0-9_.-]{1,100}$/i;
/** What a message has on both platforms alike. */
const EQUAL_KEYS = [
  "performative",
  "encoding",
  "ontology",
  "protocol",
  "in_reply_to",
  "reply_by",
  "expires_at",
  "priority",
  "error",
] as const;

/** Parameters as FIPA's user-defined ones. Of names that differ in their case alone the last counts: ACL text has each once, whatever its case. */
export function aclParameters(parameters: JsonObject | undefined): Readonly<Record<string, string>> {
  const found = new Map<string, readonly [string, string]>();
  for (const [key, value] of Object.entries(parameters ?? {})) {
    const name = PARAMETER.test(key) ? key : `x-${key.replaceAll(/[^a-z0-9_.-]/gi, "-")}`;
    found.set(name.toLowerCase(), [name, typeof value === "string" ? value : JSON.stringify(value)]);
  }
  return Object.fromEntries(found.values());
}

/** The parameters that carry the signature of a message to another platform, where it has other names. */
export function signatureParameters(message: Message): Readonly<Record<string, string>> {
  const { signature } = message;
  if (signature === undefined) return {};
  const text = Buffer.from(signedText(message)).toString("base64url");
  return { [NAMES.signature]: signature.value, [NAMES.key_id]: signature.keyId, [NAMES.text]: text };
}

/** A signature from another platform: the wire keys that it adds to its message, and what was signed. */
export type CarriedSignature = { readonly wire: JsonObject; readonly stated: JsonObject };

/**
 * Returns the signature that parameters carry for this receiver; undefined if they carry none. Verifies nothing. Platforms
 * send a signed message to each receiver alone: one for several is not valid, or it could be repeated for each group of them.
 */
export function carriedSignature(
  parameters: JsonObject,
  [receiver = "", ...others]: readonly string[],
): CarriedSignature | undefined {
  if (others.length > 0) return undefined;
  const [signature, keyId] = [valueOf(parameters, NAMES.signature), valueOf(parameters, NAMES.key_id)];
  const stated = statedIn(textIn(parameters));
  if (signature === undefined || keyId === undefined || stated === undefined) return undefined;
  const { priority = null, expires_at = null, error = null } = stated;
  const wire = { id: idHere(stated, receiver), priority, expires_at, error, signature, key_id: keyId };
  return { wire, stated };
}

/** Removes the signed text, so that the signature is not valid: names of the message are not those of the text on this platform. */
export const withoutSignedText = (parameters: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(parameters).filter(([key]) => key.toLowerCase() !== NAMES.text.toLowerCase()));

/** Whether the message came with a signature that was made on another platform. */
export const isSignedElsewhere = ({ sender, parameters }: Message): boolean =>
  sender.includes("@") && textIn(parameters) !== undefined;

/**
 * The text that the signature of a message covers: that which came with it from another platform, if the message is
 * what the text states, with the names that it has here; else its own.
 */
export function coveredText(message: Message): string {
  const text = isSignedElsewhere(message) ? textIn(message.parameters) : undefined;
  const stated = statedIn(text);
  return text !== undefined && stated !== undefined && isStated(message, stated) ? text : signedText(message);
}

const valueOf = (parameters: JsonObject | undefined, name: string): string | undefined => {
  const [, value] = Object.entries(parameters ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase()) ?? [];
  return typeof value === "string" ? value : undefined;
};

const textIn = (parameters: JsonObject | undefined): string | undefined => {
  const encoded = valueOf(parameters, NAMES.text);
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64url").toString("utf8");
};

function statedIn(text: string | undefined): JsonObject | undefined {
  if (text?.startsWith(`${FORMAT}\n`) !== true) return undefined;
  const parsed = parseJson(text.slice(FORMAT.length + 1), REQUEST_VALUES_MAX);
  const stated = parsed.type === "parsed" && isJsonObject(parsed.value) ? parsed.value : undefined;
  const receiver = stated?.["receiver"];
  return Array.isArray(receiver) && receiver.length > LIMITS.messageReceiversMax ? undefined : stated;
}

/** A message to several comes once for each of them, so that its id is not enough to recognize a second delivery. */
function idHere({ id = null, receiver }: JsonObject, name: string): Json {
  if (typeof receiver === "string") return id;
  const parts = [canonicalJson(id), name.toLowerCase()];
  return uuidFrom(createHash("sha256").update(parts.join("\n")).digest("hex"), "8");
}

/** The name of an agent as agents of other platforms use it; the server itself is the platform's management. */
export const nameOutside = (name: string, platform: string): string =>
  name.includes("@") ? name : `${name === SYSTEM_SENDER ? "ams" : name}@${platform}`;

const isAlike = (one: Json | undefined, other: Json | undefined): boolean =>
  canonicalJson(one ?? null) === canonicalJson(other ?? null);

/** Whether a message from another platform is what its sender stated there. */
function isStated(message: Message, stated: JsonObject): boolean {
  const { sender, address, parameters, content, language } = message;
  const wire: JsonObject = JSON.parse(JSON.stringify(messageWire(message)));
  const platform = sender.slice(sender.lastIndexOf("@") + 1);
  const isName = (here: string, name: Json | undefined): boolean => {
    if (typeof name !== "string") return false;
    const outside = nameOutside(name, platform).toLowerCase();
    return outside === here.toLowerCase() || (!here.includes("@") && localPart(name) === here.toLowerCase());
  };
  const { receiver, reply_to: replyTo } = stated;
  const receivers = receiver === undefined ? undefined : [receiver].flat();
  const [name = "", ...others] = address.type === "receivers" ? address.names : [];
  const isToSender = replyTo === undefined || isName(sender, replyTo);
  const { type = null } = isJsonObject(stated["content"]) ? stated["content"] : {};
  const conversationId = withoutAgent(stated["conversation_id"], (agent) => localPart(agent) === name.toLowerCase());
  const ofSender = withoutAgent(message.conversationId, (agent) => agent.toLowerCase() === sender.toLowerCase());
  return (
    others.length === 0 &&
    isName(sender, stated["sender"]) &&
    (receivers?.some((each) => isName(name, each)) ?? true) &&
    (message.replyTo === undefined ? isToSender : isName(message.replyTo, replyTo)) &&
    message.id === idHere(stated, name) &&
    message.replyWith === (stated["reply_with"] ?? stated["id"]) &&
    [message.conversationId, ofSender].includes(conversationId) &&
    language === (stated["language"] ?? (type === "text" ? undefined : "JSON")) &&
    isAlike(contentDigest(content), stated["content"]) &&
    isAlike(otherParameters(parameters), otherParameters(parametersOf(stated))) &&
    EQUAL_KEYS.every((key) => isAlike(wire[key], stated[key]))
  );
}

const localPart = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf("@"))).toLowerCase();

const parametersOf = ({ parameters }: JsonObject): JsonObject | undefined =>
  isJsonObject(parameters) ? parameters : undefined;

const otherParameters = (parameters: JsonObject | undefined): JsonObject =>
  Object.fromEntries(Object.entries(aclParameters(parameters)).filter(([name]) => !OWN.has(name.toLowerCase())));

/** The id of a conversation without its agent at the end: each platform distinguishes conversations of one id so. */
function withoutAgent(id: Json | undefined, isOf: (agent: string) => boolean): string {
  if (typeof id !== "string") return "";
  const start = id.lastIndexOf(" (");
  return start !== -1 && id.endsWith(")") && isOf(id.slice(start + 2, -1)) ? id.slice(0, start) : id;
}
