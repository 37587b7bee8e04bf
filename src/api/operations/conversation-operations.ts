import { parseDuration } from "../../text/documents/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import {
  type Conversation,
  expectedNow,
  findProtocol,
  isOpen,
  PROTOCOLS,
  type Protocol,
} from "../../messaging/protocols/index.ts";
import {
  ConversationNotFoundError,
  type ConversationQuery,
  type ListedConversation,
  type Router,
} from "../../messaging/router/index.ts";
import type * as contract from "../contract/index.ts";
import { conversations } from "../contract/index.ts";
import { instant } from "./present-run.ts";
import { PruneAgeError } from "./run-history.ts";
import { DEFAULT_WORKSPACE } from "./default-workspace.ts";
import { MessageRefusedError } from "./send-message.ts";
import { type Speaker, SpeakerRefusedError } from "./speaker.ts";

export type ConversationServices = {
  readonly router: Router;
  readonly clock: Clock;
};

/** An open conversation in which nothing was said for so long is shown as stuck. */
const STUCK_MS = 3_600_000;

const maybeInstant = (ms: number | undefined): string | null => (ms === undefined ? null : instant(ms));

function outcomeOf({ status }: Conversation): string | null {
  switch (status.state) {
    case "completed":
      return status.outcome;
    case "failed":
      return status.error;
    case "expired":
      return status.why;
    case "merged":
      return `goes on in ${status.into}`;
    case "initiated":
    case "in-progress":
    case "cancelled":
      return null;
  }
}

/** A conversation as the contract shows it; with what is expected next where it is shown alone. */
export function presentConversation(
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
      deadline: maybeInstant(deadlineMs),
      round,
    })),
    messages: one.messageCount,
    capability: one.capability ?? null,
    topic: one.topic ?? null,
    started_at: instant(one.startedAtMs),
    last_activity_at: instant(one.lastActivityMs),
    due_at: maybeInstant(one.dueAtMs),
    expires_at: isOpen(one) ? instant(one.endsAtMs) : null,
    parent: one.parent ?? null,
    branches: [...one.branches],
    merged: [...one.merged],
    archived_at: maybeInstant(one.archivedAtMs),
    stuck: isOpen(one) && (isLate || (one.protocol !== undefined && nowMs - one.lastActivityMs > STUCK_MS)),
    expected: expected.map(({ who, acts }) => ({ who, acts: [...acts] })),
  };
}

type ConversationsAsked = {
  readonly state?: string | undefined;
  readonly protocol?: string | undefined;
  readonly participant?: string | undefined;
  readonly parent?: string | undefined;
  readonly archived: boolean;
  readonly order: "changed" | "stuck";
  readonly cursor?: string | undefined;
  readonly limit: number;
};

/**
 * Conversations, the last changed first, or those that are stuck before the others. Last come those of one message without a
 * protocol that are in memory no more: they are looked for among the messages, a page may have few of them and still a next one.
 */
export async function listConversations(
  services: ConversationServices,
  asked: ConversationsAsked,
): Promise<contract.ConversationPage> {
  const { clock, router } = services;
  const { state, participant, parent, archived, limit } = asked;
  const named = asked.protocol === undefined ? undefined : findProtocol(asked.protocol);
  const protocol = named?.type === "known" ? named.protocol.name : asked.protocol;
  const nowMs = clock.nowMs();
  const query = { workspace: DEFAULT_WORKSPACE, state, protocol, participant, parent, isArchived: archived, limit };
  const show = (conversation: Conversation) => presentConversation(conversation, { nowMs, isWhole: false });
  const from = asked.cursor === undefined ? undefined : place(asked.cursor);
  if (from?.part === "old") {
    const { found, nextSeq } = await router.records.bygone(query, from.beforeSeq);
    return {
      items: found.map(({ conversation }) => show(conversation)),
      next: nextSeq === undefined ? null : oldFrom(nextSeq),
    };
  }
  const rows = await rowsOf(services, { query, order: asked.order, from }, nowMs);
  const items = rows.slice(0, limit).map(({ row: { conversation } }) => show(conversation));
  const last = rows.at(limit - 1);
  if (rows.length > limit && last !== undefined) return { items, next: cursorOf(last) };
  return { items, next: router.records.mayHaveBygone(query) ? oldFrom(undefined) : null };
}

/** A row, and in which part of the list it is. */
type Placed = { readonly row: ListedConversation; readonly part: Part };
/** `all` has one part; else those that are stuck come first, then the rest. */
type Part = "all" | "stuck" | "rest";
/** Where in the list a page begins. */
type Place =
  | { readonly part: Part; readonly updatedAtMs: number; readonly id: string }
  /** After all that are known without looking through messages; undefined before the first of them. */
  | { readonly part: "old"; readonly beforeSeq: number | undefined };

/** One more than a page has, where there are more. */
async function rowsOf(
  { router }: ConversationServices,
  { query, order, from }: { query: ConversationQuery; order: ConversationsAsked["order"]; from: Place | undefined },
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

const PARTS: { readonly [letter: string]: Part } = { a: "all", s: "stuck", r: "rest" };

const cursorOf = ({ row: { updatedAtMs, conversation }, part }: Placed): string =>
  `${part.slice(0, 1)}${updatedAtMs}.${conversation.id}`;
const oldFrom = (seq: number | undefined): string => `o${seq ?? ""}`;

function place(cursor: string): Place | undefined {
  const [, seq] = /^o(\d{0,16})$/u.exec(cursor) ?? [];
  if (seq !== undefined) return { part: "old", beforeSeq: seq === "" ? undefined : Number(seq) };
  const [, letter = "", digits, id] = /^([asr])(\d{1,16})\.(.+)$/su.exec(cursor) ?? [];
  const part = PARTS[letter];
  return part === undefined || id === undefined ? undefined : { part, updatedAtMs: Number(digits), id };
}

/** Throws ConversationNotFoundError. */
export async function getConversation(services: ConversationServices, id: string): Promise<contract.Conversation> {
  const found = await services.router.records.conversation(DEFAULT_WORKSPACE, id);
  if (found === undefined) throw new ConversationNotFoundError(id);
  return presentConversation(found, { nowMs: services.clock.nowMs(), isWhole: true });
}

const names = ({ initiator, participants }: Conversation) => [initiator, ...participants.map(({ name }) => name)];

/** Throws ConversationNotFoundError, and SpeakerRefusedError where the caller takes no part in it. */
async function mustTakePart({ router }: ConversationServices, speaker: Speaker, id: string): Promise<void> {
  const found = await router.records.conversation(DEFAULT_WORKSPACE, id);
  if (found === undefined) throw new ConversationNotFoundError(id);
  if (speaker.isOneOf(names(found))) return;
  throw new SpeakerRefusedError("CONVERSATION_FORBIDDEN", {
    code: "CONVERSATION_FORBIDDEN",
    message: `the token is not that of a participant of conversation ${id}`,
    hint: "Only participants and the operator end, merge or archive a conversation.",
    details: { conversation: id },
  });
}

/** Archives one. Throws ConversationNotFoundError, ConversationUnderWayError, SpeakerRefusedError. */
export async function archiveConversation(
  services: ConversationServices,
  id: string,
  speaker: Speaker,
): Promise<contract.Conversation> {
  await mustTakePart(services, speaker, id);
  await services.router.archiveConversation(DEFAULT_WORKSPACE, id);
  return getConversation(services, id);
}

/** Ends one that is open; one that is over stays as it is. Throws ConversationNotFoundError, SpeakerRefusedError. */
export async function endConversation(
  services: ConversationServices,
  id: string,
  speaker: Speaker,
): Promise<contract.Conversation> {
  await mustTakePart(services, speaker, id);
  await services.router.endConversation(DEFAULT_WORKSPACE, id);
  return getConversation(services, id);
}

/** Merges a conversation into another. Throws ConversationNotFoundError, MessageRefusedError, SpeakerRefusedError. */
export async function mergeConversation(
  services: ConversationServices,
  { id, into }: { readonly id: string; readonly into: string },
  speaker: Speaker,
): Promise<contract.Conversation> {
  for (const each of [id, into]) await mustTakePart(services, speaker, each);
  const merged = await services.router.mergeConversation(DEFAULT_WORKSPACE, id, into);
  if ("code" in merged) throw new MessageRefusedError(merged, undefined);
  return getConversation(services, id);
}

const ARCHIVED_PAGE = 200;
const OVER = conversations.CONVERSATION_STATES.filter((state) => state !== "initiated" && state !== "in-progress");

/** Archives all that are over, silent for that long, and that the caller takes part in; returns how many. */
export async function archiveConversations(
  services: ConversationServices,
  {
    older_than,
    state,
    dry_run: dryRun,
  }: { readonly older_than: string; readonly state?: string | undefined; readonly dry_run: boolean },
  speaker: Speaker,
): Promise<contract.ArchiveReport> {
  const { clock, router } = services;
  const olderThanMs = parseDuration(older_than);
  if (olderThanMs === undefined)
    throw new PruneAgeError(`"${older_than}" is no age`, 'Write one such as "30d", "12h" or "90m".', {
      given: older_than,
    });
  const untilMs = clock.nowMs() - olderThanMs;
  let archived = 0;
  for (const each of state === undefined ? OVER : [state]) {
    let before: { readonly updatedAtMs: number; readonly id: string } | undefined = {
      updatedAtMs: untilMs + 1,
      id: "",
    };
    while (before !== undefined) {
      const rows: readonly ListedConversation[] = await router.records.listed({
        workspace: DEFAULT_WORKSPACE,
        state: each,
        isArchived: false,
        before,
        limit: ARCHIVED_PAGE,
      });
      for (const { conversation } of rows) {
        if (isOpen(conversation) || !speaker.isOneOf(names(conversation))) continue;
        archived += 1;
        if (!dryRun) await router.archiveConversation(DEFAULT_WORKSPACE, conversation.id);
      }
      const last = rows.at(-1);
      before =
        rows.length < ARCHIVED_PAGE || last === undefined
          ? undefined
          : { updatedAtMs: last.updatedAtMs, id: last.conversation.id };
    }
  }
  return { archived, dry_run: dryRun };
}

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

/** The interaction protocols as their tables say. */
export const listProtocols = (): { items: contract.Protocol[] } => ({ items: PROTOCOLS.map(presentProtocol) });
