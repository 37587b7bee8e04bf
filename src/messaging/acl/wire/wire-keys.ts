import { PERFORMATIVES, PRIORITIES, DURABILITIES, ROUTING_STRATEGIES } from "../message.ts";
import { type Json } from "../../../kernel/json.ts";
import { isJsonObject } from "../../../kernel/json.ts";
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
import { type Wire } from "./wire.ts";

type Rule = {
  readonly is: (value: Json) => boolean;
  /** What is expected, after "must be". */
  readonly expected: string;
  readonly fix: string;
  /** Where there is a list to choose from. */
  readonly among?: readonly string[];
};

const word: Rule = {
  is: isWord,
  expected: "text of 1 to 256 printable characters",
  fix: "Shorten it, and leave out line ends and other control characters.",
};
const name: Rule = {
  is: isName,
  expected: "a name of 1 to 256 visible characters without spaces",
  fix: 'Write a name such as "data-analyzer".',
};
const instant: Rule = {
  is: isInstant,
  expected: "an instant in ISO 8601 with its zone",
  fix: 'Write it as in "2026-01-31T12:00:00Z".',
};
const among = (is: Rule["is"], words: readonly string[]): Rule => ({
  is,
  expected: `one of ${words.join(", ")}`,
  fix: `Use one of ${words.join(", ")}.`,
  among: words,
});

/** What each key of a message must hold. */
export const WIRE_RULES: Readonly<Record<keyof Wire, Rule>> = {
  id: { is: isMessageId, expected: "a UUID", fix: "Leave it out to have one made." },
  workspace: name,
  performative: among(isPerformative, PERFORMATIVES),
  sender: name,
  receiver: {
    is: isReceiver,
    expected: "a name, or a list of 1 to 256 names",
    fix: 'Write "data-analyzer", or ["one", "two"]. More are reached by a capability, a topic or broadcast.',
  },
  capability: { ...word, is: isCapability, fix: 'Write a capability such as "data-analysis".' },
  topic: word,
  broadcast: { is: (value) => value === true, expected: "true", fix: "Write true, or leave it out." },
  version: word,
  fallback_versions: {
    is: isVersions,
    expected: "a list of at most 16 versions",
    fix: 'Write them as in ["1.1.0", "1.0.0"].',
  },
  routing_strategy: among(isStrategy, ROUTING_STRATEGIES),
  nearest_capability: {
    is: isNearest,
    expected: "{capability, similarity}",
    fix: "Leave it out: the router says it.",
  },
  reply_to: name,
  content: {
    is: isContent,
    expected: "text, any other JSON, or a whole reference to an artifact",
    fix: 'A reference is {"$artifact": {"id", "media_type", "bytes", "hash"}} with nothing beside it.',
  },
  language: word,
  encoding: word,
  ontology: word,
  protocol: word,
  conversation_id: word,
  reply_with: word,
  in_reply_to: word,
  reply_by: instant,
  priority: {
    ...among(isPriority, PRIORITIES),
    expected: `one of ${PRIORITIES.join(", ")}, or a whole number from 1 to 10`,
  },
  ttl: {
    is: isTtl,
    expected: "a duration of 1 ms to 366 days",
    fix: 'Write text such as "30s" or "5m", or a number of milliseconds.',
  },
  expires_at: instant,
  durability: among(isDurability, DURABILITIES),
  hops: { is: isHops, expected: "a whole number from 0 to 1000", fix: "Leave it out: the server counts." },
  trail: {
    is: isTrail,
    expected: "a list of at most 64 of {sender, receiver, digest}",
    fix: "Leave it out: the server keeps it.",
  },
  trace_id: { is: isTraceId, expected: "32 hexadecimal digits, not all zero", fix: "Leave it out to begin a trace." },
  span_id: { is: isSpanId, expected: "16 hexadecimal digits, not all zero", fix: "Leave it out to have one made." },
  trace_flags: { is: isFlags, expected: "a whole number from 0 to 255", fix: "Leave it out, or use 1 for sampled." },
  trace_state: {
    is: isTraceState,
    expected: "ASCII text of at most 512 characters",
    fix: "Pass on the tracestate header as it came.",
  },
  timestamp: instant,
  parent_conversation: word,
  merge_conversations: {
    is: isConversations,
    expected: "a list of at most 64 conversation ids",
    fix: 'Write them as in ["id-1", "id-2"].',
  },
  error: {
    is: isWireError,
    expected: "{code, message, hint, details}: a word, two texts of at most 10000 characters, an object",
    fix: 'Write it as in {"code": "TOO_BUSY", "message": "ask again in an hour"}.',
  },
  parameters: { is: isJsonObject, expected: "an object", fix: 'Write it as in {"x-tenant": "acme"}.' },
  signature: {
    is: isSignature,
    expected: "an Ed25519 signature: 86 characters of base64url",
    fix: "Encode the 64 bytes of the signature as base64url without padding.",
  },
  key_id: {
    is: isKeyId,
    expected: "the id of a key: 43 characters of base64url",
    fix: "Use the key_id that the server returned when the key was registered.",
  },
};

/** Every canonical key. */
export const WIRE_KEYS: ReadonlySet<string> = new Set(Object.keys(WIRE_RULES));
