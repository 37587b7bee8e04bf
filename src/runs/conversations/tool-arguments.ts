import * as z from "zod";
import { Json, JsonObject } from "../../kernel/json.ts";
import { PERFORMATIVES } from "../../messaging/acl/index.ts";

const MINUTES_MAX = 24 * 60;
const ASK_MINUTES = 10;

const Name = z.string().min(1).max(256);

/** Whom a message is for; exactly one of them. */
const addresses = {
  to: z
    .union([Name, z.array(Name).min(1).max(100)])
    .optional()
    .meta({ description: "Name of an agent, or a list of names" }),
  capability: Name.optional().meta({ description: "Or a capability: goes to an agent that provides it" }),
};

const content = Json.meta({ description: "What you say: text, or any JSON" });

export const SendArguments = z.strictObject({
  ...addresses,
  topic: Name.optional().meta({ description: "Or a topic: goes to its subscribers" }),
  broadcast: z.boolean().optional().meta({ description: "Or true: every agent of the workspace gets it" }),
  performative: z.enum(PERFORMATIVES).default("inform").meta({ description: "What you do by saying it" }),
  content,
  conversation_id: Name.optional().meta({ description: "A conversation that this belongs to; a new one without it" }),
  in_reply_to: Name.optional().meta({ description: "What it answers, as the message said in reply_with" }),
  protocol: Name.optional().meta({ description: "As in fipa-request; then the conversation is checked" }),
});

export const AskArguments = z.strictObject({
  ...addresses,
  performative: z.enum(["request", "query-if", "query-ref", "propose", "subscribe"]).default("request").meta({
    description: "request to have something done, query-ref to ask for information, query-if to ask whether",
  }),
  content,
  conversation_id: Name.optional(),
  minutes: z.number().positive().max(MINUTES_MAX).default(ASK_MINUTES).meta({
    description: "How long to wait for the answer",
  }),
});

export const CallArguments = z.strictObject({
  ...addresses,
  task: z.string().min(1).meta({ description: "What is to be done, in words" }),
  data: Json.optional().meta({ description: "What is needed for it, as JSON" }),
  score: z.string().min(1).max(4_000).optional().meta({
    description:
      "Which proposal is best: an expression over its terms, as in bid.cost + bid.seconds / 60.0; the lowest wins. Without it cost and seconds decide, and what is known of who proposes",
  }),
  bid_minutes: z.number().positive().max(60).default(1).meta({ description: "How long proposals are waited for" }),
  work_minutes: z
    .number()
    .positive()
    .max(MINUTES_MAX)
    .default(ASK_MINUTES)
    .meta({ description: "How long the work may take" }),
});

const Price = z.number().min(-1e12).max(1e12);

export const AuctionArguments = z.strictObject({
  ...addresses,
  item: z.string().min(1).meta({ description: "What is sold, or the work that the winner is to do, in words" }),
  data: Json.optional().meta({ description: "What bidders need to know of it, as JSON" }),
  kind: z.enum(["english", "dutch", "sealed"]).default("english").meta({
    description:
      "english: the price rises, the last bid wins; dutch: it falls, the first bid wins; sealed: each bids once, unseen, the highest wins",
  }),
  start: Price.optional().meta({ description: "First price; not for sealed bids" }),
  step: z
    .number()
    .positive()
    .max(1e12)
    .optional()
    .meta({ description: "Change of the price from call to call; not for sealed bids" }),
  reserve: Price.optional().meta({ description: "Least price of a sale" }),
  second_price: z.boolean().default(false).meta({ description: "sealed: the winner pays the second highest price" }),
  deliver: z.boolean().optional().meta({ description: "english: ask the winner to do it, and wait for the result" }),
  bid_minutes: z
    .number()
    .positive()
    .max(60)
    .default(1)
    .meta({ description: "How long bids at one price are waited for" }),
  work_minutes: z.number().positive().max(MINUTES_MAX).default(ASK_MINUTES).meta({
    description: "How long delivering may take",
  }),
});

export const SubscribeArguments = z.strictObject({
  topic: Name.optional().meta({
    description: "A topic, or a pattern of topics: prices.* is one word, prices.# any number",
  }),
  to: Name.optional().meta({ description: "Or an agent that is to send notifications" }),
  capability: Name.optional().meta({
    description: "Or a capability: one agent that provides it is to send notifications",
  }),
  about: Json.optional().meta({ description: "For an agent: what you want to be notified of, text or JSON" }),
  where: z.string().min(1).max(4_000).optional().meta({
    description: "For a topic: only messages for which this expression holds, as in message.content.price < 10",
  }),
});
export const UnsubscribeArguments = z.strictObject({ id: Name.meta({ description: "As subscribe gave it" }) });

export const NotifyArguments = z.strictObject({ content });

export const FindArguments = z.strictObject({
  words: z.string().max(1_000).optional().meta({ description: "What you need, in a few words" }),
  capability: Name.optional().meta({ description: "Only those that provide exactly this" }),
  limit: z.int().min(1).max(50).default(10),
});

export const ReplyArguments = z.strictObject({
  performative: z
    .enum(PERFORMATIVES)
    .meta({ description: "What your answer is: agree, refuse, inform, accept-proposal …" }),
  content,
});

export const inputSchema = (schema: z.ZodType): JsonObject =>
  JsonObject.parse(z.toJSONSchema(schema, { io: "input", target: "draft-2020-12", unrepresentable: "any" }));
