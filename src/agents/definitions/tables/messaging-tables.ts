import * as z from "zod";
import { durationText } from "../../../text/documents/index.ts";
import { ACT_HANDLER_NAMES, type ActHandler } from "../prompts/act-prompts.ts";

const AUTO_RESPOND = true;
const CONTEXT_MESSAGES_MAX = 100;
const TURNS_MAX = 50;

/** How an agent takes part in conversations. What is not named has its default. */
export const MessagingTable = z
  .strictObject({
    auto_respond: z.boolean().default(AUTO_RESPOND).meta({
      description:
        "Send a run's answer, or its failure, back to who wrote; false leaves answers to the tool messages.reply",
    }),
    context_window: z.int().min(0).max(CONTEXT_MESSAGES_MAX).optional().meta({
      description:
        "Earlier messages of the conversation that a run is shown at most, and {{history}} (default there: 8). Default: as many as [context] allows",
    }),
    on_failure: z.enum(["record", "run"]).default("record").meta({
      description: "A failure or not-understood that no run waits for: store it only, or start a run",
    }),
    max_price: z
      .number()
      .optional()
      .meta({
        description:
          "Private limit in auctions. The server bids for the agent up to this price, without a run. Default: a run names the limit",
        examples: [30],
      }),
    conversation_timeout: durationText().optional(),
    max_conversation_length: z.int().min(1).optional(),
    response_format: z.enum(["structured", "natural", "hybrid"]).optional(),
  })
  .meta({ description: "How the agent takes part in conversations with others" });

const template = z.string().min(1).optional();

/** Prompts by what a message is; a message that none is for is put to the model in words of Caxton's. */
export const PromptTemplatesTable = z
  .strictObject({
    request_handler: template.meta({
      description: "For request and its like",
      examples: ["{{sender}} asks: {{request}}"],
    }),
    query_handler: template.meta({ description: "For query-if and query-ref" }),
    inform_handler: template.meta({ description: "For inform, confirm, disconfirm and agree" }),
    cfp_handler: template.meta({ description: "For calls for proposals" }),
    propose_handler: template.meta({ description: "For proposals" }),
    accept_handler: template.meta({ description: "For proposals of its own that were accepted" }),
    reject_handler: template.meta({ description: "For proposals of its own that were rejected" }),
    subscribe_handler: template.meta({ description: "For subscriptions" }),
    failure_handler: template.meta({ description: "For failure, refuse and not-understood that start a run" }),
  } satisfies { readonly [Handler in ActHandler]: z.ZodType })
  .meta({
    description:
      "Prompts for messages, with {{request}} for the content, {{sender}}, {{performative}}, {{conversation_id}}, {{protocol}} and {{history}}",
  });

/** How an agent takes part in conversations, with its defaults. */
export const AgentMessaging = z.object({
  autoRespond: z.boolean().default(AUTO_RESPOND),
  /** Undefined: as many as fit. */
  contextMessages: z.int().optional(),
  runsOnFailure: z.boolean().default(false),
  /** Handling of a message of a thread while a turn is in progress. */
  whenBusy: z.enum(["queue", "steer", "interrupt", "reject"]).default("queue"),
  /** The most it pays in an auction; undefined: a run says how much. Other participants do not hear it. */
  priceMax: z.number().optional(),
  /** Runs of it in one conversation. */
  turnsMax: z.int().default(TURNS_MAX),
  templates: z.partialRecord(z.enum(ACT_HANDLER_NAMES), z.string()).default({}),
});
export type AgentMessaging = z.infer<typeof AgentMessaging>;
