import { randomUUIDv7 } from "node:crypto";
import { MessageId } from "../../kernel/ids.ts";
import { isMessageId } from "./wire/wire-fields.ts";
import { type Address, type Content, type Message, type MessageTrace, type Performative } from "./message.ts";

/** What must be said of a message that the server or an agent's run makes; the rest has defaults. */
export type MessageDraft = {
  readonly workspace: string;
  readonly performative: Performative;
  readonly sender: string;
  readonly address: Address;
  readonly content: Content;
  /** When it is made. */
  readonly atMs: number;
} & { readonly [Key in keyof Message]?: Message[Key] | undefined };

/** A whole message from its draft: ids minted, normal priority, full durability, no hops. Checks nothing. */
export function composeMessage(draft: MessageDraft): Message {
  const id = draft.id ?? mintMessageId();
  return {
    id,
    workspace: draft.workspace,
    performative: draft.performative,
    sender: draft.sender,
    address: draft.address,
    replyTo: draft.replyTo,
    content: draft.content,
    language: draft.language,
    encoding: draft.encoding,
    ontology: draft.ontology,
    protocol: draft.protocol,
    conversationId: draft.conversationId ?? id,
    replyWith: draft.replyWith,
    inReplyTo: draft.inReplyTo,
    replyByMs: draft.replyByMs,
    priority: draft.priority ?? "normal",
    expiresAtMs: draft.expiresAtMs,
    durability: draft.durability ?? "full",
    hops: draft.hops ?? 0,
    trail: draft.trail ?? [],
    trace: draft.trace,
    atMs: draft.atMs,
    parentConversation: draft.parentConversation,
    mergeConversations: draft.mergeConversations ?? [],
    error: draft.error,
    parameters: draft.parameters,
    onBehalfOf: draft.onBehalfOf,
    signature: draft.signature,
  };
}

/** `mint(MessageId)` at a tenth of the cost. */
export function mintMessageId(): MessageId {
  const id: string = randomUUIDv7();
  return isMessageId(id) ? id : MessageId.parse(id);
}

/** A message's trace; of one that came without, its id's digits, so that no chance is needed and logs agree. */
export function traceOf({ id, trace }: Pick<Message, "id" | "trace">): MessageTrace {
  if (trace !== undefined) return trace;
  const traceId = id.replaceAll("-", "");
  return { traceId, spanId: traceId.slice(16), flags: 1, state: undefined };
}

/** What a reply is made of besides its words. */
export type ReplyDraft = {
  readonly performative: Performative;
  readonly sender: string;
  readonly content: Content;
  readonly atMs: number;
} & {
  readonly [Key in Exclude<keyof Message, "workspace" | "address" | "conversationId" | "inReplyTo">]?: Message[Key];
};

const TRACE_DIGITS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/u;

/** The id of the message that a trace began with, if it began with one: the other way round. */
export const idOfTrace = (traceId: string): string => traceId.replace(TRACE_DIGITS, "$1-$2-$3-$4-$5");

/**
 * An answer to `message`: same workspace, conversation, protocol, language, ontology, priority, trace and party that it
 * is on behalf of, to its `replyTo` or sender, with `inReplyTo` its `replyWith`, or its id when it asked for no other word. Hops and trail are
 * the caller's.
 */
export function composeReply(message: Message, draft: ReplyDraft): Message {
  const { workspace, conversationId, protocol, language, encoding, ontology, priority, durability, onBehalfOf } =
    message;
  const shared = { protocol, language, encoding, ontology, priority, durability, trace: traceOf(message), onBehalfOf };
  return composeMessage({
    ...shared,
    ...draft,
    workspace,
    conversationId,
    address: { type: "receivers", names: [message.replyTo ?? message.sender] },
    inReplyTo: message.replyWith ?? message.id,
  });
}
