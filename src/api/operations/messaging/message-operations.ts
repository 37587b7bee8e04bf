import type * as z from "zod";
import { type Admission, runCallerOf } from "../../../access/index.ts";
import { AgentNotFoundError } from "../../../agents/definitions/index.ts";
import { MessageId } from "../../../kernel/ids.ts";
import { isJsonObject } from "../../../kernel/json.ts";
import { intersection } from "../../../kernel/rights/run-caller.ts";
import { hashOfKept, traceOf, USER_SENDER } from "../../../messaging/acl/index.ts";
import {
  MessageContentNotFoundError,
  MessageNotFoundError,
  type MessageView,
  type Router,
} from "../../../messaging/router/index.ts";
import type * as contract from "../../contract/index.ts";
import type { MessagingServices } from "../../../messaging/index.ts";
import { operations } from "../../contract/index.ts";
import { validateMessage } from "./check-message.ts";
import { handles } from "../handles.ts";
import { decodeCursor, pageOf } from "../page.ts";
import { implement, implementStream } from "../perform.ts";
import { presentView } from "./present-message.ts";
import { type Addressed, MessageRefusedError, sendMessage, sendMessages } from "./send-message.ts";
import { PresentedTokens } from "./presented-tokens.ts";
import { watchMessages } from "./watch-messages.ts";

type Records = Pick<Router, "records">;

/**
 * Messages of a limited grant, and the answers to them, go to agents and capabilities that it covers. The check throws AgentNotFoundError for another agent,
 * MessageRefusedError for another capability.
 */
const reachOf =
  (directory: MessagingServices["directory"], admission: Admission) =>
  ({ address, replyTo = USER_SENDER }: Addressed) => {
    if (admission.isWhole) return;
    const { workspace } = admission.principal;
    const answered = replyTo === USER_SENDER ? [] : [replyTo];
    const names = [...(address.type === "receivers" ? address.names : []), ...answered];
    const hidden = names.find((name) => !admission.covers("agents", name));
    if (hidden !== undefined) throw new AgentNotFoundError(workspace, hidden, []);
    if (address.type === "receivers") return;
    // A capability without providers could be routed to the nearest one.
    const isCovered =
      address.type === "capability" &&
      admission.covers("capabilities", address.capability) &&
      directory.providers(workspace, address.capability).length > 0;
    if (!isCovered)
      throw new MessageRefusedError(
        {
          code: "NO_CAPABILITY_PROVIDERS",
          message: "these credentials may send messages to some agents and capabilities only, and not to this one",
          hint: "caxton whoami shows which they are.",
          details: { workspace },
        },
        undefined,
      );
  };

/** Throws MessageRefusedError, SenderRefusedError, AgentNotFoundError. */
const send = implement(operations.message.send, (services, { message, wait }, call) => {
  const presented = new PresentedTokens(services.messaging, call.principal);
  return sendMessage(
    services,
    message,
    { wait, workspace: presented.workspace, presented, reach: reachOf(services.messaging.directory, call.admission) },
    call,
  );
});

const sendBatch = implement(operations.message.sendBatch, (services, { messages }, call) =>
  sendMessages(services, messages, new PresentedTokens(services.messaging, call.principal), call.asked),
);

/** Throws MessageNotFoundError, MessageRefusedError. */
const replay = implement(operations.message.replay, async (services, { id: stored, wait }, call) => {
  const { workspace } = call.principal;
  const found = await mustFind(services.messaging.router, workspace, stored);
  const record = presentView(found);
  const {
    id: _id,
    timestamp: _timestamp,
    conversation_id: _conversation,
    in_reply_to: _inReplyTo,
    reply_by: _replyBy,
    expires_at: _expires,
    trace_id: _trace,
    span_id: _span,
    hops: _hops,
    trail: _trail,
    signature: _signature,
    key_id: _keyId,
    parameters,
    ...rest
  } = record.message;
  const noted = parameters !== undefined && isJsonObject(parameters) ? parameters : {};
  return sendMessage(
    services,
    { ...rest, parameters: { ...noted, replay_of: record.id } },
    { wait, workspace, onBehalfOf: intersection(found.message.onBehalfOf, runCallerOf(call.principal)) },
    call,
  );
});

const list = implement(operations.message.list, ({ messaging }, query, { principal }) =>
  listMessages(messaging.router, principal.workspace, query),
);

const epochMs = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));

/** Returns stored messages, newest first. */
export async function listMessages(
  { records }: Records,
  workspace: string,
  query: z.output<typeof contract.messages.MessageQuery>,
): Promise<contract.MessagePage> {
  const [beforeSeq] = decodeCursor(handles.messagePosition, query.cursor) ?? [];
  const found = await records.messages({
    workspace,
    sender: query.sender,
    recipient: query.recipient,
    conversation: query.conversation_id,
    performative: query.performative,
    trace: query.trace_id,
    sinceMs: epochMs(query.since),
    untilMs: epochMs(query.until),
    beforeSeq,
    limit: query.limit + 1,
  });
  const { rows, next } = pageOf(found, query.limit, ({ seq }) => handles.messagePosition.encode(seq));
  return { items: rows.map(presentView), next };
}

/** Throws MessageNotFoundError. */
const get = implement(operations.message.get, async ({ messaging }, { id }, { principal }) => {
  const view = await mustFind(messaging.router, principal.workspace, id);
  const { signature } = view.message;
  const verified = signature && { key_id: signature.keyId, valid: messaging.messageKeys.isValid(view.message) };
  return { ...presentView(view), signature: verified ?? null };
});

async function mustFind({ records }: Records, workspace: string, id: string): Promise<MessageView> {
  const known = MessageId.safeParse(id.toLowerCase());
  const found = known.success ? await records.message(workspace, known.data) : undefined;
  if (found === undefined) throw new MessageNotFoundError(id);
  return found;
}

/** Throws MessageContentNotFoundError. */
const content = implement(operations.message.content, async ({ messaging }, { id }, { principal, signal }) => {
  const hash = hashOfKept(id);
  const bytes = hash === undefined ? undefined : await messaging.contents.fetch(principal.workspace, { hash }, signal);
  if (bytes === undefined) throw new MessageContentNotFoundError(id);
  return {
    mediaType: "text/plain; charset=utf-8",
    content: bytes,
    // Content of a sender must not become a page of this server.
    headers: { "content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff" },
  };
});

const TRACE_MESSAGES_MAX = 500;

/** Throws MessageNotFoundError. */
const trace = implement(
  operations.message.trace,
  async ({ messaging: { router } }, { id }, { principal: { workspace } }) => {
    const { message } = await mustFind(router, workspace, id);
    const { traceId } = traceOf(message);
    const limit = TRACE_MESSAGES_MAX + 1;
    const found = await router.records.messages({ workspace, trace: traceId, limit });
    const messages = found.slice(0, TRACE_MESSAGES_MAX).toReversed().map(presentView);
    return { trace_id: traceId, messages, truncated: found.length === limit };
  },
);

const watch = implementStream(operations.message.watch, (services, query, call) => ({
  events: watchMessages(services, query, call),
}));

export const messageOperations = [send, sendBatch, validateMessage, replay, list, get, content, trace, watch] as const;
