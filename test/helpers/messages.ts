import * as fc from "fast-check";
import type { Json, JsonObject } from "../../src/kernel/json.ts";
import { MessageId } from "../../src/kernel/ids.ts";
import {
  type Address,
  composeMessage,
  type Content,
  DURABILITIES,
  type Message,
  PERFORMATIVES,
  PRIORITIES,
  ROUTING_STRATEGIES,
} from "../../src/messaging/acl/index.ts";

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });

const printable = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]$/u;
const visible = /^[^\s\p{Cc}\p{Cf}\p{Cs}]$/u;
const text = (unit: RegExp, maxLength: number) =>
  fc.string({
    unit: fc
      .oneof(
        fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 1 }),
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      )
      .filter((one) => unit.test(one)),
    minLength: 1,
    maxLength,
  });

/** A word as the envelope takes it: printable, also with quotes, brackets and what is not ASCII. */
export const anyWord = text(printable, 24);
export const anyName = fc.oneof(fc.constantFrom("writer", "data-analyzer", "da0@host:1099/JADE"), text(visible, 16));
const HEX = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "a", "b", "c", "d", "e", "f"].map(String);
const hex = (length: number) =>
  fc
    .string({ unit: fc.constantFrom(...HEX), minLength: length, maxLength: length })
    .filter((digits) => !/^0+$/.test(digits));

/** JSON as it comes out of `JSON.parse`: no -0, which text does not keep. */
export const anyJson: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)));
export const anyObject: fc.Arbitrary<JsonObject> = fc
  .dictionary(fc.string(), anyJson, { maxKeys: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)));
const anyContent: fc.Arbitrary<Content> = fc.oneof(
  fc.string({ minLength: 1 }).map((words): Content => ({ type: "text", text: words })),
  anyJson.filter((value) => typeof value !== "string").map((value): Content => ({ type: "json", value })),
  fc
    .record({ id: anyWord, mediaType: anyWord, bytes: fc.nat(), hash: hex(64) })
    .map((artifact): Content => ({ type: "artifact", artifact })),
);

const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  fc.uniqueArray(anyName, { minLength: 1, maxLength: 4 }).map((names): Address => ({ type: "receivers", names })),
  fc
    .record({
      capability: anyWord.filter((word) => word === word.toLowerCase()),
      version: maybe(anyWord),
      fallbackVersions: fc.array(anyWord, { maxLength: 2 }),
      strategy: maybe(fc.constantFrom(...ROUTING_STRATEGIES)),
    })
    .map((address): Address => ({ type: "capability", ...address })),
  anyWord.map((topic): Address => ({ type: "topic", topic })),
  fc.constant<Address>({ type: "broadcast" }),
);

const isApart = ({ sender, address, content, language }: Message): boolean =>
  (address.type !== "receivers" || address.names.every((name) => name.toLowerCase() !== sender.toLowerCase())) &&
  !(content.type === "text" && language?.toLowerCase() === "json");

/** Any whole message that may be sent. */
export const anyMessage: fc.Arbitrary<Message> = fc
  .record({
    id: fc.uuid().map((id) => MessageId.parse(id)),
    workspace: anyName,
    performative: fc.constantFrom(...PERFORMATIVES),
    sender: anyName,
    address: anyAddress,
    replyTo: maybe(anyName),
    content: anyContent,
    language: maybe(anyWord),
    encoding: maybe(anyWord),
    ontology: maybe(anyWord),
    protocol: maybe(anyWord),
    conversationId: anyWord,
    replyWith: maybe(anyWord),
    inReplyTo: maybe(anyWord),
    replyByMs: maybe(fc.integer({ min: 1e12, max: 3e12 })),
    priority: fc.constantFrom(...PRIORITIES),
    expiresAtMs: maybe(fc.integer({ min: 1e12, max: 3e12 })),
    durability: fc.constantFrom(...DURABILITIES),
    hops: fc.integer({ min: 0, max: 1_000 }),
    trail: fc.array(fc.record({ sender: anyName, receiver: anyName, digest: anyWord }), { maxLength: 2 }),
    trace: fc.record({
      traceId: hex(32),
      spanId: hex(16),
      flags: fc.integer({ min: 0, max: 255 }),
      state: maybe(fc.constant("a=b")),
    }),
    atMs: fc.integer({ min: 0, max: 9e11 }),
    parentConversation: maybe(anyWord),
    mergeConversations: fc.array(anyWord, { maxLength: 2 }),
    error: maybe(fc.record({ code: anyWord, message: fc.string(), hint: fc.string(), details: anyObject })),
    parameters: maybe(anyObject),
  })
  .map(({ error, ...message }) => ({
    ...message,
    error: message.performative === "failure" || message.performative === "not-understood" ? error : undefined,
  }))
  .map((draft) => composeMessage(draft))
  .filter(isApart);
