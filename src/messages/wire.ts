import { type MessageId } from "../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../kernel/json.ts";
import {
  type Durability,
  type MessageError,
  type Performative,
  type Priority,
  type RoutingStrategy,
  type TrailEntry,
} from "./message.ts";
import {
  isCapability,
  isContent,
  isConversations,
  isDurability,
  isFlags,
  isHops,
  isInstant,
  isMessageId,
  isName,
  isPerformative,
  isPriority,
  isReceiver,
  isSpanId,
  isStrategy,
  isTraceId,
  isTraceState,
  isTrail,
  isTtl,
  isVersions,
  isWireError,
  isWord,
  WORD_CHARS_MAX,
} from "./wire-fields.ts";

/** A message on the wire in canonical spelling. A key that is not there is undefined, never null. */
export type Wire = {
  readonly id?: MessageId | undefined;
  readonly workspace?: string | undefined;
  readonly performative: Performative;
  readonly sender: string;
  readonly receiver?: string | readonly string[] | undefined;
  readonly capability?: string | undefined;
  readonly topic?: string | undefined;
  readonly broadcast?: true | undefined;
  readonly version?: string | undefined;
  readonly fallback_versions?: readonly string[] | undefined;
  readonly routing_strategy?: RoutingStrategy | undefined;
  readonly reply_to?: string | undefined;
  readonly content: Json;
  readonly language?: string | undefined;
  readonly encoding?: string | undefined;
  readonly ontology?: string | undefined;
  readonly protocol?: string | undefined;
  readonly conversation_id?: string | undefined;
  readonly reply_with?: string | undefined;
  readonly in_reply_to?: string | undefined;
  readonly reply_by?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly ttl?: string | number | undefined;
  readonly expires_at?: string | undefined;
  readonly durability?: Durability | undefined;
  readonly hops?: number | undefined;
  readonly trail?: readonly TrailEntry[] | undefined;
  readonly trace_id?: string | undefined;
  readonly span_id?: string | undefined;
  readonly trace_flags?: number | undefined;
  readonly trace_state?: string | undefined;
  readonly timestamp?: string | undefined;
  readonly parent_conversation?: string | undefined;
  readonly merge_conversations?: readonly string[] | undefined;
  readonly error?: MessageError | undefined;
  readonly parameters?: JsonObject | undefined;
};

/** The same keys before anything is known of their values. */
export type Unchecked = { readonly [Key in keyof Wire]?: Json | undefined };

// What one key adds to the count of good keys: a wrong one outweighs all others.
const WRONG = -1_000;
const count = (isRight: boolean): number => (isRight ? 1 : WRONG);
const optional = (value: Json | undefined, is: (value: Json) => boolean): number =>
  value === undefined ? 0 : count(is(value));

/** `isWord`; in plain text only the length is left to look at. */
const goodWord = (value: Json | undefined, isPlain: boolean): number =>
  value === undefined ? 0 : count(isPlain ? hasWordLength(value) : isWord(value));
const goodName = (value: Json | undefined, isPlain: boolean): number =>
  value === undefined ? 0 : count(isPlain ? hasWordLength(value) && !value.includes(" ") : isName(value));
const hasWordLength = (value: Json): value is string =>
  typeof value === "string" && value !== "" && value.length <= WORD_CHARS_MAX;

const goodReceiver = (value: Json | undefined, isPlain: boolean): number =>
  typeof value === "string" ? goodName(value, isPlain) : optional(value, isReceiver);

const goodAddress = (wire: Unchecked, isPlain: boolean): number =>
  goodReceiver(wire.receiver, isPlain) +
  optional(wire.capability, isCapability) +
  goodWord(wire.topic, isPlain) +
  (wire.broadcast === undefined ? 0 : count(wire.broadcast === true));

const goodRouting = (wire: Unchecked): number =>
  optional(wire.version, isWord) +
  optional(wire.fallback_versions, isVersions) +
  optional(wire.routing_strategy, isStrategy);

const goodWords = (wire: Unchecked, isPlain: boolean): number =>
  goodName(wire.reply_to, isPlain) +
  goodWord(wire.language, isPlain) +
  goodWord(wire.encoding, isPlain) +
  goodWord(wire.ontology, isPlain) +
  goodWord(wire.protocol, isPlain) +
  goodWord(wire.conversation_id, isPlain) +
  goodWord(wire.reply_with, isPlain) +
  goodWord(wire.in_reply_to, isPlain) +
  goodWord(wire.parent_conversation, isPlain);

const goodDelivery = (wire: Unchecked, isPlain: boolean): number =>
  optional(wire.reply_by, isInstant) +
  (wire.priority === undefined ? 0 : count(isPriority(wire.priority))) +
  optional(wire.ttl, isTtl) +
  optional(wire.expires_at, isInstant) +
  (wire.durability === undefined ? 0 : count(isDurability(wire.durability))) +
  optional(wire.hops, isHops) +
  optional(wire.trail, isTrail) +
  optional(wire.timestamp, isInstant) +
  goodName(wire.workspace, isPlain);

const goodTrace = (wire: Unchecked): number =>
  (wire.trace_id === undefined ? 0 : count(isTraceId(wire.trace_id))) +
  (wire.span_id === undefined ? 0 : count(isSpanId(wire.span_id))) +
  optional(wire.trace_flags, isFlags) +
  optional(wire.trace_state, isTraceState);

const goodRest = (wire: Unchecked): number =>
  (wire.id === undefined ? 0 : count(isMessageId(wire.id))) +
  count(isPerformative(wire.performative)) +
  count(isContent(wire.content)) +
  optional(wire.merge_conversations, isConversations) +
  optional(wire.error, isWireError) +
  optional(wire.parameters, isJsonObject);

/**
 * Whether it can be taken as it stands: every key known and right, and no two at odds. `isPlain` says that it was parsed
 * from text of printable ASCII without a backslash, so that no string in it can hold anything else.
 */
export function isWire(value: Json, isPlain = false): value is Wire & JsonObject {
  if (!isJsonObject(value)) return false;
  const wire: Unchecked = value;
  const address = goodAddress(wire, isPlain);
  if (address !== 1 || wire.sender === undefined) return false;
  const routing = goodRouting(wire);
  if (routing !== 0 && wire.capability === undefined) return false;
  const good =
    address +
    routing +
    goodName(wire.sender, isPlain) +
    goodWords(wire, isPlain) +
    goodDelivery(wire, isPlain) +
    goodTrace(wire) +
    goodRest(wire);
  return good === countKeys(value) && disagreement(wire) === undefined;
}

function countKeys(value: JsonObject): number {
  let keys = 0;
  for (const _ in value) keys += 1;
  return keys;
}

/** What two keys that are each right can be wrong about together. */
export type Disagreement =
  | "sender-is-receiver"
  | "two-ends"
  | "trace-without-id"
  | "error-without-failure"
  | "not-json";

export function disagreement(wire: Unchecked): Disagreement | undefined {
  if (wire.receiver !== undefined && isAmong(wire.sender, wire.receiver)) return "sender-is-receiver";
  if (wire.ttl !== undefined && wire.expires_at !== undefined) return "two-ends";
  if (wire.trace_id === undefined && (wire.span_id ?? wire.trace_flags ?? wire.trace_state) !== undefined)
    return "trace-without-id";
  if (wire.error !== undefined && wire.performative !== "failure" && wire.performative !== "not-understood")
    return "error-without-failure";
  return isBrokenJson(wire) ? "not-json" : undefined;
}

/** Names differ by more than case. */
const isSame = (one: Json | undefined, other: Json | undefined): boolean =>
  typeof one === "string" &&
  typeof other === "string" &&
  (one === other ||
    (one.length === other.length && endsAlike(one, other) && one.toLowerCase() === other.toLowerCase()));

/** Whether their last characters leave it open that they differ by case alone. Spares most names the rest. */
function endsAlike(one: string, other: string): boolean {
  const [last, otherLast] = [one.charCodeAt(one.length - 1), other.charCodeAt(other.length - 1)];
  return last > 127 || otherLast > 127 || (last | 32) === (otherLast | 32);
}

const isAmong = (sender: Json | undefined, receiver: Json): boolean =>
  Array.isArray(receiver) ? receiver.some((name) => isSame(sender, name)) : isSame(sender, receiver);

/** Text that says it is JSON, begins like it and is not. */
function isBrokenJson({ content, language }: Unchecked): boolean {
  if (typeof content !== "string" || typeof language !== "string" || language.toLowerCase() !== "json") return false;
  const start = content.trimStart()[0];
  return (start === "{" || start === "[") && parseJson(content).type === "malformed";
}
