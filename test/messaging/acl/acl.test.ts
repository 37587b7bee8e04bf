import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  aclTime,
  type AclMessage,
  AclTextError,
  type AgentIdentifier,
  agentIdentifier,
  parseAclTime,
  PERFORMATIVES,
  readAcl,
  writeAcl,
} from "../../../src/messaging/acl/index.ts";

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
// Lone surrogates have no bytes.
const tricky = fc.oneof(
  fc.constantFrom(
    "\\",
    '"',
    '\\"',
    'a\\\\"',
    '#3"abc',
    "(",
    ")",
    ":sender",
    "a b",
    "",
    "line\nend\\",
    "ünï",
    "-1",
    "9lives",
    "http://host:7778/acc",
    "20261121T013252006Z",
  ),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom("\\", '"', "(", ")", "#", "1", " ", "a", "ä", ":", "\n"), maxLength: 20 }),
);
const parameters = fc.dictionary(fc.constantFrom("x-colour", "x-a.b", "x-1"), tricky, {
  noNullPrototype: true,
  maxKeys: 2,
});
const name = tricky.filter((text) => text !== "");
const identifier: fc.Arbitrary<AgentIdentifier> = fc.letrec<{ agent: AgentIdentifier }>((tie) => ({
  agent: fc.record({
    name,
    addresses: fc.array(tricky, { maxLength: 2 }),
    resolvers: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie("agent"), { maxLength: 2 })),
    parameters,
  }),
})).agent;
const message: fc.Arbitrary<AclMessage> = fc.record({
  performative: fc.constantFrom(...PERFORMATIVES),
  sender: maybe(identifier),
  receiver: fc.array(identifier, { maxLength: 3 }),
  replyTo: fc.array(identifier, { maxLength: 2 }),
  content: maybe(tricky),
  language: maybe(tricky),
  encoding: maybe(tricky),
  ontology: maybe(tricky),
  protocol: maybe(tricky),
  conversationId: maybe(tricky),
  replyWith: maybe(tricky),
  inReplyTo: maybe(tricky),
  replyBy: maybe(tricky),
  parameters,
});

/** What reading gives, or undefined for the error that it may throw. */
function attempt(text: string | Uint8Array): AclMessage | undefined {
  try {
    return readAcl(text);
  } catch (error) {
    if (error instanceof AclTextError) return undefined;
    throw error;
  }
}

test("any message written and read is the same message", () => {
  fc.assert(
    fc.property(message, (written) => {
      expect(readAcl(writeAcl(written))).toEqual(written);
    }),
    { numRuns: 500 },
  );
});

test("text that is no message throws the error for it and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => attempt(bytes)).not.toThrow();
    }),
  );
  fc.assert(
    fc.property(tricky, tricky, (one, other) => void attempt(`(inform :content ${one} :receiver (set ${other}`)),
  );
});

test("a message with a piece cut out, doubled or changed is read or refused, and never breaks the reader", () => {
  const damage = fc.tuple(fc.nat(), fc.nat({ max: 12 }), tricky);
  fc.assert(
    fc.property(message, damage, (whole, [where, length, put]) => {
      const text = writeAcl(whole);
      const at = where % (text.length + 1);
      expect(() => attempt(text.slice(0, at) + put + text.slice(at + length))).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

test("what another platform writes is read: its case, its spacing, its byte lengths and its own parameters", () => {
  const text = `(REQUEST
 :sender  ( agent-identifier :name da0@192.0.2.5:1099/JADE  :addresses (sequence http://host:7778/acc )  :X-JADE-agent-classname jade.Test )
 :receiver  (set ( agent-identifier :name writer@caxton ) )
 :content  #12"say "hëllo"
 :reply-with  R1_0  :language  fipa-sl0  :protocol  fipa-request
 :conversation-id  C1_2 :X-Nested (a (b "c)" d) e))`;
  expect(readAcl(text)).toMatchObject({
    performative: "request",
    sender: {
      name: "da0@192.0.2.5:1099/JADE",
      addresses: ["http://host:7778/acc"],
      parameters: { "X-JADE-agent-classname": "jade.Test" },
    },
    receiver: [agentIdentifier("writer@caxton")],
    content: 'say "hëllo"',
    replyWith: "R1_0",
    parameters: { "X-Nested": '(a (b "c)" d) e)' },
  });
});

test("only a quote can be escaped, and content that ends in a backslash has its length in front", () => {
  expect(readAcl('(inform :content "C:\\temp \\"x\\" \\\\")" )').content).toBe('C:\\temp "x" \\")');
  const ending = readAcl(writeAcl({ ...readAcl("(inform)"), content: "C:\\temp\\" }));
  expect(ending.content).toBe("C:\\temp\\");
});

test("text is read in the character set it was sent in", () => {
  const text = '(inform :content "grün")';
  expect(readAcl(Buffer.from(text, "latin1"), "latin1").content).toBe("grün");
  expect(readAcl(Buffer.from(text)).content).toBe("grün");
});

test.for([
  ["(shout)", 'begins with "shout", which is no communicative act'],
  ["(inform :content", "ends too early"],
  ['(inform :content "abc', "has a quote that is not closed"],
  ['(inform :content #99"abc)', "says that 99 bytes follow"],
  ["(inform :content a :content b)", "has :content twice"],
  ["(inform) (inform)", "continues after its end"],
  ["(inform :sender (agent-identifier))", "has an agent without a name"],
  [`(inform :x-deep ${"(".repeat(100_000)}`, "nests deeper than 64"],
  [`(inform :sender ${"(agent-identifier :name a :resolvers (set ".repeat(10_000)}`, "nests agents deeper than 8"],
  [`(inform ${Array.from({ length: 70 }, (_, index) => `:x-${index} a`).join(" ")})`, "has more than 64 parameters"],
])("%# of the wrong texts is refused with where and why", ([text = "", why]) => {
  expect(() => readAcl(text)).toThrow(why);
});

test("megabytes of hostile text are read in linear time", () => {
  for (const piece of ['\\"', '"', "a ", ":x ", "( ", '#1"', "\\"])
    expect(attempt(`(inform :content "${piece.repeat(1_000_000)}`)).toBeUndefined();
});

test("times are written as every platform reads them, and read as some write them", () => {
  const ms = Date.UTC(2026, 10, 21, 1, 32, 52, 6);
  expect(aclTime(ms)).toBe("20261121T013252006Z");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (any) => {
      expect(parseAclTime(aclTime(any), 0)).toBe(any);
    }),
  );
  expect(parseAclTime("20261121Z013252006", 0)).toBe(ms);
  expect(parseAclTime("20261121T033252006B", 0)).toBe(ms);
  expect(parseAclTime("+00000000T000010000", 5)).toBe(10_005);
  expect(["", "20261321T013252006Z", "20260230T000000000", "soon"].map((text) => parseAclTime(text, 0))).toEqual(
    Array(4).fill(undefined),
  );
});
