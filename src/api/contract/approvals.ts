import * as z from "zod";
import { Json } from "../../kernel/json.ts";
import { ListQuery, page } from "./problem.ts";

const Instant = z.iso.datetime();
const NOTE_CHARS_MAX = 2_000;
const Arguments = z.record(z.string(), Json);

export const ApprovalState = z.enum(["open", "approved", "denied", "expired", "void", "cancelled"]);
export type ApprovalState = z.infer<typeof ApprovalState>;

/** A call of a tool that waits, or waited, for a person. */
export const Approval = z
  .object({
    id: z.string(),
    run: z.string(),
    call_id: z.string(),
    agent: z.string(),
    revision: z.int(),
    tool: z.string().meta({ description: "server.tool" }),
    input_preview: z.string().meta({ description: "First 200 characters of the run's request" }),
    arguments: Arguments.meta({ description: "What the model wants to call it with" }),
    hash: z.string().meta({ description: "Hash of agent revision, tool, arguments, rules and tool server" }),
    state: ApprovalState.meta({
      description: "void: what was asked for changed before the answer; cancelled: its run ended",
    }),
    level: z.enum(["server", "definition"]).meta({ description: "Whose rule asks" }),
    rule: z.string().meta({ description: "The rule as written; ask_destructive where the tool's own word asks" }),
    reason: z.string().meta({ description: "Why it is asked again; empty the first time" }),
    approvers: z.array(z.string()).meta({ description: "Roles that may answer; empty is all" }),
    asked_at: Instant,
    expires_at: Instant,
    answered_at: Instant.nullable(),
    by: z.object({ name: z.string(), role: z.string() }).nullable(),
    note: z.string().meta({ description: "What who answered said; the model is told. Of a void one, what changed" }),
    edited_arguments: Arguments.nullable().meta({ description: "What it was made with, where a person changed it" }),
    remember: z.boolean().meta({ description: "Approved for all calls of the tool against the same rule in this run" }),
  })
  .meta({ id: "Approval" });
export type Approval = z.infer<typeof Approval>;

export const ApprovalPage = page(Approval)
  .extend({ open: z.int().meta({ description: "How many wait in all" }) })
  .meta({ id: "ApprovalPage" });
export type ApprovalPage = z.infer<typeof ApprovalPage>;

export const ApprovalQuery = ListQuery.extend({
  cursor: z.uuidv7().optional(),
  state: ApprovalState.optional(),
  run: z.string().optional().meta({ description: "Those of one run" }),
  order: z
    .enum(["oldest", "newest"])
    .optional()
    .meta({ description: "Which come first. Default: oldest with state=open, otherwise newest" }),
});

const hash = z
  .string()
  .optional()
  .meta({ description: "`hash` of the approval that was displayed; 409 APPROVAL_MISMATCH if the call has another" });
const note = z.string().max(NOTE_CHARS_MAX).default("");

export const ApproveBody = z
  .strictObject({
    hash,
    arguments: Arguments.optional().meta({ description: "Make the call with these instead; they must fit the tool" }),
    note: note.meta({ description: "Told to the model with the result" }),
    remember: z
      .boolean()
      .default(false)
      .meta({ description: "Do not ask again in this run for calls of the tool that the same rule is about" }),
  })
  .meta({ id: "Approve" });
export const DenyBody = z
  .strictObject({ hash, reason: note.meta({ description: "Told to the model" }) })
  .meta({ id: "Deny" });
