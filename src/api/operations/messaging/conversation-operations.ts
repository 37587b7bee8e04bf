import type * as z from "zod";
import type { Principal } from "../../../access/index.ts";
import { parseDuration } from "../../../text/documents/index.ts";
import { composeMessage } from "../../../messaging/acl/index.ts";
import {
  type Conversation,
  expectedNow,
  findProtocol,
  isOpen,
  knownProtocol,
  PROTOCOLS,
  type Protocol,
} from "../../../messaging/protocols/index.ts";
import {
  ConversationNotFoundError,
  type ConversationQuery,
  type ListedConversation,
  type Router,
} from "../../../messaging/router/index.ts";
import type * as contract from "../../contract/index.ts";
import { conversations, operations } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { cursors } from "../handles.ts";
import { decodeCursor, pageOf } from "../page.ts";
import { listMessages } from "./message-operations.ts";
import { type Call, implement, implementStream } from "../perform.ts";
import { PruneAgeError } from "../runs/run-history.ts";
import { MessageRefusedError } from "./send-message.ts";
import { PresentedTokens, SenderRefusedError } from "./presented-tokens.ts";
import { type RecordServices, watchMessages } from "./watch-messages.ts";
import { instant, instantOrNull } from "../instant.ts";

/** Time without a message after which an open conversation is shown as stuck. */
const STUCK_MS = 3_600_000;

function outcomeOf({ status }: Conversation): string | null {
  switch (status.state) {
    case "completed":
      return status.outcome;
    case "failed":
      return status.error;
    case "expired":
      return status.why;
    case "merged":
      return `continues in ${status.into}`;
    case "initiated":
    case "in-progress":
    case "cancelled":
      return null;
  }
}

/** Returns a conversation as the contract defines it; with the expected performatives if `isWhole`. */
function presentConversation(
  one: Conversation,
  { nowMs, isWhole }: { readonly nowMs: number; readonly isWhole: boolean },
): contract.Conversation {
  const isLate = one.participants.some(({ deadlineMs }) => deadlineMs !== undefined && deadlineMs < nowMs);
  const expected = isWhole ? expectedNow(one) : [];
  return {
    id: one.id,
    protocol: one.protocol ?? null,
    state: one.status.state,
    outcome: outcomeOf(one),
    initiator: one.initiator,
    participants: one.participants.map(({ name, role, state, deadlineMs, round }) => ({
      name,
      role,
      state,
      deadline: instantOrNull(deadlineMs),
      round,
    })),
    messages: one.messageCount,
    capability: one.capability ?? null,
    topic: one.topic ?? null,
    started_at: instant(one.startedAtMs),
    last_activity_at: instant(one.lastActivityMs),
    due_at: instantOrNull(one.dueAtMs),
    expires_at: isOpen(one) ? instant(one.endsAtMs) : null,
    parent: one.parent ?? null,
    branches: [...one.branches],
    merged: [...one.merged],
    archived_at: instantOrNull(one.archivedAtMs),
    stuck: isOpen(one) && (isLate || (one.protocol !== undefined && nowMs - one.lastActivityMs > STUCK_MS)),
    expected: expected.map(({ who, acts }) => ({ who, acts: [...acts] })),
  };
}

const list = implement(operations.conversation.list, (services, query, { principal }) =>
  listConversations(services, principal.workspace, query),
);

/** Returns a page of conversations as the operation's record describes it. */
export async function listConversations(
  services: RecordServices,
  workspace: string,
  asked: z.output<typeof conversations.ConversationQuery>,
): Promise<contract.ConversationPage> {
  const { router } = services.messaging;
  const { state, participant, parent, archived, limit } = asked;
  const named = asked.protocol === undefined ? undefined : findProtocol(asked.protocol);
  const protocol = named?.type === "known" ? named.protocol.name : asked.protocol;
  const nowMs = services.server.clock.nowMs();
  const query = { workspace, state, protocol, participant, parent, isArchived: archived, limit };
  const show = (conversation: Conversation) => presentConversation(conversation, { nowMs, isWhole: false });
  const decoded = decodeCursor(cursors.conversations, asked.cursor);
  if (decoded?.[0] === "evicted") {
    const { found, nextSeq } = await router.records.listEvicted(query, decoded[1] === 0 ? undefined : decoded[1]);
    const next = nextSeq === undefined ? null : cursors.conversations.encode("evicted", nextSeq);
    return { items: found.map(({ conversation }) => show(conversation)), next };
  }
  const from = decoded && { part: decoded[0], updatedAtMs: decoded[1], id: decoded[2] };
  const rows = await rowsOf(router, { query, order: asked.order, from }, nowMs);
  const page = pageOf(rows, limit, ({ part, row: { updatedAtMs, conversation } }) =>
    cursors.conversations.encode(part, updatedAtMs, conversation.id),
  );
  const evicted = router.records.mayHaveEvicted(query) ? cursors.conversations.encode("evicted", 0) : null;
  return { items: page.rows.map(({ row }) => show(row.conversation)), next: page.next ?? evicted };
}

/** A row with the part of the list that contains it. */
type Placed = { readonly row: ListedConversation; readonly part: Part };
/** A list by change has the part `all`; else stuck conversations come first, then the rest. */
type Part = "all" | "stuck" | "rest";
/** The position in the list at which a page begins. */
type Place = { readonly part: Part; readonly updatedAtMs: number; readonly id: string };

/** Returns the rows of a page, and one more if there are more. */
async function rowsOf(
  router: Router,
  { query, order, from }: { query: ConversationQuery; order: "changed" | "stuck"; from: Place | undefined },
  nowMs: number,
): Promise<readonly Placed[]> {
  const { limit } = query;
  const parts: readonly Part[] = order === "changed" ? ["all"] : from?.part === "rest" ? ["rest"] : ["stuck", "rest"];
  const rows: Placed[] = [];
  for (const part of parts) {
    if (rows.length > limit) break;
    const stuck = part === "all" ? undefined : { is: part === "stuck", nowMs, silentSinceMs: nowMs - STUCK_MS };
    const before = from?.part === part ? from : undefined;
    const page = { ...query, stuck, before, limit: limit + 1 - rows.length };
    for (const row of await router.records.listed(page)) rows.push({ row, part });
  }
  return rows;
}

/** Throws ConversationNotFoundError. */
async function getConversation(
  services: RecordServices,
  { workspace }: Principal,
  id: string,
): Promise<contract.Conversation> {
  const found = await services.messaging.router.records.conversation(workspace, id);
  if (found === undefined) throw new ConversationNotFoundError(id);
  return presentConversation(found, { nowMs: services.server.clock.nowMs(), isWhole: true });
}

/** Throws ConversationNotFoundError. */
const get = implement(operations.conversation.get, (services, { id }, { principal }) =>
  getConversation(services, principal, id),
);

const messages = implement(operations.conversation.messages, (services, { id, ...query }, { principal }) =>
  listMessages(services.messaging.router, principal.workspace, { ...query, conversation_id: id }),
);

/** Throws ConversationNotFoundError. */
const watch = implementStream(operations.conversation.watch, async (services, { id, ...query }, call) => {
  await getConversation(services, call.principal, id);
  return { events: watchMessages(services, { ...query, conversation_id: id }, call) };
});

const names = ({ initiator, participants }: Conversation) => [initiator, ...participants.map(({ name }) => name)];

/** Returns the conversation and its caller. Throws ConversationNotFoundError, and SenderRefusedError if the caller is not a participant. */
async function mustTakePart(
  services: ApiServices,
  id: string,
  { principal }: Call,
): Promise<{ readonly found: Conversation; readonly presented: PresentedTokens }> {
  const found = await services.messaging.router.records.conversation(principal.workspace, id);
  if (found === undefined) throw new ConversationNotFoundError(id);
  const presented = new PresentedTokens(services.messaging, principal);
  if (presented.isOneOf(names(found))) return { found, presented };
  throw new SenderRefusedError("CONVERSATION_FORBIDDEN", {
    code: "CONVERSATION_FORBIDDEN",
    message: `the token is not that of a participant of conversation ${id}`,
    hint: "Only participants and the operator end, merge or archive a conversation.",
    details: { conversation: id },
  });
}

/** Throws ConversationNotFoundError, ConversationActiveError, SenderRefusedError. */
const archive = implement(operations.conversation.archive, async (services, { id }, call) => {
  await mustTakePart(services, id, call);
  await services.messaging.router.archiveConversation(call.principal.workspace, id);
  return getConversation(services, call.principal, id);
});

/**
 * An ended conversation stays unchanged. Where a protocol is checked, a participant ends its own part, with a not-understood to
 * the initiator. The operator and the initiator end all of it; the conversation of a task ends with the task, whose bidders
 * receive a cancel. Throws ConversationNotFoundError, MessageRefusedError, SenderRefusedError.
 */
const end = implement(operations.conversation.end, async (services, { id }, call) => {
  const { router, tasks } = services.messaging;
  const { found, presented } = await mustTakePart(services, id, call);
  const task = tasks.ofConversation(call.principal.workspace, id);
  const isChecked = knownProtocol(found.protocol) !== undefined;
  if (isOpen(found) && isChecked && !presented.isOneOf([found.initiator])) {
    for (const part of found.participants) if (presented.isOneOf([part.name])) await leave(services, found, part);
  } else if (isOpen(found) && task !== undefined) await tasks.cancel(call.principal.workspace, task.id);
  else await router.endConversation(call.principal.workspace, id);
  return getConversation(services, call.principal, id);
});

/** Ends the part of a participant. Throws MessageRefusedError. */
async function leave(
  { messaging: { router }, server: { clock } }: ApiServices,
  { id, workspace, protocol, initiator }: Conversation,
  { name, calls }: Conversation["participants"][number],
): Promise<void> {
  const submitted = await router.submit(
    composeMessage({
      workspace,
      performative: "not-understood",
      sender: name,
      address: { type: "receivers", names: [initiator] },
      content: { type: "text", text: `${name} ended its part of the conversation` },
      protocol,
      conversationId: id,
      inReplyTo: calls.at(-1)?.id,
      atMs: clock.nowMs(),
    }),
  );
  if (submitted.type !== "accepted") throw new MessageRefusedError(submitted.error, undefined);
}

/** Throws ConversationNotFoundError, MessageRefusedError, SenderRefusedError. */
const merge = implement(operations.conversation.merge, async (services, { id, into }, call) => {
  for (const each of [id, into]) await mustTakePart(services, each, call);
  const merged = await services.messaging.router.mergeConversation(call.principal.workspace, id, into);
  if ("code" in merged) throw new MessageRefusedError(merged, undefined);
  return getConversation(services, call.principal, id);
});

const ARCHIVED_PAGE = 200;
const OVER = conversations.CONVERSATION_STATES.filter((state) => state !== "initiated" && state !== "in-progress");

/** Archives only conversations of which the caller is a participant. Throws PruneAgeError. */
const archiveInactive = implement(operations.conversation.archiveInactive, async (services, input, call) => {
  const { older_than, state, dry_run } = input;
  const { router } = services.messaging;
  const presented = new PresentedTokens(services.messaging, call.principal);
  const olderThanMs = parseDuration(older_than);
  if (olderThanMs === undefined)
    throw new PruneAgeError(`"${older_than}" is no age`, 'Write one such as "30d", "12h" or "90m".', {
      given: older_than,
    });
  const untilMs = services.server.clock.nowMs() - olderThanMs;
  let archived = 0;
  for (const each of state === undefined ? OVER : [state]) {
    let before: { readonly updatedAtMs: number; readonly id: string } | undefined = {
      updatedAtMs: untilMs + 1,
      id: "",
    };
    while (before !== undefined) {
      const rows: readonly ListedConversation[] = await router.records.listed({
        workspace: call.principal.workspace,
        state: each,
        isArchived: false,
        before,
        limit: ARCHIVED_PAGE,
      });
      for (const { conversation } of rows) {
        if (isOpen(conversation) || !presented.isOneOf(names(conversation))) continue;
        archived += 1;
        if (!dry_run) await router.archiveConversation(call.principal.workspace, conversation.id);
      }
      const last = rows.at(-1);
      before =
        rows.length < ARCHIVED_PAGE || last === undefined
          ? undefined
          : { updatedAtMs: last.updatedAtMs, id: last.conversation.id };
    }
  }
  return { archived, dry_run };
});

const presentProtocol = (protocol: Protocol): contract.Protocol => ({
  name: protocol.name,
  title: protocol.title,
  specification: protocol.specification,
  purpose: protocol.purpose,
  aliases: [...protocol.aliases],
  opening: [...protocol.opening],
  states: [...protocol.states.values()].map(({ name, awaits, ending }) => ({ name, awaits, ending: ending ?? null })),
  steps: protocol.steps.map(({ by, act, from, to, means, isExtension }) => ({
    by,
    act: act ?? null,
    from,
    to,
    means,
    extension: isExtension,
  })),
});

const protocols = implement(operations.conversation.protocols, () => ({ items: PROTOCOLS.map(presentProtocol) }));

export const conversationOperations = [
  list,
  get,
  messages,
  watch,
  archive,
  end,
  merge,
  archiveInactive,
  protocols,
] as const;
