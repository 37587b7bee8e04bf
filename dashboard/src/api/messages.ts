import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  fillRoute,
  ROUTES,
  type CapabilityPage,
  type DeadLetter,
  type DeadLetterPage,
  type MailboxList,
  type MessageCheck,
  type MessagePage,
  type MessageReceipt,
  type MessageRecord,
  type MessageTrace,
  type ParticipantPage,
  type Protocol,
  type RunSummary,
} from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";
import type { Page } from "./page.ts";
import { retryUnlessRefused, withQuery } from "./queries.ts";

/** Figures without an event of their own are read again this often while someone looks at them. */
const FIGURES_EVERY_MS = 2_000;
const PAGE_SIZE = 50;
const ALL_PAGE_SIZE = 200;

/** Which messages; all of them when nothing is given. */
export type MessageFilter = {
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  readonly performative?: string | undefined;
  readonly conversation_id?: string | undefined;
};

/** Where the live tail of the messages that fit is; the last `last` of the past come first, 0 to 1,000. */
export const tailPath = (filter: MessageFilter, last: number): string =>
  withQuery(ROUTES.messageEvents, { ...filter, last });

const OLDER_SIZE = 200;

/** Messages that fit from before the one with this `seq`, the newest first. */
export const olderMessages = (filter: MessageFilter, beforeSeq: number) =>
  ask<MessagePage>(withQuery(ROUTES.messages, { ...filter, cursor: beforeSeq, limit: OLDER_SIZE }));

const isSettled = ({ deliveries }: MessageRecord): boolean =>
  deliveries.every(({ state }) => ["done", "dead", "expired", "dropped", "over"].includes(state));

/** Read again until it is known what became of it at everyone. */
export const messageQuery = (id: string) =>
  queryOptions({
    queryKey: ["message", id],
    queryFn: ({ signal }) => ask<MessageRecord>(fillRoute("message", { id }), { signal }),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) =>
      state.error !== null || (state.data !== undefined && isSettled(state.data)) ? false : FIGURES_EVERY_MS,
  });

export const traceQuery = (id: string) =>
  queryOptions({
    queryKey: ["message", id, "trace"],
    queryFn: ({ signal }) => ask<MessageTrace>(fillRoute("messageTrace", { id }), { signal }),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? FIGURES_EVERY_MS : false),
  });

/** Runs that messages of a conversation started, the newest first. */
export const conversationRunsQuery = (conversation: string) =>
  queryOptions({
    queryKey: ["conversation-runs", conversation],
    queryFn: ({ signal }) =>
      ask<Page<RunSummary>>(withQuery(ROUTES.runs, { conversation, limit: PAGE_SIZE }), { signal }),
    refetchInterval: ({ state }) => (state.error === null ? FIGURES_EVERY_MS : false),
  });

/** `token` is its sender's, where that is a program outside. */
export const sendMessage = (message: object, token: string | undefined) =>
  ask<MessageReceipt>(ROUTES.messages, { method: "POST", json: message, token });

export const checkMessage = (message: object, signal?: AbortSignal) =>
  ask<MessageCheck>(ROUTES.validateMessage, { method: "POST", json: message, signal });

/** The same once more, under a new id and in a new conversation. */
export const replayMessage = (id: string) =>
  ask<MessageReceipt>(fillRoute("replayMessage", { id }), { method: "POST", json: {} });

export type DeadLetterFilter = { readonly recipient?: string | undefined; readonly code?: string | undefined };

export const deadLettersQuery = (filter: DeadLetterFilter) =>
  infiniteQueryOptions({
    queryKey: ["dead-letters", filter],
    queryFn: ({ pageParam, signal }) =>
      ask<DeadLetterPage>(withQuery(ROUTES.deadLetters, { ...filter, cursor: pageParam, limit: PAGE_SIZE }), {
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_EVERY_MS,
  });

/** Every dead letter that fits, page after page. */
export async function allDeadLetters(filter: DeadLetterFilter): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  let cursor: string | null = "";
  do {
    const page: DeadLetterPage = await ask<DeadLetterPage>(
      withQuery(ROUTES.deadLetters, { ...filter, cursor, limit: ALL_PAGE_SIZE }),
    );
    letters.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return letters;
}

export const retryDeadLetters = (ids: readonly string[]) =>
  ask<{ readonly retried: number }>(ROUTES.retryDeadLetters, { method: "POST", json: { ids } });

export const dropDeadLetter = (id: string) => ask<unknown>(fillRoute("deadLetter", { id }), { method: "DELETE" });

export const mailboxesQuery = queryOptions({
  queryKey: ["mailboxes"],
  queryFn: ({ signal }) => ask<MailboxList>(ROUTES.mailboxes, { signal }),
  refetchInterval: FIGURES_EVERY_MS,
});

export const participantsQuery = queryOptions({
  queryKey: ["participants"],
  queryFn: ({ signal }) => ask<ParticipantPage>(withQuery(ROUTES.participants, { limit: ALL_PAGE_SIZE }), { signal }),
  refetchInterval: FIGURES_EVERY_MS,
});

export const capabilitiesQuery = queryOptions({
  queryKey: ["capabilities"],
  queryFn: ({ signal }) => ask<CapabilityPage>(withQuery(ROUTES.capabilities, { limit: ALL_PAGE_SIZE }), { signal }),
  refetchInterval: FIGURES_EVERY_MS,
});

export const protocolsQuery = queryOptions({
  queryKey: ["protocols"],
  queryFn: ({ signal }) => ask<{ readonly items: readonly Protocol[] }>(ROUTES.protocols, { signal }),
  // They change only with the server.
  staleTime: Number.POSITIVE_INFINITY,
});
