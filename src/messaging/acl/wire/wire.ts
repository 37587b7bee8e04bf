import { type MessageId } from "../../../kernel/ids.ts";
import { type Json, type JsonObject, parseJson } from "../../../kernel/json.ts";
import {
  type Durability,
  type MessageError,
  type NearestCapability,
  type Performative,
  type Priority,
  type RoutingStrategy,
  type TrailEntry,
} from "../message.ts";

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
  readonly nearest_capability?: NearestCapability | undefined;
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
  readonly signature?: string | undefined;
  readonly key_id?: string | undefined;
};

/** The same keys before anything is known of their values. */
export type Unchecked = { readonly [Key in keyof Wire]?: Json | undefined };

/** What two keys that are each right can be wrong about together. */
export type KeyConflict =
  | "sender-is-receiver"
  | "two-ends"
  | "trace-without-id"
  | "error-without-failure"
  | "half-signed"
  | "not-json";

export function keyConflict(wire: Unchecked): KeyConflict | undefined {
  if (wire.receiver !== undefined && isAmong(wire.sender, wire.receiver)) return "sender-is-receiver";
  if (wire.ttl !== undefined && wire.expires_at !== undefined) return "two-ends";
  if (wire.trace_id === undefined && (wire.span_id ?? wire.trace_flags ?? wire.trace_state) !== undefined)
    return "trace-without-id";
  if (wire.error !== undefined && wire.performative !== "failure" && wire.performative !== "not-understood")
    return "error-without-failure";
  if ((wire.signature ?? wire.key_id) !== undefined && !isSignedWhole(wire)) return "half-signed";
  return isBrokenJson(wire) ? "not-json" : undefined;
}

/** A signature covers the id and an absolute end. */
const isSignedWhole = ({ id, ttl, signature, key_id: keyId }: Unchecked): boolean =>
  id !== undefined && ttl === undefined && signature !== undefined && keyId !== undefined;

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

/** Longer text is not checked: it would hold up all other messages. */
const CHECKED_CHARS_MAX = 262_144;

/** Text that says it is JSON, begins like it and is not. */
function isBrokenJson({ content, language }: Unchecked): boolean {
  if (typeof content !== "string" || content.length > CHECKED_CHARS_MAX) return false;
  if (typeof language !== "string" || language.toLowerCase() !== "json") return false;
  const start = content.trimStart()[0];
  return (start === "{" || start === "[") && parseJson(content).type === "malformed";
}
