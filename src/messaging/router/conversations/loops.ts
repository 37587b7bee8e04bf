import { createHash } from "node:crypto";
import { canonicalJson } from "../../../kernel/json.ts";
import { exceedsInlineLimit, keptHash, type Message, type MessageError, type TrailEntry } from "../../acl/index.ts";
import { type Conversation } from "../../protocols/index.ts";
import { type Turn } from "./cached-conversation.ts";
import { type Delivered, failure } from "../ports/index.ts";

/** The same act with the same words from the same sender to the same receiver, so many times in what led here. */
const SAME_MAX = 3;

/** What distinguishes two messages of one sender to one receiver: performative and content. */
export function digestOf({ performative, content }: Pick<Message, "performative" | "content">): string {
  // Offloaded content is equal to the content itself.
  const isAside = content.type === "artifact" || exceedsInlineLimit(content);
  const said = isAside
    ? canonicalJson(keptHash(content))
    : content.type === "text"
      ? content.text
      : canonicalJson(content.value);
  return createHash("sha256")
    .update(`${performative}\n${isAside ? "artifact" : content.type}\n${said}`)
    .digest("base64url")
    .slice(0, 16);
}

/** `hops` and `trail` of a message that is sent because of the one delivered. */
export function followUp(
  { message, recipient }: Pick<Delivered, "message" | "recipient">,
  hopsMax: number,
): Pick<Message, "hops" | "trail"> {
  const entry: TrailEntry = { sender: message.sender, receiver: recipient, digest: digestOf(message) };
  return { hops: message.hops + 1, trail: [...message.trail, entry].slice(-hopsMax) };
}

/**
 * Why a message must go no further, if it must not: it is one too many in a chain, or the chain goes in a circle.
 * router.loops.L1. A message that more than `hopsMax` messages led to is refused.
 * router.loops.L2. The third message of the same sender, receiver, act and content in one chain is refused, and the
 *   circle named.
 */
export function loopOf(message: Message, receivers: readonly string[], hopsMax: number): MessageError | undefined {
  if (message.hops > hopsMax) {
    return failure("HOP_LIMIT", `${message.hops} messages led to this one; at most ${hopsMax} may`, {
      hint: "Agents that answer each other must come to an end; messages.hops_max is the limit.",
      details: { hops: message.hops, max: hopsMax, trail: names(message.trail) },
    });
  }
  if (message.trail.length < SAME_MAX - 1) return undefined;
  const digest = digestOf(message);
  for (const receiver of receivers) {
    const isSame = (entry: TrailEntry) =>
      entry.sender === message.sender && entry.receiver === receiver && entry.digest === digest;
    if (message.trail.filter(isSame).length < SAME_MAX - 1) continue;
    const circle = message.trail.slice(message.trail.findLastIndex(isSame));
    return failure(
      "MESSAGE_CYCLE",
      `the same message goes round for the third time: ${path(circle, message, receiver)}`,
      {
        hint: "Let one of these agents end the exchange instead of answering with the same words.",
        details: { circle: [...names(circle), message.sender, receiver] },
      },
    );
  }
  return undefined;
}

const names = (trail: readonly TrailEntry[]): string[] => trail.map(({ sender }) => sender);

const path = (circle: readonly TrailEntry[], message: Message, receiver: string): string =>
  [...names(circle), message.sender, receiver].join(" → ");

/** The last turns of a conversation, by which talk that goes in a circle is seen. */
export const TURNS = 5;

/** Only answers are looked at: who speaks again without having been answered does not go round in a circle. */
export function turnsAfter(turns: readonly Turn[], { protocol }: Conversation, message: Message): readonly Turn[] {
  const last = turns[turns.length - 1];
  if (protocol !== undefined || message.inReplyTo === undefined || last?.sender === message.sender) return turns;
  return [...turns.slice(1 - TURNS), { sender: message.sender, digest: digestOf(message) }];
}

/** One says the same for the third time, and the other answered both times with the same words. */
export const isCircle = ([first, second, third, fourth, fifth]: readonly Turn[]): boolean =>
  isSameTurn(first, third) && isSameTurn(third, fifth) && isSameTurn(second, fourth);

const isSameTurn = (one: Turn | undefined, other: Turn | undefined): boolean =>
  one?.sender === other?.sender && one?.digest === other?.digest;

export const pingPong = ({ sender, conversationId }: Message, recipients: readonly string[]): MessageError =>
  failure("MESSAGE_CYCLE", `${sender} and ${recipients.join(", ")} answer each other with the same words`, {
    hint: "Let one of them end the exchange instead of answering with the same words.",
    details: { circle: [sender, ...recipients, sender], conversation: conversationId },
  });
