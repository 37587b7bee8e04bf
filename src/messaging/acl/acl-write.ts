import { type AclMessage, type AgentIdentifier } from "./acl-message.ts";

/**
 * The message's text in the string representation of FIPA ACL (SC00070), one parameter a line. `readAcl` of it gives the
 * message back.
 */
export function writeAcl(message: AclMessage): string {
  const { sender, receiver, replyTo, parameters } = message;
  const lines = [
    sender === undefined ? "" : `:sender ${agent(sender)}`,
    receiver.length === 0 ? "" : `:receiver (set ${receiver.map(agent).join(" ")})`,
    replyTo.length === 0 ? "" : `:reply-to (set ${replyTo.map(agent).join(" ")})`,
    message.content === undefined ? "" : `:content ${quoted(message.content)}`,
    parameter("language", message.language),
    parameter("encoding", message.encoding),
    parameter("ontology", message.ontology),
    parameter("protocol", message.protocol),
    parameter("conversation-id", message.conversationId),
    parameter("reply-with", message.replyWith),
    parameter("in-reply-to", message.inReplyTo),
    parameter("reply-by", message.replyBy),
    ...userDefined(parameters),
  ];
  return `(${message.performative.toUpperCase()}\n${lines.filter((line) => line !== "").join("\n")}\n)`;
}

const parameter = (name: string, value: string | undefined): string =>
  value === undefined ? "" : `:${name} ${word(value)}`;

const userDefined = (parameters: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(parameters).map(([name, value]) => `:${name} ${quoted(value)}`);

function agent({ name, addresses, resolvers, parameters }: AgentIdentifier): string {
  const parts = [
    `:name ${word(name)}`,
    addresses.length === 0 ? "" : `:addresses (sequence ${addresses.map(word).join(" ")})`,
    resolvers.length === 0 ? "" : `:resolvers (sequence ${resolvers.map(agent).join(" ")})`,
    ...userDefined(parameters),
  ];
  return `(agent-identifier ${parts.filter((part) => part !== "").join(" ")})`;
}

/** What every platform reads as one word: it begins with a letter, but for times. */
const PLAIN_WORD = /^(?:[A-Za-z_][A-Za-z0-9_.@:/?&=%+~-]*|[+-]?\d{8}T\d{9}[A-Za-z]?)$/;

const word = (value: string): string => (PLAIN_WORD.test(value) ? value : quoted(value));

/** In quotes, or with its length where a quote cannot end it: a backslash before the closing quote would escape it. */
const quoted = (value: string): string =>
  value.endsWith("\\") ? `#${Buffer.byteLength(value)}"${value}` : `"${value.replaceAll('"', '\\"')}"`;
