import type * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { RunId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { RunCaller } from "../../kernel/rights/run-caller.ts";
import {
  composeMessage,
  type Message,
  type MessageCause,
  messageIdOf,
  USER_SENDER,
} from "../../messaging/acl/index.ts";
import type { Submitted } from "../../messaging/router/index.ts";
import {
  type ExpectedReply,
  failedCall,
  NO_USAGE,
  type Tool,
  type ToolCall,
  toolId,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import { firstOf } from "../lifecycle/index.ts";
import type { RunJournal, RunMessage } from "../record/index.ts";
import type { MessageSender } from "./ports.ts";
import { formatAddress } from "./tool-address.ts";
import { propagatedContext } from "./trigger.ts";

const MINUTE_MS = 60_000;

/** On whose behalf a tool is called, and because of which message. */
type Caller = {
  readonly workspace: string;
  readonly sender: string;
  /** The message that started the run, which it may answer. */
  readonly link: RunMessage | null;
  /** The message because of which it runs. */
  readonly cause: MessageCause | null;
  readonly onBehalfOf: RunCaller | undefined;
};

export type AskingDeps = {
  readonly post: MessageSender;
  readonly journal: Pick<RunJournal, "summary">;
  readonly clock: Clock;
};

export function callerOf(journal: AskingDeps["journal"], { context }: ToolCall): Caller {
  const run = RunId.safeParse(context.session);
  const { message: link, cause } = (run.success && journal.summary(run.data)) || { message: null, cause: null };
  const { workspace, agent = USER_SENDER, onBehalfOf } = context;
  return { workspace, sender: agent, link, cause: link ?? cause, onBehalfOf };
}

/** The name in which the run of a call answers: after a hand-off, the agent that the message was sent to. */
export function answererOf(journal: AskingDeps["journal"], { context }: ToolCall): string {
  const run = RunId.safeParse(context.session);
  return (run.success ? journal.summary(firstOf(journal, run.data))?.agent : undefined) ?? context.agent ?? USER_SENDER;
}

type Draft = Pick<Message, "performative" | "content" | "address"> & { readonly [Key in keyof Message]?: Message[Key] };

/** A message of a call. */
export const compose = (
  clock: Clock,
  { id }: ToolCall,
  { workspace, sender, link, cause, onBehalfOf }: Caller,
  draft: Draft,
): Message =>
  composeMessage({
    ...(cause !== null && { ...propagatedContext(cause), parentConversation: link?.conversationId }),
    ...draft,
    id: messageIdOf(id, "message"),
    workspace,
    sender,
    onBehalfOf,
    atMs: clock.nowMs(),
  });

/** A wait ends no later than the wait of the agent that sent this run's request. */
export function deadlineOf(clock: Clock, minutes: number, link: RunMessage | null): number {
  const nowMs = clock.nowMs();
  const ownMs = nowMs + Math.round(minutes * MINUTE_MS);
  const asked = link?.replyByMs ?? Infinity;
  return asked > nowMs ? Math.min(ownMs, asked) : ownMs;
}

type Asked = Pick<ExpectedReply, "replyWith" | "delegation"> & { readonly minutes: number };

/** Sends a message whose reply is the result of the call. */
export async function askAgent(
  { post, journal, clock }: AskingDeps,
  call: ToolCall,
  draft: Draft,
  { replyWith, delegation, minutes }: Asked,
): Promise<ToolResult> {
  const { awaitReply } = call.context;
  if (awaitReply === undefined)
    return failedCall("tool-error", "only a run can wait for an answer; use send_message, or start a run that asks.");
  const caller = callerOf(journal, call);
  const deadlineMs = deadlineOf(clock, minutes, caller.link);
  const message = compose(clock, call, caller, { ...draft, replyWith, replyByMs: deadlineMs });
  const to = formatAddress(draft.address);
  return awaitReply({ conversationId: message.conversationId, replyWith, deadlineMs, to, delegation }, async () => {
    const result = resultOf(await post.submit(message), { performative: draft.performative });
    return result.type === "failed" ? result : undefined;
  });
}

export const done = (text: string, structured: JsonObject): ToolResult => ({
  type: "done",
  content: [{ type: "text", text }],
  structured,
  usage: NO_USAGE,
});

export async function checked<Schema extends z.ZodType>(
  of: Tool,
  schema: Schema,
  given: JsonObject,
  work: (wanted: z.output<Schema>) => Promise<ToolResult>,
): Promise<ToolResult> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return work(parsed.data);
  const said = parsed.error.issues
    .map(({ path, message }) => `${path.join(".") || "arguments"}: ${message}`)
    .join("; ");
  return failedCall(
    "invalid-arguments",
    `the arguments do not fit ${toolId(of)}: ${said}. Correct them and call again.`,
  );
}

/** Result of a sent message, for the model that sent it. */
export function resultOf(
  submitted: Submitted,
  said: { readonly performative: string; readonly final?: boolean },
): ToolResult {
  if (submitted.type === "accepted") {
    const { id, conversationId, recipients } = submitted;
    const to = recipients.length === 0 ? "no recipient: the topic has no subscribers" : recipients.join(", ");
    return done(`Sent to ${to}.`, {
      message: id,
      conversation_id: conversationId,
      recipients: [...recipients],
      ...said,
    });
  }
  const { code, message, hint } = submitted.error;
  const reason = submitted.type === "refused" && submitted.retryAfterMs !== undefined ? "overloaded" : "tool-error";
  return failedCall(reason, `the message was not delivered: ${message} [${code}].${hint === "" ? "" : ` ${hint}`}`);
}
