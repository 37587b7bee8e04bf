import * as z from "zod";
import { ExpectedActs } from "./messages.ts";
import { PERFORMATIVES } from "../../kernel/performatives.ts";
import { ListQuery, page } from "./problem.ts";

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
    state: z
      .string()
      .meta({ description: "Of its part, as the protocol's table names it; free where nothing is checked" }),
    deadline: Instant.nullable().meta({ description: "The last moment for whoever's turn it is" }),
    round: z.int(),
  })
  .meta({ id: "ConversationParticipant" });

export const Conversation = z
  .object({
    id: z.string(),
    protocol: z.string().nullable(),
    state: z.enum(CONVERSATION_STATES),
    outcome: z.string().nullable().meta({ description: "done, rejected, refused; or why it failed or expired" }),
    initiator: Name,
    participants: z.array(ConversationParticipant),
    messages: z.int(),
    capability: z.string().nullable(),
    topic: z.string().nullable(),
    started_at: Instant,
    last_activity_at: Instant,
    due_at: Instant.nullable().meta({ description: "When something ends in it unless somebody speaks" }),
    expires_at: Instant.nullable(),
    parent: z.string().nullable(),
    branches: z.array(z.string()),
    merged: z.array(z.string()),
    archived_at: Instant.nullable(),
    stuck: z
      .boolean()
      .meta({ description: "Somebody's deadline has passed, or it is open and nothing was said for an hour" }),
    expected: z
      .array(ExpectedActs)
      .meta({ description: "What the protocol allows next; empty in lists, in free and in ended conversations" }),
  })
  .meta({ id: "Conversation" });
export type Conversation = z.infer<typeof Conversation>;
export const ConversationPage = page(Conversation).meta({ id: "ConversationPage" });
export type ConversationPage = z.infer<typeof ConversationPage>;

export const ConversationQuery = ListQuery.extend({
  // An id has up to 256 characters.
  cursor: z.string().max(300).optional(),
  state: z.enum(CONVERSATION_STATES).optional(),
  protocol: z.string().optional(),
  participant: Name.optional(),
  parent: z.string().optional(),
  archived: z.stringbool().default(false),
  order: z
    .enum(["changed", "stuck"])
    .default("changed")
    .meta({ description: "changed: the last changed first; stuck: those that are stuck before the others" }),
});

export const ArchiveBody = z
  .strictObject({
    older_than: z.string().meta({ description: "Since the last message: 12h, 30d" }),
    state: z.enum(CONVERSATION_STATES).optional().meta({ description: "Only those; default: all that are over" }),
    dry_run: z.boolean().default(false),
  })
  .meta({ id: "ArchiveConversations" });
export const MergeBody = z
  .strictObject({ into: z.string().meta({ description: "The conversation it goes on in" }) })
  .meta({ id: "MergeConversation" });
export const ArchiveReport = z.object({ archived: z.int(), dry_run: z.boolean() }).meta({ id: "ArchiveReport" });
export type ArchiveReport = z.infer<typeof ArchiveReport>;

export const ProtocolStep = z.object({
  by: z.enum(["initiator", "participant", "target", "deadline", "rival"]),
  act: z.enum(PERFORMATIVES).nullable(),
  from: z.string(),
  to: z.string(),
  means: z.string(),
  extension: z.boolean(),
});
/** An interaction protocol as its table says. */
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
