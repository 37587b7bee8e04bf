import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import initWabt from "wabt";
import { ToolMessageBroker } from "../../../src/tools/brokers/messages/tool-message-broker.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import type { Json, JsonObject } from "../../../src/kernel/json.ts";
import type { RunCaller, RunRefusal } from "../../../src/kernel/rights/run-caller.ts";
import type { Message } from "../../../src/messaging/acl/index.ts";
import type { Submitted } from "../../../src/messaging/router/index.ts";
import type { MessageGrant } from "../../../src/tools/catalogue/index.ts";
import { Room } from "../sandbox/room.ts";
import { AskRoom } from "./asking.ts";
import { callerWith } from "./web.ts";

const messageGrant = (some: Partial<MessageGrant>): MessageGrant => ({
  performatives: ["inform"],
  receivers: [],
  capabilities: [],
  topics: [],
  broadcast: false,
  perMinute: 60,
  ...some,
});

const error = (code: string) => ({ code, message: "no", hint: "", details: {} });

/** A post office that accepts everything, except what `answer` decides. */
function office(answer?: (message: Message) => Submitted | undefined) {
  const sent: Message[] = [];
  const submit = async (message: Message): Promise<Submitted> => {
    const { id, conversationId, durability, address } = message;
    const other = answer?.(message);
    if (other !== undefined) return other;
    sent.push(message);
    const recipients = address.type === "receivers" ? address.names : ["subscriber"];
    return { type: "accepted", id, seq: 1, conversationId, recipients, duplicate: false, durability };
  };
  return { sent, mail: { post: { submit }, originOf: () => undefined } };
}

const send = (room: AskRoom, message: JsonObject, body = "") => room.ask("messages.send", message, body);

test("a guest sends what is granted, in the name of the agent whose run called it", async () => {
  const { sent, mail } = office();
  await using room = new AskRoom({}, mail);
  const receivers = messageGrant({ performatives: ["inform", "request"], receivers: ["ops-*"] });
  await room.deploy({ messages: [receivers, messageGrant({ topics: ["prices.#"] })] });
  const result = await send(room, { receiver: "ops-1", content: { price: 3 } });
  expect(result).toMatchObject({ isGranted: true, head: { id: sent[0]?.id, recipients: ["ops-1"] } });
  await send(room, { performative: "request", receiver: "ops-2", protocol: "fipa-request" }, "as bytes");
  await send(room, { topic: "prices.tea", content: "4" });
  expect(sent).toMatchObject([
    { performative: "inform", sender: "tester", content: { type: "json", value: { price: 3 } }, hops: 0 },
    { performative: "request", protocol: "fipa-request", content: { type: "text", text: "as bytes" } },
    { address: { type: "topic", topic: "prices.tea" } },
  ]);
  expect((await room.uses()).map(({ kind, operation, target, outcome }) => [kind, operation, target, outcome])).toEqual(
    [
      ["message", "inform", "topic:prices.tea", "allowed"],
      ["message", "request", "ops-2", "allowed"],
      ["message", "inform", "ops-1", "allowed"],
    ],
  );
});

// messages.tool-message-broker.T1
test("what is not granted is refused, says what would grant it, and is recorded as denied", async () => {
  const { sent, mail } = office();
  await using room = new AskRoom({}, mail);
  await room.deploy({ messages: [messageGrant({ receivers: ["ops"] })] });
  const others: readonly JsonObject[] = [
    { receiver: "boss", content: "x" },
    { receiver: ["ops", "boss"], content: "x" },
    { performative: "request", receiver: "ops", content: "x" },
    { capability: "translate", content: "x" },
    { topic: "prices", content: "x" },
    { broadcast: true, content: "x" },
  ];
  const answers = await Promise.all(others.map((message) => send(room, message)));
  expect(answers.map(({ head }) => head["code"])).toEqual(others.map(() => "denied"));
  expect(answers[2]?.head["message"]).toBe(
    '`probe` may not send request to ops; add to caxton.toml:\n[[tool_servers.probe.grants.messages]]\nperformatives = ["request"]\nreceivers = ["ops"]\nper_minute = 60',
  );
  // Not even where an operator lets a call reach what it asks for.
  const permitted = { session: "s", isPermissive: true };
  expect(await room.ask("messages.send", { receiver: "boss", content: "x" }, "", permitted)).toMatchObject({
    isGranted: false,
  });
  expect(sent).toEqual([]);
  expect((await room.uses("denied")).length).toBe(others.length + 1);
});

// messages.tool-message-broker.T1
test("a grant's rate holds for all calls of a workspace together", async () => {
  const { sent, mail } = office();
  await using room = new AskRoom({}, mail);
  await room.deploy({ messages: [messageGrant({ receivers: ["ops"], perMinute: 2 })] });
  const answers: unknown[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    answers.push((await send(room, { receiver: "ops", content: `${turn}` })).head["code"]);
  }
  expect(answers).toEqual([undefined, undefined, "too-many"]);
  expect(sent.length).toBe(2);
});

test("who speaks, and what led to it, is not a guest's to say; what cannot be read is refused with the reason", async () => {
  const { sent, mail } = office();
  await using room = new AskRoom({}, mail);
  await room.deploy({ messages: [messageGrant({ receivers: ["*"] })] });
  const wrong: readonly JsonObject[] = [
    { receiver: "ops", content: "x", sender: "boss" },
    { receiver: "ops", content: "x", hops: 0 },
    { receiver: "ops", content: "x", in_reply_to: "m" },
    { receiver: "ops", topic: "news", content: "x" },
    { content: "x" },
    { receiver: "tester", content: "x" },
  ];
  const answers = await Promise.all(wrong.map((message) => send(room, message)));
  expect(answers.map(({ head }) => head["code"])).toEqual(wrong.map(() => "invalid"));
  expect(answers[0]?.head["message"]).toMatch(/a tool's message has no sender; its keys are performative/);
  expect(sent).toEqual([]);
});

test("the outcome of a message is mapped to the guest's codes", async () => {
  const { mail } = office(({ id, address, conversationId }) => {
    const name = address.type === "receivers" ? (address.names[0] ?? "") : "";
    if (name === "gone") return { type: "refused", id, error: error("AGENT_NOT_FOUND"), retryAfterMs: undefined };
    if (name === "full") return { type: "refused", id, error: error("MAILBOX_FULL"), retryAfterMs: 500 };
    if (name === "strict")
      return { type: "answered", id, conversationId, answer: "not-understood", error: error("PROTOCOL_BREACH") };
    return undefined;
  });
  await using room = new AskRoom({}, mail);
  await room.deploy({ messages: [messageGrant({ receivers: ["*"] })] });
  const codes: unknown[] = [];
  for (const receiver of ["gone", "full", "strict", "there"]) {
    codes.push((await send(room, { receiver, content: "x" })).head["code"]);
  }
  expect(codes).toEqual(["not-found", "too-many", "invalid", undefined]);
});

// messages.tool-message-broker.T3
test("a message sent twice in a call is two, and a call made again after a crash sends the same ones", async () => {
  const { sent, mail } = office();
  const parts = {
    audit: () => {},
    onRefused: () => {},
    redact: (_caller: unknown, message: Json) => message,
    contentBytesMax: 1_000,
  };
  const caller = callerWith({ messages: [messageGrant({ receivers: ["ops"] })] });
  for (const server of ["before", "after"]) {
    const letters = new ToolMessageBroker({ post: mail.post, originOf: () => undefined, ...parts, clock: systemClock });
    const again = { ...caller };
    for (const content of ["x", "x", server]) await letters.send(again, { receiver: "ops", content });
  }
  const ids = sent.map(({ id }) => id);
  expect(ids.slice(3, 5)).toEqual(ids.slice(0, 2));
  expect(new Set(ids).size).toBe(4);
});

test("a secret whose value a server was given is in no message of it", async () => {
  const { sent, mail } = office();
  await using room = new AskRoom({ CAXTON_SECRET_TOKEN: "the-secret-of-this-test" }, mail);
  const secrets = [{ name: "TOKEN", as: "value" as const, for: [] }];
  await room.deploy({ secrets, messages: [messageGrant({ receivers: ["ops"] })] });
  await send(room, { receiver: "ops", content: { said: "it is the-secret-of-this-test" } });
  expect(sent[0]?.content).toEqual({ type: "json", value: { said: "it is [redacted:TOKEN]" } });
});

test("a module of the core interface sends with the function of older hosts, and its log has why it may not", async () => {
  const wabt = await initWabt();
  const file = join(fileURLToPath(new URL(".", import.meta.url)), "guests/sender.wat");
  const parsed = wabt.parseWat("sender.wat", readFileSync(file, "utf8"));
  const module = parsed.toBinary({}).buffer;
  const heard: JsonObject[] = [];
  await using room = new Room({}, (broker) => ({
    ...broker,
    messages: {
      send: async (_caller, message) => {
        heard.push(message);
        if (heard.length > 1) return { type: "refused", code: "denied", message: "not any more" };
        return { type: "sent", id: "m", conversationId: "m", recipients: ["listener"] };
      },
    },
  }));
  const tools = [
    {
      name: "send",
      description: "sends",
      input_schema: { type: "object" as const },
      read_only: false,
      idempotent: false,
    },
  ];
  await room.deploy(module, "sender", { tools });
  expect(await room.text("sender.send")).toBe("sent");
  expect(await room.text("sender.send")).toBe("refused");
  expect(heard[0]).toEqual({ receiver: "listener", content: "hello" });
  expect(room.sandbox.logs("sender").map(({ text }) => text)).toEqual([
    "warn: the message was not sent: not any more [denied]",
  ]);
});

// messages.tool-message-broker.T4
test("nothing is sent on behalf of a caller that may not send messages", async () => {
  const { sent, mail } = office();
  const refusals: RunRefusal[] = [];
  const letters = new ToolMessageBroker({
    ...mail,
    audit: () => {},
    onRefused: (refusal) => refusals.push(refusal),
    redact: (_server, message) => message,
    contentBytesMax: 1_000,
    clock: systemClock,
  });
  const caller = callerWith({ messages: [messageGrant({ receivers: ["ops"] })] });
  const as = (lacks: RunCaller["lacks"]) => {
    const onBehalfOf = { id: "key_1", kind: "key", name: "ci", role: "starter", lacks };
    return { ...caller, context: { ...caller.context, onBehalfOf } };
  };
  expect(await letters.send(as(["messages:send"]), { receiver: "ops", content: "x" })).toMatchObject({
    type: "refused",
    code: "denied",
    message: expect.stringContaining("lacks the permission messages:send"),
  });
  expect(refusals).toMatchObject([{ caller: { id: "key_1" }, right: "messages:send" }]);
  expect(sent).toEqual([]);
  await letters.send(as(["memory:read"]), { receiver: "ops", content: "x" });
  expect(sent).toMatchObject([{ onBehalfOf: { lacks: ["memory:read"] } }]);
});
