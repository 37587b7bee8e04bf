import { MessageId } from "../../kernel/ids.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { type ContentStore, hashOfKept, traceOf } from "../../messaging/acl/index.ts";
import {
  MessageContentNotFoundError,
  MessageNotFoundError,
  type MessageView,
  type Router,
} from "../../messaging/router/index.ts";
import type * as contract from "../contract/index.ts";
import { presentView } from "./present-message.ts";
import type { AskedIds } from "./asked-ids.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";
import { type SendServices, sendMessage } from "./send-message.ts";

export type MessageServices = SendServices & { readonly router: Router; readonly messageContents: ContentStore };

export type MessageFilter = {
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  readonly conversation_id?: string | undefined;
  readonly performative?: string | undefined;
};
type Query = MessageFilter & {
  readonly trace_id?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly cursor?: number | undefined;
  readonly limit: number;
};

const epochMs = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));

/** Messages on record, newest first. */
export async function listMessages({ router }: MessageServices, query: Query): Promise<contract.MessagePage> {
  const found = await router.records.messages({
    workspace: DEFAULT_WORKSPACE,
    sender: query.sender,
    recipient: query.recipient,
    conversation: query.conversation_id,
    performative: query.performative,
    trace: query.trace_id,
    sinceMs: epochMs(query.since),
    untilMs: epochMs(query.until),
    beforeSeq: query.cursor,
    limit: query.limit + 1,
  });
  const items = found.slice(0, query.limit).map(presentView);
  return { items, next: found.length > query.limit ? String(items.at(-1)?.seq ?? "") : null };
}

/** One message, with what became of it. Throws MessageNotFoundError. */
export const getMessage = async (services: MessageServices, id: string): Promise<contract.MessageRecord> =>
  presentView(await mustFind(services, id));

/** Content that was put aside, as UTF-8 text, by the id in the reference. Throws MessageContentNotFoundError. */
export async function getMessageContent(
  { messageContents }: MessageServices,
  id: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const hash = hashOfKept(id);
  const bytes = hash === undefined ? undefined : await messageContents.fetch({ hash }, signal);
  if (bytes === undefined) throw new MessageContentNotFoundError(id);
  return bytes;
}

async function mustFind({ router }: MessageServices, id: string): Promise<MessageView> {
  const known = MessageId.safeParse(id.toLowerCase());
  const found = known.success ? await router.records.message(DEFAULT_WORKSPACE, known.data) : undefined;
  if (found === undefined) throw new MessageNotFoundError(id);
  return found;
}

const TRACE_MESSAGES_MAX = 500;

/** Everything that belongs to the message's trace, oldest first. Throws MessageNotFoundError. */
export async function traceMessage(services: MessageServices, id: string): Promise<contract.MessageTrace> {
  const { message } = await mustFind(services, id);
  const trace = traceOf(message).traceId;
  const limit = TRACE_MESSAGES_MAX + 1;
  const found = await services.router.records.messages({ workspace: DEFAULT_WORKSPACE, trace, limit });
  const messages = found.slice(0, TRACE_MESSAGES_MAX).toReversed().map(presentView);
  return { trace_id: trace, messages, truncated: found.length === limit };
}

/** Sends a message on record once more, under a new id and in a new conversation. Throws MessageNotFoundError, MessageRefusedError. */
export async function replayMessage(
  services: MessageServices,
  id: string,
  options: { readonly waitMs: number; readonly signal: AbortSignal; readonly asked?: AskedIds | undefined },
): Promise<contract.MessageReceipt> {
  const record = presentView(await mustFind(services, id));
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
    parameters,
    ...rest
  } = record.message;
  const noted = parameters !== undefined && isJsonObject(parameters) ? parameters : {};
  const again = { ...rest, parameters: { ...noted, replay_of: record.id } };
  return sendMessage(services, options.asked?.named(again) ?? again, options);
}
