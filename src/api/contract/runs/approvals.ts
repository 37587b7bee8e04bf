import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { ListQuery, page } from "../problem.ts";

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
    arguments: Arguments.meta({ description: "Arguments that the model requested" }),
    hash: z.string().meta({ description: "Hash of agent revision, tool, arguments, rules and tool server" }),
    state: ApprovalState.meta({
      description: "void: the call changed before the answer; cancelled: its run ended",
    }),
    level: z
      .enum(["server", "definition", "request"])
      .meta({ description: "Level of the rule that requires approval; request: side_effects of the run" }),
    rule: z
      .string()
      .meta({ description: "The rule as written; ask_destructive if the tool declares itself destructive" }),
    reason: z.string().meta({ description: "Why approval is requested again; empty the first time" }),
    approvers: z.array(z.string()).meta({ description: "Roles that may answer; empty: all" }),
    asked_at: Instant,
    expires_at: Instant,
    answered_at: Instant.nullable(),
    by: z.object({ name: z.string(), role: z.string() }).nullable(),
    note: z.string().meta({ description: "Note of the approver, which the model receives; if void, the change" }),
    edited_arguments: Arguments.nullable().meta({ description: "Arguments of the call, if a person edited them" }),
    remember: z.boolean().meta({ description: "Approved for all calls of the tool against the same rule in this run" }),
  })
  .meta({ id: "Approval" });
export type Approval = z.infer<typeof Approval>;

export const ApprovalPage = page(Approval)
  .extend({ open: z.int().meta({ description: "Number of pending approvals" }) })
  .meta({ id: "ApprovalPage" });

export const ApprovalQuery = ListQuery.extend({
  state: ApprovalState.optional(),
  run: z.string().optional().meta({ description: "Only approvals of this run and those below it" }),
  order: z
    .enum(["oldest", "newest"])
    .optional()
    .meta({ description: "Order. Default: oldest first with state=open, else newest first" }),
});

const hash = z
  .string()
  .optional()
  .meta({ description: "`hash` of the approval that was displayed; 409 APPROVAL_MISMATCH if the call has another" });
const note = z.string().max(NOTE_CHARS_MAX).default("");

export const ApproveBody = z
  .strictObject({
    hash,
    arguments: Arguments.optional().meta({
      description: "Arguments to call the tool with instead; they must match its schema",
    }),
    note: note.meta({ description: "Note that the model receives with the result" }),
    remember: z
      .boolean()
      .default(false)
      .meta({ description: "Do not request approval again in this run for calls of this tool under the same rule" }),
  })
  .meta({ id: "Approve" });
export const DenyBody = z
  .strictObject({ hash, reason: note.meta({ description: "Note that the model receives" }) })
  .meta({ id: "Deny" });
