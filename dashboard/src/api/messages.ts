import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { operations, type DeadLetter, type GivenTo, type MessageRecord } from "../../../src/api/contract/index.ts";
import { call } from "./client.ts";
import { entriesOf, pagesFrom } from "./page.ts";
import { retryUnlessRefused, withQuery } from "./queries.ts";

/** Refetch interval of visible statistics that send no events. */
const FIGURES_EVERY_MS = 2_000;
const PAGE_SIZE = 50;
const ALL_PAGE_SIZE = 200;

/** Which messages; all of them when nothing is given. */
export type MessageFilter = {
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  readonly performative?: MessageRecord["performative"] | undefined;
  readonly conversation_id?: string | undefined;
};

/** Where the live tail of the messages that fit is; the last `last` of the past come first, 0 to 1,000. */
export const tailPath = (filter: MessageFilter, last: number): string =>
  withQuery(operations.message.watch.http.path, { ...filter, last });

const OLDER_SIZE = 200;

/** Messages that fit from before this position, the newest first; undefined: from the newest. */
export const olderMessages = (filter: MessageFilter, before: string | undefined) =>
  call(operations.message.list, { ...filter, cursor: before, limit: OLDER_SIZE });

const isSettled = ({ deliveries }: MessageRecord): boolean =>
  deliveries.every(({ state }) => ["done", "dead", "expired", "dropped", "over"].includes(state));

/** Refetched until every delivery has ended. */
export const messageQuery = (id: string) =>
  queryOptions({
    queryKey: ["message", id],
    queryFn: ({ signal }) => call(operations.message.get, { id }, signal),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) =>
      state.error !== null || (state.data !== undefined && isSettled(state.data)) ? false : FIGURES_EVERY_MS,
  });

export const traceQuery = (id: string) =>
  queryOptions({
    queryKey: ["message", id, "trace"],
    queryFn: ({ signal }) => call(operations.message.trace, { id }, signal),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? FIGURES_EVERY_MS : false),
  });

/** Runs that messages of a conversation started, the newest first. */
export const conversationRunsQuery = (conversation: string) =>
  queryOptions({
    queryKey: ["conversation-runs", conversation],
    queryFn: ({ signal }) => call(operations.run.list, { conversation, limit: PAGE_SIZE }, signal),
    refetchInterval: ({ state }) => (state.error === null ? FIGURES_EVERY_MS : false),
  });

type Sent = GivenTo<typeof operations.message.validate>;

/** `token` is that of the sender, if it is a registered program. */
export const sendMessage = (message: Sent, token: string | undefined) =>
  call(operations.message.send, message, undefined, { token });

export const checkMessage = (message: Sent, signal?: AbortSignal) => call(operations.message.validate, message, signal);

/** The same once more, under a new id and in a new conversation. */
export const replayMessage = (id: string) => call(operations.message.replay, { id });

export type DeadLetterFilter = { readonly recipient?: string | undefined; readonly code?: string | undefined };

export const deadLettersQuery = (filter: DeadLetterFilter) =>
  infiniteQueryOptions({
    queryKey: ["dead-letters", filter],
    ...pagesFrom((cursor, signal) => call(operations.deadLetter.list, { ...filter, cursor, limit: PAGE_SIZE }, signal)),
    placeholderData: keepPreviousData,
    refetchInterval: FIGURES_EVERY_MS,
  });

/** Every dead letter that fits, page after page. */
export const allDeadLetters = (filter: DeadLetterFilter): Promise<readonly DeadLetter[]> =>
  entriesOf((cursor) => call(operations.deadLetter.list, { ...filter, cursor, limit: ALL_PAGE_SIZE }));

export const retryDeadLetters = (ids: readonly string[]) => call(operations.deadLetter.retry, { ids });

export const dropDeadLetter = (id: string) => call(operations.deadLetter.drop, { id });

export const mailboxesQuery = queryOptions({
  queryKey: ["mailboxes"],
  queryFn: ({ signal }) => call(operations.mailbox.list, {}, signal),
  refetchInterval: FIGURES_EVERY_MS,
});

export const participantsQuery = queryOptions({
  queryKey: ["participants"],
  queryFn: ({ signal }) => call(operations.participant.list, { limit: ALL_PAGE_SIZE }, signal),
  refetchInterval: FIGURES_EVERY_MS,
});

export const capabilitiesQuery = queryOptions({
  queryKey: ["capabilities"],
  queryFn: ({ signal }) => call(operations.capability.list, { limit: ALL_PAGE_SIZE }, signal),
  refetchInterval: FIGURES_EVERY_MS,
});

export const protocolsQuery = queryOptions({
  queryKey: ["protocols"],
  queryFn: ({ signal }) => call(operations.conversation.protocols, {}, signal),
  // They change only with the server.
  staleTime: Number.POSITIVE_INFINITY,
});
