import type * as z from "zod";
import { type Tool, type ToolEffects } from "../../tools/catalogue/index.ts";
import { MESSAGES, REPLY } from "./answer.ts";
import {
  AskArguments,
  AuctionArguments,
  CallArguments,
  FindArguments,
  inputSchema,
  ReplyArguments,
  SendArguments,
  SubscribeArguments,
  NotifyArguments,
  UnsubscribeArguments,
} from "./tool-arguments.ts";

// The tools by which models take part in conversations, as they are described to them.

const SENDS: ToolEffects = { readOnly: false, idempotent: true };
const LOOKS: ToolEffects = { readOnly: true, idempotent: true };

const tool = (
  name: string,
  [title, description]: readonly [string, string],
  of: { readonly schema: z.ZodType; readonly effects: ToolEffects },
): Tool => ({
  server: MESSAGES,
  name,
  title,
  description,
  inputSchema: inputSchema(of.schema),
  outputSchema: undefined,
  effects: of.effects,
});

export const SEND = tool(
  "send_message",
  [
    "Send a message",
    "Sends a message to agents, by name, capability, topic or to all, and does not wait for an answer.",
  ],
  { schema: SendArguments, effects: SENDS },
);
export const ASK = tool(
  "ask",
  [
    "Ask another agent",
    "Asks another agent, by name or by capability, and waits for its answer, which is the result. Ask several in one turn when they can work side by side.",
  ],
  { schema: AskArguments, effects: SENDS },
);
export const CALL = tool(
  "call_for_proposals",
  [
    "Offer a task",
    "Offers a task to several agents, by name or by capability, gives it to the one with the best proposal and waits for the result. When that one fails the next best gets it.",
  ],
  { schema: CallArguments, effects: SENDS },
);
export const AUCTION = tool(
  "auction",
  [
    "Hold an auction",
    "Sells something to several agents, by name or by capability: to the last bid as the price rises, to the first as it falls, or to the highest of sealed bids. Waits for the end.",
  ],
  { schema: AuctionArguments, effects: SENDS },
);
export const SUBSCRIBE = tool(
  "subscribe",
  [
    "Subscribe",
    "Subscribes to a topic, or to notifications of an agent: from now on messages there start runs of this agent, until it unsubscribes.",
  ],
  { schema: SubscribeArguments, effects: SENDS },
);
export const UNSUBSCRIBE = tool("unsubscribe", ["End a subscription", "Ends a subscription of this agent."], {
  schema: UnsubscribeArguments,
  effects: SENDS,
});
export const NOTIFY = tool(
  "tell_subscribers",
  [
    "Notify subscribers",
    "Sends a notification to all who subscribed to this agent and whose subscription it agreed to.",
  ],
  { schema: NotifyArguments, effects: SENDS },
);
export const FIND = tool(
  "find_agents",
  ["Find agents", "Lists the agents, what they do and which capabilities they provide."],
  { schema: FindArguments, effects: LOOKS },
);
export const ANSWER = tool(
  REPLY,
  [
    "Answer the message",
    "Answers the message that you are working on with an act of your choice, such as refuse or accept-proposal. Without it your final text is the answer.",
  ],
  { schema: ReplyArguments, effects: SENDS },
);
