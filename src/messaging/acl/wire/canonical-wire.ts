import { nearest } from "../../../text/documents/index.ts";
import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import { PERFORMATIVES, type Performative, type Priority, type RoutingStrategy } from "../message.ts";
import { invalid, type MessageProblem } from "../message-problem.ts";
import { isPriority, isStrategy } from "./wire-fields.ts";
import { WIRE_KEYS } from "./wire-keys.ts";

/** Other names for keys, of older interfaces. */
export const KEY_ALIASES: Readonly<Record<string, string>> = {
  message_id: "id",
  target_capability: "capability",
  to_capability: "capability",
  created_at: "timestamp",
};

/** Other names for acts, of older interfaces. */
export const PERFORMATIVE_ALIASES: Readonly<Record<string, Performative>> = {
  query: "query-ref",
  accept: "accept-proposal",
  reject: "reject-proposal",
  "counter-propose": "propose",
};

/** What kinds of plain messages are as acts. */
export const MESSAGE_TYPES = {
  request: "request",
  response: "inform",
  notification: "inform",
  error: "failure",
} as const satisfies Record<string, Performative>;
export type MessageType = keyof typeof MESSAGE_TYPES;

const STRATEGY_ALIASES: Readonly<Record<string, RoutingStrategy>> = {
  priority: "best_match",
  load_balance: "weighted",
  least_connections: "least_loaded",
  fastest_response: "fastest",
};

const aliasOf = <Value>(table: Readonly<Record<string, Value>>, word: string): Value | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined;

const squeezed = (word: string): string => word.toLowerCase().replaceAll(/[-_ ]/gu, "");
const PERFORMATIVES_SQUEEZED = new Map<string, Performative>([
  ...PERFORMATIVES.map((act) => [squeezed(act), act] as const),
  ...Object.entries(PERFORMATIVE_ALIASES).map(([word, act]) => [squeezed(word), act] as const),
]);

/** An act in any case, with or without separators, also by an older name: `AcceptProposal`, `accept_proposal`. */
export const performativeOf = (text: string): Performative | undefined => PERFORMATIVES_SQUEEZED.get(squeezed(text));

/** A priority by name in any case, or 1 to 10: 1–3 low, 4–7 normal, 8–9 high, 10 critical. */
export function priorityOf(value: string | number): Priority | undefined {
  if (typeof value === "string") {
    const word = value.toLowerCase();
    return isPriority(word) ? word : undefined;
  }
  if (!Number.isInteger(value) || value < 1 || value > 10) return undefined;
  return value <= 3 ? "low" : value <= 7 ? "normal" : value <= 9 ? "high" : "critical";
}

export function strategyOf(text: string): RoutingStrategy | undefined {
  const word = text.toLowerCase().replaceAll("-", "_");
  return isStrategy(word) ? word : aliasOf(STRATEGY_ALIASES, word);
}

export function messageTypeOf(text: string): MessageType | undefined {
  const word = text.toLowerCase();
  return isMessageType(word) ? word : undefined;
}
const isMessageType = (word: string): word is MessageType => Object.hasOwn(MESSAGE_TYPES, word);

type Reading = { readonly [key: string]: (value: Json) => Json };

const lower = (value: Json): Json => (typeof value === "string" ? value.toLowerCase() : value);
const worded =
  (read: (text: string) => string | undefined) =>
  (value: Json): Json =>
    typeof value === "string" ? (read(value) ?? value) : value;

/** Some write a trace's id as one. */
const UUID_SHAPED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** How values are brought to their canonical spelling; what cannot be is left for the check to name. */
const READINGS: Reading = {
  id: lower,
  performative: worded(performativeOf),
  capability: lower,
  routing_strategy: worded(strategyOf),
  durability: lower,
  priority: (value) => (typeof value === "string" || typeof value === "number" ? (priorityOf(value) ?? value) : value),
  trace_id: worded((text) => (UUID_SHAPED.test(text) ? text.toLowerCase().replaceAll("-", "") : text.toLowerCase())),
  span_id: lower,
  receiver: (value) => (Array.isArray(value) ? [...new Set(value)] : value),
  error: (value) => (isJsonObject(value) ? { hint: "", details: {}, ...value } : value),
};

const isAbsent = (key: string, value: Json): boolean =>
  (value === null && key !== "content") || (key === "broadcast" && value === false);

/** Problems that are reported of one message. */
const PROBLEMS_MAX = 20;

export type CanonicalWire = { readonly wire: JsonObject; readonly problems: readonly MessageProblem[] };

/** Brings a message to canonical keys and values; `problems` are of keys that have none. */
export function canonicalWire(json: Json, sender: string | undefined): CanonicalWire {
  if (!isJsonObject(json)) {
    const fix = 'Send an object such as {"performative": "request", "sender": "a", "receiver": "b", "content": "…"}.';
    return { wire: {}, problems: [invalid("", "a message is a JSON object", fix)] };
  }
  const { message_type: type, ...rest } = json;
  const isPlain = type !== undefined && type !== null;
  const problems: MessageProblem[] = [];
  const wire = new Map<string, Json>();
  for (const [written, value] of Object.entries(rest)) {
    const key = isPlain && written === "reply_to" ? "in_reply_to" : (aliasOf(KEY_ALIASES, written) ?? written);
    if (problems.length === PROBLEMS_MAX) break;
    if (!WIRE_KEYS.has(key)) problems.push(unknownKey(written));
    else if (isAbsent(key, value)) continue;
    else if (wire.has(key)) problems.push(twice(key, written));
    else wire.set(key, aliasOf(READINGS, key)?.(value) ?? value);
  }
  if (isPlain) problems.push(...readPlain(type, wire));
  if (sender !== undefined && !wire.has("sender")) wire.set("sender", sender);
  return { wire: Object.fromEntries(wire), problems };
}

/** Puts the act of a plain message's type in its place. */
function readPlain(type: Json, wire: Map<string, Json>): readonly MessageProblem[] {
  if (wire.has("performative")) {
    const fix = "Leave one of them out.";
    return [invalid("message_type", "message_type and performative both say what kind of message it is", fix)];
  }
  const known = typeof type === "string" ? messageTypeOf(type) : undefined;
  // Without an act the check would say that one is missing, of which this message knows nothing.
  wire.set("performative", known === undefined ? "inform" : MESSAGE_TYPES[known]);
  if (known !== undefined) return [];
  const kinds = Object.keys(MESSAGE_TYPES);
  const meant = typeof type === "string" ? nearest(type, kinds) : [];
  return [
    invalid("message_type", `${JSON.stringify(type)} is no kind of message`, `Use one of ${kinds.join(", ")}.`, meant),
  ];
}

function unknownKey(key: string): MessageProblem {
  const meant = nearest(key, [...WIRE_KEYS, ...Object.keys(KEY_ALIASES), "message_type"]);
  const [first] = meant;
  const fix =
    first === undefined ? 'Leave it out, or put it into "parameters".' : `Did you mean ${JSON.stringify(first)}?`;
  return invalid(key, `a message has no key ${JSON.stringify(key)}`, fix, meant);
}

const twice = (key: string, written: string): MessageProblem =>
  invalid(written, `${JSON.stringify(written)} says again what ${JSON.stringify(key)} says`, "Leave one of them out.");
