import * as z from "zod";

/** Scope of the memory: `workspace`, the agent's own, global, or that of the conversation the run takes part in. */
export const TOOL_SCOPES = ["workspace", "agent-only", "global", "conversation"] as const;
const Scope = z.enum(TOOL_SCOPES).default("workspace").meta({
  description:
    "workspace: shared by all its agents; agent-only: you alone; global: shared by all workspaces; conversation: shared by the participants of this one",
});
const Name = z.string().min(1).max(256);
const Text = z.string().min(1).max(100_000);
const BATCH_MAX = 100;
const Limit = z.int().min(1).max(100);
const Tokens = z.int().min(50).max(100_000);

export const RememberArguments = z.strictObject({
  about: Name.meta({ description: "Whom or what it is about: a person, thing or topic, by the name it goes by" }),
  facts: z.array(Text).min(1).max(BATCH_MAX).meta({ description: "What to remember, one fact a string" }),
  type: Name.optional().meta({ description: "What it is, as in person, project, place" }),
  scope: Scope,
});
export const RecallArguments = z.strictObject({
  query: z.string().min(1).max(10_000).meta({ description: "What you want to know, as a question or in words" }),
  limit: Limit.default(5),
  max_tokens: Tokens.default(2_000).meta({ description: "About how much you want to read" }),
});
export const ForgetArguments = z.strictObject({
  about: Name.meta({ description: "Whom or what it is about, by the exact name" }),
  facts: z
    .array(Text)
    .max(BATCH_MAX)
    .default([])
    .meta({ description: "The exact facts; without them everything about it" }),
  scope: Scope,
});

// The nine of the reference memory server take what it takes where that means something: lists without anything in them, types and
// texts without a letter. Those say nothing and are passed over.
const Texts = z.array(z.string().max(100_000)).max(1_000);

export const CreateEntitiesArguments = z.strictObject({
  entities: z.array(z.strictObject({ name: Name, entityType: z.string().max(64), observations: Texts })).max(BATCH_MAX),
  scope: Scope,
});
const RelationArguments = z.strictObject({
  from: Name,
  to: Name,
  relationType: z.string().min(1).max(64).meta({ description: "In active voice, as works_at" }),
});
export const RelationsArguments = z.strictObject({
  relations: z.array(RelationArguments).max(BATCH_MAX),
  scope: Scope,
});
export const AddObservationsArguments = z.strictObject({
  observations: z.array(z.strictObject({ entityName: Name, contents: Texts })).max(BATCH_MAX),
  scope: Scope,
});
export const DeleteEntitiesArguments = z.strictObject({
  entityNames: z.array(Name).max(BATCH_MAX),
  scope: Scope,
});
export const DeleteObservationsArguments = z.strictObject({
  deletions: z.array(z.strictObject({ entityName: Name, observations: Texts })).max(BATCH_MAX),
  scope: Scope,
});
const Cursor = z.string().max(1_000).optional().meta({ description: "`next` of the answer before" });
const MaxTokens = Tokens.optional().meta({
  description: "About how much you want to read at most, in tokens; a quarter of it is kept for relations",
});
export const ReadGraphArguments = z.strictObject({
  limit: Limit.default(50),
  cursor: Cursor,
  includeObservations: z.boolean().default(true),
  maxTokens: MaxTokens,
  scope: Scope,
});
export const SearchNodesArguments = z.strictObject({
  query: z.string().max(10_000).meta({ description: "A question or words; empty: all entities, by name" }),
  limit: Limit.default(10),
  cursor: Cursor,
  includeObservations: z.boolean().default(true),
  maxTokens: MaxTokens,
});
export const OpenNodesArguments = z.strictObject({
  names: z.array(Name).max(BATCH_MAX),
  limit: Limit.default(BATCH_MAX),
  cursor: Cursor,
  maxTokens: MaxTokens,
  scope: Scope,
});
