import * as z from "zod";
import { ExpectedActs } from "./messages.ts";
import { PERFORMATIVES } from "../../../kernel/performatives.ts";
import { ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();
const Name = z.string();

export const CONVERSATION_STATES = [
  "initiated",
  "in-progress",
  "completed",
  "failed",
  "expired",
  "cancelled",
  "merged",
] as const;

export const ConversationParticipant = z
  .object({
    name: Name,
    role: z.string().meta({ description: "initiator, participant or target" }),
    state: z.string().meta({ description: "State of its part in the protocol; free if no protocol is checked" }),
    deadline: Instant.nullable().meta({ description: "Deadline of its next act, if one is expected" }),
    round: z.int(),
  })
  .meta({ id: "ConversationParticipant" });

export const Conversation = z
  .object({
    id: z.string(),
    protocol: z.string().nullable(),
    state: z.enum(CONVERSATION_STATES),
    outcome: z
      .string()
      .nullable()
      .meta({ description: "done, rejected or refused; or the cause of its failure or expiry" }),
    initiator: Name,
    participants: z.array(ConversationParticipant),
    messages: z.int(),
    capability: z.string().nullable(),
    topic: z.string().nullable(),
    started_at: Instant,
    last_activity_at: Instant,
    due_at: Instant.nullable().meta({ description: "Time of its next deadline" }),
    expires_at: Instant.nullable(),
    parent: z.string().nullable(),
    branches: z.array(z.string()),
    merged: z.array(z.string()),
    archived_at: Instant.nullable(),
    stuck: z
      .boolean()
      .meta({ description: "A participant's deadline has passed, or it is open and has had no message for an hour" }),
    expected: z.array(ExpectedActs).meta({
      description: "Performatives that the protocol allows next; empty in lists, in free and in ended conversations",
    }),
  })
  .meta({ id: "Conversation" });
export type Conversation = z.infer<typeof Conversation>;
export const ConversationPage = page(Conversation).meta({ id: "ConversationPage" });
export type ConversationPage = z.infer<typeof ConversationPage>;

export const ConversationQuery = ListQuery.extend({
  // An id has up to 256 characters.
  state: z.enum(CONVERSATION_STATES).optional(),
  protocol: z.string().optional(),
  participant: Name.optional(),
  parent: z.string().optional(),
  archived: z.stringbool().default(false),
  order: z
    .enum(["changed", "stuck"])
    .default("changed")
    .meta({ description: "changed: last changed first; stuck: stuck conversations before others" }),
});

export const ArchiveBody = z
  .strictObject({
    older_than: z.string().meta({ description: "Minimum time since the last message, for example 12h or 30d" }),
    state: z
      .enum(CONVERSATION_STATES)
      .optional()
      .meta({ description: "Archive only conversations in this state. Default: all ended ones" }),
    dry_run: z.boolean().default(false),
  })
  .meta({ id: "ArchiveConversations" });
export const MergeBody = z
  .strictObject({ into: z.string().meta({ description: "Id of the conversation that continues" }) })
  .meta({ id: "MergeConversation" });
export const ArchiveReport = z.object({ archived: z.int(), dry_run: z.boolean() }).meta({ id: "ArchiveReport" });

export const ProtocolStep = z.object({
  by: z.enum(["initiator", "participant", "target", "deadline", "rival"]),
  act: z.enum(PERFORMATIVES).nullable(),
  from: z.string(),
  to: z.string(),
  means: z.string(),
  extension: z.boolean(),
});
/** An interaction protocol with its state table. */
export const Protocol = z
  .object({
    name: z.string(),
    title: z.string(),
    specification: z.string(),
    purpose: z.string(),
    aliases: z.array(z.string()),
    opening: z.array(z.enum(PERFORMATIVES)),
    states: z.array(z.object({ name: z.string(), awaits: z.string(), ending: z.string().nullable() })),
    steps: z.array(ProtocolStep),
  })
  .meta({ id: "Protocol" });
export type Protocol = z.infer<typeof Protocol>;
export const ProtocolList = z.object({ items: z.array(Protocol) }).meta({ id: "ProtocolList" });
