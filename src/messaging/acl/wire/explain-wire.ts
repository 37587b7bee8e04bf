import { nearest } from "../../../text/documents/index.ts";
import { type Json, type JsonObject } from "../../../kernel/json.ts";
import { invalid, type MessageProblem } from "../message-problem.ts";
import { type KeyConflict, keyConflict } from "./wire.ts";
import { WIRE_RULES } from "./wire-keys.ts";

const ADDRESSES = ["receiver", "capability", "topic", "broadcast"];
const SHOWN_CHARS_MAX = 80;

/** Everything that keeps a message in canonical keys from being one. Empty for one that `wireOf` takes. */
export function explainWire(wire: JsonObject): readonly MessageProblem[] {
  const values = Object.entries(WIRE_RULES).flatMap(([key, rule]) => {
    const value = wire[key];
    return value === undefined || rule.is(value) ? [] : [badValue(key, value, rule)];
  });
  const at = keyConflict(wire);
  return [...missing(wire), ...addressing(wire), ...values, ...(at === undefined ? [] : [KEY_CONFLICTS[at]])];
}

function missing(wire: JsonObject): readonly MessageProblem[] {
  const needed = ["performative", "sender", "content"].filter((key) => wire[key] === undefined);
  return needed.map((key) => {
    const fix =
      key === "performative" ? `Say one of ${WIRE_RULES.performative.among?.join(", ")}.` : `Give "${key}" a value.`;
    return invalid(key, `${key} is missing`, fix);
  });
}

function addressing(wire: JsonObject): readonly MessageProblem[] {
  const given = ADDRESSES.filter((key) => wire[key] !== undefined);
  const routing = ["version", "fallback_versions", "routing_strategy", "nearest_capability"].filter(
    (key) => wire[key] !== undefined,
  );
  const stray =
    wire["capability"] === undefined
      ? routing.map((key) =>
          invalid(
            key,
            `${key} belongs to a capability, and none is given`,
            `Leave "${key}" out, or give a capability.`,
          ),
        )
      : [];
  if (given.length === 1) return stray;
  const message =
    given.length === 0
      ? "the message has no address"
      : `the message has ${given.length} addresses: ${given.join(", ")}`;
  const fix = "Give exactly one of receiver, capability, topic or broadcast.";
  return [
    { code: given.length === 0 ? "NO_RECEIVER" : "MESSAGE_INVALID", path: given[1] ?? "receiver", message, fix },
    ...stray,
  ];
}

type Rule = (typeof WIRE_RULES)[keyof typeof WIRE_RULES];

function badValue(key: string, value: Json, { expected, fix, among }: Rule): MessageProblem {
  const meant = typeof value === "string" && among !== undefined ? nearest(value, among) : [];
  const [first] = meant;
  const message = `${key} is ${shown(value)}; it must be ${expected}`;
  return invalid(key, message, first === undefined ? fix : `Did you mean ${JSON.stringify(first)}?`, meant);
}

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}

const KEY_CONFLICTS: Readonly<Record<KeyConflict, MessageProblem>> = {
  "sender-is-receiver": {
    code: "SENDER_IS_RECEIVER",
    path: "receiver",
    message: "the sender is among the receivers",
    fix: "Address another participant.",
  },
  "two-ends": invalid("ttl", "ttl and expires_at both say when the message ends", "Leave one of them out."),
  "trace-without-id": invalid(
    "trace_id",
    "span_id, trace_flags and trace_state belong to a trace, and trace_id is missing",
    "Give trace_id too, or leave them out.",
  ),
  "error-without-failure": invalid(
    "error",
    "only failure and not-understood carry an error",
    "Leave it out, or say failure.",
  ),
  "half-signed": invalid(
    "signature",
    "a signed message has signature, key_id and id, and no ttl",
    "Give all three, and expires_at instead of ttl.",
  ),
  "not-json": invalid(
    "content",
    "content begins like JSON but is not valid JSON, though language is json",
    "Fix the JSON, or send it as a value and not as text.",
  ),
};
