import { expect, test } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import { mint, ToolCallId } from "../../kernel/ids.ts";
import { composeMessage, type Message, type MessageDraft } from "../../messaging/acl/index.ts";
import { advance, type Conversation, CONVERSATION_TERMS } from "../../messaging/protocols/index.ts";
import type { Submitted } from "../../messaging/router/index.ts";
import { NO_USAGE, type ToolCall, type ToolResult } from "../../tools/catalogue/index.ts";
import { SUBSCRIBE_PROTOCOL, notifySubscribers, unsubscribe } from "./subscribing.ts";

// verifies("protocol.subscribe")

const write = (sender: string, to: string, draft: Partial<MessageDraft>): Message =>
  composeMessage({
    workspace: "default",
    performative: "inform",
    sender,
    address: { type: "receivers", names: [to] },
    content: { type: "text", text: "" },
    protocol: SUBSCRIBE_PROTOCOL,
    atMs: systemClock.nowMs(),
    ...draft,
  });

/** The conversation in which `subscriber` subscribed to the press, which agreed or has said nothing yet. */
function subscription(id: string, subscriber: string, hasAgreed: boolean): Conversation {
  const asked = write(subscriber, "press", { performative: "subscribe", conversationId: id, replyWith: `${id}-call` });
  const answer = write("press", subscriber, {
    performative: "agree",
    conversationId: id,
    inReplyTo: `${id}-call`,
  });
  const begun = advance(undefined, asked, ["press"], CONVERSATION_TERMS);
  if (begun.type !== "moved") throw new Error("not allowed");
  const after = hasAgreed ? advance(begun.conversation, answer, [subscriber], CONVERSATION_TERMS) : begun;
  if (after.type !== "moved") throw new Error("not allowed");
  return after.conversation;
}

function place(...conversations: readonly Conversation[]) {
  const sent: Message[] = [];
  const deps = {
    clock: systemClock,
    post: {
      submit: async (message: Message): Promise<Submitted> => {
        sent.push(message);
        const { id, conversationId, durability } = message;
        return { type: "accepted", id, seq: 1, conversationId, recipients: [], duplicate: false, durability };
      },
    },
    subscriptions: {
      list: () => [],
      subscribe: () => Promise.reject(new Error("no subscriptions here")),
      unsubscribe: () => Promise.reject(new Error("there is none")),
    },
    conversations: {
      conversation: async (_workspace: string, id: string) => conversations.find((each) => each.id === id),
      conversations: async () => conversations,
    },
  };
  return { deps, sent };
}

const callBy = (agent: string): ToolCall => ({
  id: mint(ToolCallId),
  server: "messages",
  tool: "any",
  arguments: {},
  context: { session: "s", workspace: "default", agent, files: [] },
});
const done = (text: string): ToolResult => ({
  type: "done",
  content: [{ type: "text", text }],
  structured: undefined,
  usage: NO_USAGE,
});

test("notifies subscribers whose subscription was agreed to, each in the conversation of the subscription", async () => {
  const { deps, sent } = place(
    subscription("one", "alice", true),
    subscription("two", "bob", false),
    subscription("three", "cid", true),
  );
  const result = await notifySubscribers(deps, callBy("press"), { content: { news: 1 } }, { draft: {}, done });
  expect(result).toMatchObject({ content: [{ text: "Notified alice, cid." }] });
  expect(sent).toMatchObject([
    { performative: "inform", conversationId: "one", inReplyTo: "one-call", protocol: SUBSCRIBE_PROTOCOL },
    { performative: "inform", conversationId: "three", inReplyTo: "three-call" },
  ]);
  const unsent = await notifySubscribers(deps, callBy("alice"), { content: "x" }, { draft: {}, done });
  expect(unsent).toMatchObject({ content: [{ text: "No agent has subscribed." }] });
});

test("a subscription to an agent is ended by a cancel from its subscriber and by no other agent", async () => {
  const { deps, sent } = place(subscription("one", "alice", true));
  expect(await unsubscribe(deps, callBy("bob"), "one", done)).toMatchObject({ type: "failed" });
  expect(await unsubscribe(deps, callBy("alice"), "other", done)).toMatchObject({ type: "failed" });
  expect(await unsubscribe(deps, callBy("alice"), "one", done)).toMatchObject({ type: "done" });
  expect(sent).toMatchObject([
    { performative: "cancel", conversationId: "one", address: { names: ["press"] }, sender: "alice" },
  ]);
});
