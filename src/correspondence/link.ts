import { composeMessage, composeReply, type Message, type ReplyDraft } from "../messages/index.ts";
import { findProtocol } from "../protocols/index.ts";
import type { RunMessage } from "../runs/index.ts";

type Performative = Message["performative"];

/** What a run keeps of the message that started it; `follow` is of the messages that it sends. */
export const linkOf = (message: Message, follow: Pick<Message, "hops" | "trail">): RunMessage => {
  const { traceId, spanId, flags, state } = message.trace;
  return {
    id: message.id,
    performative: message.performative,
    sender: message.sender,
    conversationId: message.conversationId,
    replyTo: message.replyTo ?? null,
    replyWith: message.replyWith ?? null,
    protocol: message.protocol ?? null,
    language: message.language ?? null,
    ontology: message.ontology ?? null,
    priority: message.priority,
    durability: message.durability,
    replyByMs: message.replyByMs ?? null,
    trace: { traceId, spanId, flags, ...(state !== undefined && { state }) },
    hops: follow.hops,
    trail: [...follow.trail],
  };
};

/** What messages of a run carry on from the one that started it. */
export const carriedOn = ({ trace: { traceId, spanId, flags, state }, hops, trail }: RunMessage) => ({
  trace: { traceId, spanId, flags, state },
  hops,
  trail,
});

/** A message of a run to whoever started it. */
export function replyTo(link: RunMessage, workspace: string, draft: ReplyDraft): Message {
  const carried = carriedOn(link);
  const asked = composeMessage({
    ...carried,
    workspace,
    id: link.id,
    performative: link.performative,
    sender: link.sender,
    address: { type: "receivers", names: [draft.sender] },
    content: { type: "text", text: "" },
    atMs: draft.atMs,
    conversationId: link.conversationId,
    replyTo: link.replyTo ?? undefined,
    replyWith: link.replyWith ?? undefined,
    protocol: link.protocol ?? undefined,
    language: link.language ?? undefined,
    ontology: link.ontology ?? undefined,
    priority: link.priority,
    durability: link.durability,
  });
  return composeReply(asked, { ...carried, ...draft });
}

/** What is usual without a protocol, by what was asked. */
const USUAL: { readonly [Act in Performative]?: readonly Performative[] } = {
  request: ["agree", "refuse", "inform", "failure"],
  "request-when": ["agree", "refuse", "inform", "failure"],
  "request-whenever": ["agree", "refuse", "inform", "failure"],
  "query-if": ["agree", "refuse", "inform", "failure"],
  "query-ref": ["agree", "refuse", "inform", "failure"],
  cfp: ["propose", "refuse"],
  propose: ["accept-proposal", "reject-proposal", "propose"],
  "accept-proposal": ["inform", "failure"],
  subscribe: ["agree", "refuse", "inform", "failure"],
  proxy: ["agree", "refuse", "inform", "failure"],
  propagate: ["agree", "refuse", "inform", "failure"],
};

/** Acts that a run may answer its message with, as the protocol's table has it; none when nobody waits for an answer. */
export function answersTo({
  performative,
  protocol,
}: Pick<RunMessage, "performative" | "protocol">): readonly Performative[] {
  const named = protocol === null ? undefined : findProtocol(protocol);
  if (named?.type !== "known") return USUAL[performative] ?? [];
  const acts = named.protocol.steps
    .filter(({ act }) => act === performative)
    .flatMap(({ by, to }) => named.protocol.acts(to, by === "initiator" ? "participant" : "initiator"));
  return [...new Set(acts)];
}
