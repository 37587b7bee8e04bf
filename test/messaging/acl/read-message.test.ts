import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyJson, anyMessage, anyName, anyWord } from "../../helpers/messages.ts";
import type { Json, JsonObject } from "../../../src/kernel/json.ts";
import { PERFORMATIVES } from "../../../src/messaging/acl/message.ts";
import { isJsonObject } from "../../../src/kernel/json.ts";
import type { RunCaller } from "../../../src/kernel/rights/run-caller.ts";
import { type ReadContext, readMessage, restoreMessage } from "../../../src/messaging/acl/read-message.ts";
import { MessageWire } from "../../../src/messaging/acl/wire/wire-schema.ts";
import { WIRE_KEYS } from "../../../src/messaging/acl/wire/wire-keys.ts";
import { MessageLines } from "../../../src/messaging/acl/message-lines.ts";
import { composeMessage, traceOf } from "../../../src/messaging/acl/compose.ts";
import { storedText, writeMessage } from "../../../src/messaging/acl/write-message.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.acts", "message.one-address");

const context: ReadContext = { workspace: "default", nowMs: 0, contentBytesMax: 1_048_576 };
const simple = { performative: "request", sender: "writer", receiver: "reader", content: "hello" };

const read = (json: Json, more: Partial<ReadContext> = {}) => readMessage(json, { ...context, ...more });
function taken(json: Json, more: Partial<ReadContext> = {}) {
  const outcome = read(json, more);
  if (outcome.type === "refused") throw new Error(JSON.stringify(outcome.error));
  return outcome.message;
}
function refusedFor(json: Json, more: Partial<ReadContext> = {}) {
  const outcome = read(json, more);
  if (outcome.type === "message") throw new Error("it was taken");
  const problems = outcome.error.details["problems"];
  return { ...outcome.error, problems: Array.isArray(problems) ? problems.filter(isJsonObject) : [] };
}
const parsed = (text: string): Json => JSON.parse(text);

describe("any message", () => {
  test("written and restored is the same message", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(restoreMessage(parsed(writeMessage(message)))).toEqual(message);
      }),
    );
  });

  test("kept as a line and restored is the same message, whatever came before it", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 4 }), fc.boolean(), (messages, isTraced) => {
        const kept = messages.map((message) => (isTraced ? message : { ...message, trace: undefined }));
        const lines = new MessageLines(16);
        const sizes = kept.map((message) => lines.add(message));
        const texts = Buffer.from(lines.bytes).toString("utf8").split("\n").slice(0, -1);
        expect(texts.map((text) => Buffer.byteLength(text))).toEqual(sizes);
        expect(texts.map((text) => restoreMessage(parsed(text)))).toEqual(kept);
      }),
    );
  });

  test("written and read by a server is the same message, but for the time", () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const text = writeMessage(message);
        const outcome = taken(parsed(text), { workspace: message.workspace });
        expect(outcome).toEqual({ ...message, atMs: 0 });
      }),
    );
  });
});

/** Values that are right somewhere, wrong elsewhere, or nearly right. */
const someValue: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    "request",
    "QUERY_IF",
    "accept",
    "Counter-Propose",
    "writer",
    "Writer",
    "json",
    "JSON",
    "{oops",
    '{"a": 1}',
    "",
    " ",
  ),
  fc.constantFrom<Json[]>("low", "HIGH", 1, 10, 11, 0, -1, 1.5, "30s", "5 m", 5000, "none", "Full", true, false, null),
  fc.constantFrom<Json[]>("least_loaded", "least-loaded", "load_balance", "response", "Error", "notification"),
  fc.constantFrom<Json[]>(
    "2026-01-31T12:00:00Z",
    "2026-02-30T12:00:00Z",
    "2026-01-31",
    "2028-02-29T00:00+02:00",
    "0001-01-01T00:00:00.123456Z",
  ),
  fc.constantFrom<Json[]>(
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "00f067aa0ba902b7",
    "4BF92F35-77B3-4DA6-A3CE-929D0E0E4736",
    "0".repeat(32),
    "0".repeat(16),
  ),
  fc.constantFrom<Json[]>(
    { $artifact: { id: "a", media_type: "b", bytes: 1, hash: "0".repeat(64) } },
    { $artifact: {} },
    { $artifact: 1, b: 2 },
  ),
  fc.constantFrom<Json[]>(
    { code: "A", message: "b" },
    { code: "A" },
    [{ sender: "a", receiver: "b", digest: "c" }],
    [],
    ["a", "a"],
  ),
  fc.uuid(),
  anyWord,
  anyName,
  fc.array(anyName, { maxLength: 3 }),
  anyJson,
);
const someKey = fc.constantFrom(
  ...WIRE_KEYS,
  "message_id",
  "created_at",
  "to_capability",
  "target_capability",
  "message_type",
  "receivr",
  "__proto__",
);
const someEntries = fc.array(fc.tuple(someKey, someValue), { maxLength: 5 });
const someMessage: fc.Arbitrary<JsonObject> = fc.oneof(
  someEntries.map((entries) => Object.fromEntries([...Object.entries(simple), ...entries])),
  fc.tuple(anyMessage, someEntries).map(([message, entries]) => {
    const wire = parsed(writeMessage(message));
    const rest = isJsonObject(wire) ? wire : {};
    return Object.fromEntries([...Object.entries(rest), ...entries]);
  }),
  someEntries.map((entries) => Object.fromEntries(entries)),
);

describe("the reader and the public schema", () => {
  test("take the same messages and refuse the same", () => {
    let count = 0;
    fc.assert(
      fc.property(someMessage, (json) => {
        // A workspace is judged by the server it came to, which a schema does not know.
        const { workspace: _, ...rest } = json;
        const outcome = read(rest, { sender: "another-client" });
        const schema = MessageWire.safeParse(rest);
        count += Number(schema.success);
        expect(outcome.type === "message", JSON.stringify([rest, outcome, schema.error])).toBe(schema.success);
      }),
      { numRuns: 2_000 },
    );
    expect(count).toBeGreaterThan(200);
  });

  test("agree whatever JSON comes, which the reader never throws at", () => {
    fc.assert(
      fc.property(anyJson, (json) => {
        expect(read(json).type === "message").toBe(MessageWire.safeParse(json).success);
      }),
    );
  });
});

describe("what is tolerated", () => {
  test("acts in any case, with any separator or none, and by the names of older interfaces", () => {
    for (const act of PERFORMATIVES) {
      const joined = act.replaceAll("-", "");
      for (const spelled of [act.toUpperCase(), act.replaceAll("-", "_"), joined, act.replaceAll("-", " ")])
        expect(taken({ ...simple, performative: spelled }).performative, spelled).toBe(act);
    }
    const acts = ["REQUEST", "AcceptProposal", "query", "accept", "reject", "CounterPropose", "Not-Understood"];
    expect(acts.map((performative) => taken({ ...simple, performative }).performative)).toEqual([
      "request",
      "accept-proposal",
      "query-ref",
      "accept-proposal",
      "reject-proposal",
      "propose",
      "not-understood",
    ]);
  });

  test("priorities as numbers, strategies by older names, null for what is not there", () => {
    const { receiver: _, ...rest } = simple;
    const message = taken({
      ...rest,
      to_capability: "Data-Analysis",
      routing_strategy: "fastest_response",
      priority: 8,
      language: null,
      broadcast: false,
    });
    expect(message.priority).toBe("high");
    expect(message.address).toEqual({
      type: "capability",
      capability: "data-analysis",
      version: undefined,
      fallbackVersions: [],
      strategy: "fastest",
    });
  });

  test("a message's defaults are normal priority, full durability, its own conversation and trace", () => {
    const message = taken(simple, { nowMs: 5 });
    expect(message).toMatchObject({ priority: "normal", durability: "full", hops: 0, trail: [], atMs: 5 });
    expect(message.conversationId).toBe(message.id);
    expect(traceOf(message)).toMatchObject({ traceId: message.id.replaceAll("-", ""), flags: 1 });
  });

  test("a ttl counts from now, and an id is kept in lower case", () => {
    const id = "4F0B7C1E-3B0A-4C1E-9B0A-4C1E9B0A4C1E";
    expect(taken({ ...simple, id, ttl: "30s" }, { nowMs: 1_000 })).toMatchObject({
      id: id.toLowerCase(),
      expiresAtMs: 31_000,
    });
  });

  test("a plain message is the act of its type, and reply_to is what it answers", () => {
    const plain = { message_type: "Response", sender: "a", receiver: "b", content: "42", reply_to: "m-1" };
    expect(taken(plain)).toMatchObject({ performative: "inform", inReplyTo: "m-1", replyTo: undefined });
    expect(taken({ ...plain, message_type: "error" }).performative).toBe("failure");
  });
});

test("an empty text is content", () => {
  expect(taken({ ...simple, content: "" }).content).toEqual({ type: "text", text: "" });
  expect(MessageWire.safeParse({ ...simple, content: "" }).success).toBe(true);
});

describe("what is refused", () => {
  test("a message without an address fails with the four kinds of address", () => {
    const { receiver: _, ...rest } = simple;
    expect(refusedFor(rest)).toMatchObject({
      code: "NO_RECEIVER",
      hint: "Give exactly one of receiver, capability, topic or broadcast.",
    });
    expect(refusedFor({ ...simple, topic: "news" })).toMatchObject({ code: "MESSAGE_INVALID" });
  });

  test("a message to oneself, without regard to case", () => {
    expect(refusedFor({ ...simple, receiver: ["other", "WRITER"] }).code).toBe("SENDER_IS_RECEIVER");
  });

  test("every problem is named, each with a path and a fix, and the nearest known word", () => {
    const outcome = refusedFor({
      performativ: "request",
      sender: "a b",
      receiver: [],
      content: { $artifact: 1 },
      priority: "hgh",
    });
    expect(outcome.message).toMatch(/\(and 5 more\)$/);
    expect(outcome.problems.map(({ path, alternatives }) => [path, alternatives])).toEqual([
      ["performativ", ["performative"]],
      ["performative", undefined],
      ["sender", undefined],
      ["receiver", undefined],
      ["content", undefined],
      ["priority", ["high"]],
    ]);
    expect(outcome.problems.every(({ fix }) => typeof fix === "string" && fix !== "")).toBe(true);
  });

  test("an unknown act fails with similar acts", () => {
    expect(refusedFor({ ...simple, performative: "requst" })).toMatchObject({ hint: 'Did you mean "request"?' });
  });

  test("what is past: a deadline, an end", () => {
    const nowMs = Date.parse("2026-02-01T00:00:00Z");
    expect(refusedFor({ ...simple, reply_by: "2026-01-31T12:00:00Z" }, { nowMs }).code).toBe("EXPIRED");
    expect(refusedFor({ ...simple, expires_at: "2026-02-01T00:00:00Z" }, { nowMs }).code).toBe("EXPIRED");
  });

  test("content past the limit, counted in bytes of UTF-8 or JSON", () => {
    const at = { contentBytesMax: 10 };
    expect(taken({ ...simple, content: "ä".repeat(5) }, at).content.type).toBe("text");
    expect(refusedFor({ ...simple, content: `${"ä".repeat(5)}x` }, at).code).toBe("MESSAGE_TOO_LARGE");
    expect(refusedFor({ ...simple, content: { a: "12345" } }, at).message).toBe(
      "content has 13 bytes; at most 10 are taken",
    );
  });

  test("text that begins like JSON but is not, where language says json", () => {
    expect(refusedFor({ ...simple, language: "JSON", content: '{"a": ' }).code).toBe("MESSAGE_INVALID");
    expect(taken({ ...simple, language: "english", content: "{a}" }).content).toEqual({ type: "text", text: "{a}" });
  });

  test("a message of another workspace, with the id of the refused message", () => {
    const id = "4f0b7c1e-3b0a-4c1e-9b0a-4c1e9b0a4c1e";
    expect(read({ ...simple, id, workspace: "other" })).toMatchObject({ type: "refused", id });
  });
});

test("the party on whose behalf a message is comes back from its stored form, and is not on the wire", () => {
  const onBehalfOf: RunCaller = { id: "key_1", kind: "key", name: "ci", role: "starter", lacks: ["memory:write"] };
  const message = composeMessage({
    workspace: "default",
    performative: "inform",
    sender: "user",
    address: { type: "receivers", names: ["clerk"] },
    content: { type: "text", text: "hello" },
    atMs: 1_700_000_000_000,
    onBehalfOf,
  });
  expect(restoreMessage(parsed(storedText(message)))).toEqual(message);
  expect(writeMessage(message)).not.toContain("key_1");
});
