import { isJsonObject, type Json } from "../../../kernel/json.ts";
import { keyConflict, type Wire } from "./wire.ts";
import {
  isCapability,
  isContent,
  isConversations,
  isDurability,
  isFlags,
  isHops,
  isInstant,
  isKeyId,
  isMessageId,
  isName,
  isNearest,
  isPerformative,
  isPriority,
  isReceiver,
  isSignature,
  isSpanId,
  isStrategy,
  isTraceId,
  isTraceState,
  isTrail,
  isTtl,
  isVersions,
  isWireError,
  isWord,
} from "./wire-fields.ts";

/**
 * A message's keys while they are taken one by one. Of one shape, whatever the message has: to ask JSON itself for all keys,
 * which are mostly not there, costs several times as much, since each sender's objects have another shape.
 */
type Taken = { -readonly [Key in keyof Required<Wire>]: Wire[Key] | undefined };

const nothing = (): Taken => ({
  id: undefined,
  workspace: undefined,
  performative: undefined,
  sender: undefined,
  receiver: undefined,
  capability: undefined,
  topic: undefined,
  broadcast: undefined,
  version: undefined,
  fallback_versions: undefined,
  routing_strategy: undefined,
  nearest_capability: undefined,
  reply_to: undefined,
  content: undefined,
  language: undefined,
  encoding: undefined,
  ontology: undefined,
  protocol: undefined,
  conversation_id: undefined,
  reply_with: undefined,
  in_reply_to: undefined,
  reply_by: undefined,
  priority: undefined,
  ttl: undefined,
  expires_at: undefined,
  durability: undefined,
  hops: undefined,
  trail: undefined,
  trace_id: undefined,
  span_id: undefined,
  trace_flags: undefined,
  trace_state: undefined,
  timestamp: undefined,
  parent_conversation: undefined,
  merge_conversations: undefined,
  error: undefined,
  parameters: undefined,
  signature: undefined,
  key_id: undefined,
});

/**
 * A message that can be taken as it stands: every key known and right, and no two at odds; else undefined.
 */
export function parseWire(value: Json): Wire | undefined {
  if (!isJsonObject(value)) return undefined;
  const taken = nothing();
  for (const key in value) {
    const each = value[key];
    if (each === undefined || !parseWord(taken, key, each)) return undefined;
  }
  return isWhole(taken) && isAddressed(taken) && keyConflict(taken) === undefined ? taken : undefined;
}

function isWhole(taken: Taken): taken is Taken & Wire {
  return taken.performative !== undefined && taken.sender !== undefined && taken.content !== undefined;
}

/** One address; and what says more of a capability only with one. */
function isAddressed(wire: Wire): boolean {
  const { receiver, capability, topic, broadcast } = wire;
  if (capability !== undefined) return receiver === undefined && topic === undefined && broadcast === undefined;
  if (wire.version !== undefined || wire.fallback_versions !== undefined || wire.routing_strategy !== undefined)
    return false;
  if (wire.nearest_capability !== undefined) return false;
  if (receiver !== undefined) return topic === undefined && broadcast === undefined;
  return (topic === undefined) !== (broadcast === undefined);
}

const word = (value: Json): string | undefined => (isWord(value) ? value : undefined);
const name = (value: Json): string | undefined => (isName(value) ? value : undefined);

/** Whether it is a key of a message, and its value right; then it is taken. */
function parseWord(taken: Taken, key: string, value: Json): boolean {
  switch (key) {
    case "sender":
      return (taken.sender = name(value)) !== undefined;
    case "conversation_id":
      return (taken.conversation_id = word(value)) !== undefined;
    case "reply_with":
      return (taken.reply_with = word(value)) !== undefined;
    case "in_reply_to":
      return (taken.in_reply_to = word(value)) !== undefined;
    case "language":
      return (taken.language = word(value)) !== undefined;
    case "ontology":
      return (taken.ontology = word(value)) !== undefined;
    case "protocol":
      return (taken.protocol = word(value)) !== undefined;
    case "encoding":
      return (taken.encoding = word(value)) !== undefined;
    case "reply_to":
      return (taken.reply_to = name(value)) !== undefined;
    case "topic":
      return (taken.topic = word(value)) !== undefined;
    case "parent_conversation":
      return (taken.parent_conversation = word(value)) !== undefined;
    case "workspace":
      return (taken.workspace = name(value)) !== undefined;
    case "receiver":
      return (taken.receiver = isReceiver(value) ? value : undefined) !== undefined;
    default:
      return takeChecked(taken, key, value);
  }
}

function takeChecked(taken: Taken, key: string, value: Json): boolean {
  switch (key) {
    case "id":
      return (taken.id = isMessageId(value) ? value : undefined) !== undefined;
    case "performative":
      return (taken.performative = isPerformative(value) ? value : undefined) !== undefined;
    case "content":
      return (taken.content = isContent(value) ? value : undefined) !== undefined;
    case "capability":
      return (taken.capability = isCapability(value) ? value : undefined) !== undefined;
    case "routing_strategy":
      return (taken.routing_strategy = isStrategy(value) ? value : undefined) !== undefined;
    case "nearest_capability":
      return (taken.nearest_capability = isNearest(value) ? value : undefined) !== undefined;
    case "priority":
      return (taken.priority = isPriority(value) ? value : undefined) !== undefined;
    case "durability":
      return (taken.durability = isDurability(value) ? value : undefined) !== undefined;
    case "trace_id":
      return (taken.trace_id = isTraceId(value) ? value : undefined) !== undefined;
    case "span_id":
      return (taken.span_id = isSpanId(value) ? value : undefined) !== undefined;
    default:
      return parseRareKeys(taken, key, value);
  }
}

function parseRareKeys(taken: Taken, key: string, value: Json): boolean {
  switch (key) {
    case "broadcast":
      return (taken.broadcast = value === true ? true : undefined) !== undefined;
    case "reply_by":
      return (taken.reply_by = isInstant(value) ? value : undefined) !== undefined;
    case "ttl":
      return (taken.ttl = isTtl(value) ? value : undefined) !== undefined;
    case "expires_at":
      return (taken.expires_at = isInstant(value) ? value : undefined) !== undefined;
    case "timestamp":
      return (taken.timestamp = isInstant(value) ? value : undefined) !== undefined;
    case "hops":
      return (taken.hops = isHops(value) ? value : undefined) !== undefined;
    case "trail":
      return (taken.trail = isTrail(value) ? value : undefined) !== undefined;
    case "trace_flags":
      return (taken.trace_flags = isFlags(value) ? value : undefined) !== undefined;
    case "trace_state":
      return (taken.trace_state = isTraceState(value) ? value : undefined) !== undefined;
    case "version":
      return (taken.version = isWord(value) ? value : undefined) !== undefined;
    case "fallback_versions":
      return (taken.fallback_versions = isVersions(value) ? value : undefined) !== undefined;
    case "merge_conversations":
      return (taken.merge_conversations = isConversations(value) ? value : undefined) !== undefined;
    case "error":
      return (taken.error = isWireError(value) ? value : undefined) !== undefined;
    case "parameters":
      return (taken.parameters = isJsonObject(value) ? value : undefined) !== undefined;
    case "signature":
      return (taken.signature = isSignature(value) ? value : undefined) !== undefined;
    case "key_id":
      return (taken.key_id = isKeyId(value) ? value : undefined) !== undefined;
    default:
      return false;
  }
}
