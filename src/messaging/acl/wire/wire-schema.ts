import * as z from "zod";
import { Json, JsonObject, parseJson } from "../../../kernel/json.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { MESSAGE_TYPES, messageTypeOf, performativeOf, priorityOf, strategyOf } from "./canonical-wire.ts";
import { DURABILITIES, PERFORMATIVES, PRIORITIES, ROUTING_STRATEGIES } from "../message.ts";
import {
  ARTIFACT_KEY,
  ERROR_TEXT_CHARS_MAX,
  HASH,
  HOPS_MAX,
  KEY_ID,
  NAME,
  parseTtl,
  SIGNATURE,
  VERSIONS_MAX,
  WORD,
} from "./wire-fields.ts";

const described = (description: string) => ({ description });
const Name = z.string().regex(NAME);
const Word = z.string().regex(WORD);
const Instant = z.iso.datetime({ offset: true }).max(40);
/** Words of a list in any case: the schema shows the list, the check is the reader's. */
const anyCase = (words: readonly string[], is: (text: string) => boolean, description: string) =>
  z
    .string()
    .refine(is)
    .meta({ enum: [...words], description });
const isIn = (words: readonly string[]) => (text: string) => words.includes(text.toLowerCase());
const hex = (digits: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${digits}}$`))
    .refine((text) => !/^0+$/.test(text));
/** Some write a trace's id as one. */
const Uuid = z.string().regex(/^(?![0-]*$)[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/);

/** Content over 64 KiB, offloaded: a reference to its location. */
const ArtifactReference = z.strictObject({
  [ARTIFACT_KEY]: z.strictObject({ id: Word, media_type: Word, bytes: z.int().min(0), hash: z.string().regex(HASH) }),
});

const MessageContent = Json.refine(
  (value) =>
    typeof value !== "object" ||
    value === null ||
    !Object.hasOwn(value, ARTIFACT_KEY) ||
    Array.isArray(value) ||
    ArtifactReference.safeParse(value).success,
).meta(described('Text, any other JSON, or {"$artifact": {id, media_type, bytes, hash}}'));

const ErrorBody = z.strictObject({
  code: Word,
  message: z.string().max(ERROR_TEXT_CHARS_MAX),
  hint: z.string().max(ERROR_TEXT_CHARS_MAX).optional(),
  details: JsonObject.optional(),
});

const TrailBody = z.array(z.strictObject({ sender: Name, receiver: Name, digest: Word })).max(LIMITS.messageTrailMax);

const Capability = Word.meta(described("A capability, instead of a receiver"));
const Id = z
  .uuid()
  .refine((id) => !/^[0-]+$|^[fF-]+$/.test(id))
  .meta(described("Made when absent; a message with an id that is known is not taken twice"));
const Timestamp = Instant.meta(described("When the sender made it; the server uses its own clock"));

/** Every key as `nullish`, since many serialisers write null for what is not there. */
const keys = {
  id: Id.nullish(),
  message_id: Id.nullish().meta({ deprecated: true }),
  workspace: Name.nullish(),
  performative: anyCase(
    PERFORMATIVES,
    (text) => performativeOf(text) !== undefined,
    "Any case, with or without separators",
  ).nullish(),
  message_type: anyCase(
    Object.keys(MESSAGE_TYPES),
    (text) => messageTypeOf(text) !== undefined,
    "Instead of a performative, for a plain message; reply_to is then the id of what it answers",
  ).nullish(),
  sender: Name.nullish(),
  receiver: z.union([Name, z.array(Name).min(1).max(LIMITS.messageReceiversMax)]).nullish(),
  capability: Capability.nullish(),
  target_capability: Capability.nullish().meta({ deprecated: true }),
  to_capability: Capability.nullish().meta({ deprecated: true }),
  topic: Word.nullish().meta(described("Topic whose subscribers receive it")),
  broadcast: z.boolean().nullish().meta(described("true: every agent of the workspace")),
  version: Word.nullish().meta(described("Of the capability")),
  fallback_versions: z.array(Word).max(VERSIONS_MAX).nullish(),
  routing_strategy: anyCase(
    ROUTING_STRATEGIES,
    (text) => strategyOf(text) !== undefined,
    "How one of several providers is chosen",
  ).nullish(),
  nearest_capability: z
    .strictObject({ capability: Word, similarity: z.number().min(0).max(1) })
    .nullish()
    .meta(
      described(
        "Capability the router chose when no agent provides the requested one; ignored in messages that are sent",
      ),
    ),
  reply_to: Word.nullish().meta(described("Who gets the answers")),
  content: MessageContent,
  language: Word.nullish(),
  encoding: Word.nullish(),
  ontology: Word.nullish(),
  protocol: Word.nullish().meta(described("As in fipa-request; a message without one is not checked")),
  conversation_id: Word.nullish(),
  reply_with: Word.nullish(),
  in_reply_to: Word.nullish(),
  reply_by: Instant.nullish().meta(described("When the answer must be there")),
  priority: z
    .union([
      anyCase(PRIORITIES, (text) => priorityOf(text) !== undefined, "By name"),
      z.int().min(1).max(10).meta(described("1 to 3 low, 4 to 7 normal, 8 and 9 high, 10 critical")),
    ])
    .nullish(),
  ttl: z
    .union([z.string(), z.int()])
    .refine((value) => parseTtl(value) !== undefined)
    .nullish()
    .meta({ description: "Not delivered any more after it: a duration or milliseconds", examples: ["30s", 5000] }),
  expires_at: Instant.nullish(),
  durability: anyCase(DURABILITIES, isIn(DURABILITIES), "What accepted means").nullish(),
  hops: z.int().min(0).max(HOPS_MAX).nullish(),
  trail: TrailBody.nullish(),
  trace_id: z.union([hex(32), Uuid]).nullish(),
  span_id: hex(16).nullish(),
  trace_flags: z.int().min(0).max(255).nullish(),
  trace_state: z
    .string()
    .regex(/^[ -~]{1,512}$/)
    .nullish(),
  timestamp: Timestamp.nullish(),
  created_at: Timestamp.nullish().meta({ deprecated: true }),
  parent_conversation: Word.nullish(),
  merge_conversations: z.array(Word).max(LIMITS.messageTrailMax).nullish(),
  error: ErrorBody.nullish().meta(described("On failure and not-understood")),
  parameters: JsonObject.nullish(),
  signature: z
    .string()
    .regex(SIGNATURE)
    .nullish()
    .meta(
      described("Ed25519 signature by the sender, base64url; it needs id and key_id, and expires_at instead of ttl"),
    ),
  key_id: z.string().regex(KEY_ID).nullish().meta(described("Key of the signature: RFC 7638 thumbprint of its JWK")),
};

type Keys = z.output<z.ZodObject<typeof keys>>;

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false;
const given = (...values: readonly unknown[]): number => values.filter(isGiven).length;

const PAIRS = [
  ["id", "message_id"],
  ["timestamp", "created_at"],
  ["ttl", "expires_at"],
] as const;

/** What keys are wrong about together; each with the key to blame. */
function conflicts(message: Keys): readonly (readonly [keyof Keys, string])[] {
  const { receiver, topic, broadcast, sender, performative, message_type: type, error } = message;
  const { capability, target_capability, to_capability, reply_to: replyTo } = message;
  const capabilities = given(capability, target_capability, to_capability);
  const names = (Array.isArray(receiver) ? receiver : [receiver]).map((name) => name?.toLowerCase());
  const act = isGiven(type) ? type?.toLowerCase() === "error" && "failure" : performativeOf(performative ?? "");
  const { version, fallback_versions, routing_strategy, nearest_capability } = message;
  const isStrayRouting = given(version, fallback_versions, routing_strategy, nearest_capability) > 0;
  const isStrayTrace = given(message.span_id, message.trace_state) > 0 || typeof message.trace_flags === "number";
  return [
    ...PAIRS.flatMap(([one, other]) =>
      given(message[one], message[other]) > 1 ? [[other, `or ${one}`] as const] : [],
    ),
    ...problem(given(receiver, topic, broadcast) + capabilities !== 1, "receiver", "exactly one address"),
    ...problem(isStrayRouting && capabilities === 0, "capability", "versions and strategies are of capabilities"),
    ...problem(given(performative, type) !== 1, "performative", "performative or message_type"),
    ...problem(
      isGiven(sender) && names.includes(sender?.toLowerCase()),
      "receiver",
      "a participant other than the sender",
    ),
    ...problem(isStrayTrace && !isGiven(message.trace_id), "trace_id", "a trace has an id"),
    ...problem(isGiven(error) && act !== "failure" && act !== "not-understood", "error", "on failures only"),
    ...problem(isGiven(type) && given(replyTo, message.in_reply_to) > 1, "reply_to", "or in_reply_to"),
    ...problem(!isGiven(type) && isGiven(replyTo) && !Name.safeParse(replyTo).success, "reply_to", "a name"),
    ...problem(isHalfSigned(message), "signature", "with id and key_id, and without ttl"),
    ...problem(isBroken(message), "content", "JSON, since language says so"),
  ];
}

const problem = (isWrong: boolean, key: keyof Keys, expected: string): readonly (readonly [keyof Keys, string])[] =>
  isWrong ? [[key, `expected ${expected}`]] : [];

const isHalfSigned = ({ id, message_id, ttl, signature, key_id }: Keys): boolean =>
  given(signature, key_id) > 0 && (given(signature, key_id) < 2 || given(id, message_id) === 0 || given(ttl) > 0);

const isBroken = ({ content, language }: Keys): boolean =>
  typeof content === "string" &&
  language?.toLowerCase() === "json" &&
  /^\s*[[{]/.test(content) &&
  parseJson(content).type === "malformed";

/**
 * A message as it may be sent: the public schema. It takes what `readMessage` takes and nothing else, but for what only a
 * server knows: the time, its limits and its workspace. `readMessage` is what reads; this is for documents and clients.
 */
export const MessageWire = z
  .strictObject(keys)
  .superRefine((message, context) => {
    for (const [key, expected] of conflicts(message))
      context.addIssue({ code: "custom", path: [key], message: expected });
  })
  // Without an id: the interface's own schema of a message has that name, and a document cannot hold two of one name.
  .meta({ description: "Exactly one of receiver, capability, topic and broadcast says whom it is for" });
