import {
  causeOf,
  composeMessage,
  composeReply,
  type Message,
  type MessageCause,
  type ReplyDraft,
} from "../../messaging/acl/index.ts";
import { findProtocol } from "../../messaging/protocols/index.ts";
import { RunId } from "../../kernel/ids.ts";
import type { RunJournal, RunMessage } from "../record/index.ts";

type Performative = Message["performative"];

/** The trigger that a run stores: fields of its first message, with `hops` and `trail` for the messages that it sends. */
export const triggerOf = (message: Message, follow: Pick<Message, "hops" | "trail">): RunMessage => {
  return {
    ...causeOf(message, follow),
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
  };
};

/** Context that messages of a run inherit from its trigger. */
export const propagatedContext = ({ trace: { traceId, spanId, flags, state }, hops, trail }: MessageCause) => ({
  trace: { traceId, spanId, flags, state },
  hops,
  trail,
});

/**
 * Returns the context that messages of a session inherit from the message that started its run; undefined for any other
 * session.
 */
export function originOf(journal: Pick<RunJournal, "summary">, session: string) {
  const run = RunId.safeParse(session);
  const summary = run.success ? journal.summary(run.data) : undefined;
  const cause = summary?.message ?? summary?.cause ?? undefined;
  return cause && { ...propagatedContext(cause), parentConversation: summary?.message?.conversationId };
}

/** A message of a run to the agent that started it. */
export function replyTo(link: RunMessage, workspace: string, draft: ReplyDraft): Message {
  const carried = propagatedContext(link);
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

/** Usual replies without a protocol, by performative of the request. */
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

type Asked = Pick<RunMessage, "performative" | "protocol">;

/** Acts that may come first in answer to a message, as the protocol's table has it, and those that may follow an agreement. */
function actsAfter({ performative, protocol }: Asked): {
  readonly first: readonly Performative[];
  readonly agreed: readonly Performative[];
} {
  const named = protocol === null ? undefined : findProtocol(protocol);
  if (named?.type !== "known") return { first: USUAL[performative] ?? [], agreed: [] };
  const asked = named.protocol.steps.filter(({ act, by }) => act === performative && by !== "rival");
  const first = asked.flatMap(({ by, to }) => named.protocol.acts(to, answererOf(by)));
  const agreed = asked.flatMap(({ by, to }) => {
    const agree = named.protocol.step(to, answererOf(by), "agree");
    return agree === undefined ? [] : named.protocol.acts(agree.to, answererOf(by));
  });
  return { first, agreed };
}

const answererOf = (requester: string) => (requester === "initiator" ? "participant" : "initiator");

/** Performatives with which a run may answer its message; empty if no reply is expected. */
export function answersTo(asked: Asked): readonly Performative[] {
  const { first, agreed } = actsAfter(asked);
  return [...new Set([...first, ...agreed])];
}

/** Whether an agreement may come before the result and need not; without a protocol none is expected. */
export function mayAgreeLate(asked: Asked): boolean {
  const { first, agreed } = actsAfter(asked);
  const standsForItself = asked.performative === "subscribe" || asked.performative === "request-whenever";
  return asked.protocol !== null && !standsForItself && first.includes("agree") && agreed.includes("inform");
}

/** Whether the protocol wants an agreement before it takes the result. */
export function mustAgreeFirst(asked: Asked): boolean {
  const { first, agreed } = actsAfter(asked);
  return agreed.includes("inform") && !first.includes("inform");
}
