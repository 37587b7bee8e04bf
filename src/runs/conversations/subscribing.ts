import type * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { type Address, composeMessage, type Message, USER_SENDER } from "../../messaging/acl/index.ts";
import type { Conversation } from "../../messaging/protocols/index.ts";
import { failedCall, type ToolCall, type ToolResult } from "../../tools/catalogue/index.ts";
import { cancellationId, messageIdOf } from "../../messaging/acl/index.ts";
import type { ConversationRecords, MessageSender, SubscriptionService } from "./ports.ts";
import type { NotifyArguments } from "./tool-arguments.ts";
import { contentFrom } from "./content.ts";

export type SubscribingDeps = {
  readonly post: MessageSender;
  readonly subscriptions: SubscriptionService;
  readonly conversations: ConversationRecords;
  readonly clock: Clock;
};

export const SUBSCRIBE_PROTOCOL = "fipa-subscribe";
/** State of a subscriber whose subscription was agreed to, in the protocol's table. */
const SUBSCRIBED = "subscribed";
/** Conversations that are looked at, the last changed first. */
const SUBSCRIPTIONS_MAX = 1_000;

type Done = (text: string, structured: { readonly [key: string]: string | readonly string[] }) => ToolResult;

/** Ends a subscription of the calling agent: to a topic, or to an agent, which gets a `cancel`. */
export async function unsubscribe(
  { post, subscriptions, conversations, clock }: SubscribingDeps,
  { id: callId, context }: ToolCall,
  id: string,
  done: Done,
): Promise<ToolResult> {
  const { workspace, agent = USER_SENDER } = context;
  const own = subscriptions.list(workspace, agent);
  if (own.some((each) => each.id === id)) {
    await subscriptions.unsubscribe(workspace, id);
    return done("Unsubscribed.", { subscription: id });
  }
  const conversation = await conversations.conversation(workspace, id);
  const publishers = conversation === undefined ? [] : subscribedTo(conversation, agent);
  if (publishers.length === 0) {
    const topics = own.map((each) => `${each.id} (${each.topic})`).join(", ");
    return failedCall(
      "invalid-arguments",
      `there is no subscription ${id} of this agent; to topics it has: ${topics || "none"}.`,
    );
  }
  const noticeMessage = messageIdOf(callId, "message");
  const submitted = await post.submit(
    composeMessage({
      id: noticeMessage,
      workspace,
      performative: "cancel",
      sender: agent,
      onBehalfOf: context.onBehalfOf,
      address: { type: "receivers", names: publishers },
      content: { type: "text", text: "" },
      protocol: SUBSCRIBE_PROTOCOL,
      conversationId: id,
      replyWith: cancellationId(noticeMessage),
      atMs: clock.nowMs(),
    }),
  );
  if (submitted.type === "accepted") return done("Unsubscribed.", { subscription: id });
  return failedCall("tool-error", `${submitted.error.message} [${submitted.error.code}].`);
}

const subscribedTo = ({ protocol, initiator, participants }: Conversation, agent: string): readonly string[] =>
  protocol === SUBSCRIBE_PROTOCOL && isSame(initiator, agent)
    ? participants.filter(({ state }) => state === SUBSCRIBED).map(({ name }) => name)
    : [];

/** Notifies all subscribers of the calling agent, each in its own conversation. */
export async function notifySubscribers(
  { post, conversations, clock }: SubscribingDeps,
  call: ToolCall,
  wanted: z.output<typeof NotifyArguments>,
  {
    draft,
    done,
  }: { readonly draft: Partial<Pick<Message, "hops" | "trail" | "trace" | "onBehalfOf">>; readonly done: Done },
): Promise<ToolResult> {
  const { workspace, agent } = call.context;
  if (agent === undefined) return failedCall("tool-error", "only an agent has subscribers.");
  const query = { workspace, protocol: SUBSCRIBE_PROTOCOL, participant: agent, limit: SUBSCRIPTIONS_MAX };
  const open = (await conversations.conversations(query)).filter((each) => isSubscriber(each, agent));
  const notified: string[] = [];
  for (const conversation of open) {
    const { id: conversationId, initiator } = conversation;
    const inReplyTo = lastCall(conversation, agent);
    const address: Address = { type: "receivers", names: [initiator] };
    const submitted = await post.submit(
      composeMessage({
        ...draft,
        id: messageIdOf(call.id, `to ${conversationId}`),
        workspace,
        performative: "inform",
        sender: agent,
        address,
        content: contentFrom(wanted.content),
        protocol: SUBSCRIBE_PROTOCOL,
        conversationId,
        inReplyTo,
        atMs: clock.nowMs(),
      }),
    );
    if (submitted.type === "accepted") notified.push(initiator);
  }
  const text = notified.length === 0 ? "No agent has subscribed." : `Notified ${notified.join(", ")}.`;
  return done(text, { subscribers: notified });
}

const partOf = ({ participants }: Conversation, agent: string) => participants.find(({ name }) => isSame(name, agent));
const isSubscriber = (conversation: Conversation, agent: string): boolean =>
  partOf(conversation, agent)?.state === SUBSCRIBED;
const lastCall = (conversation: Conversation, agent: string): string | undefined => {
  const call = partOf(conversation, agent)?.calls.at(-1);
  return call?.replyWith ?? call?.id;
};

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
