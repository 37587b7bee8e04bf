import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Conversation, operations } from "../../../src/api/contract/index.ts";
import { call } from "./client.ts";
import { pagesFrom } from "./page.ts";
import { retryUnlessRefused } from "./queries.ts";

/** Refetch interval: a passed deadline sends no event. */
const AGAIN_MS = 30_000;
const PAGE_SIZE = 50;

export type ConversationFilter = {
  readonly state?: Conversation["state"] | undefined;
  readonly protocol?: string | undefined;
  readonly participant?: string | undefined;
  readonly archived?: true | undefined;
};

export const conversationsQuery = (filter: ConversationFilter) =>
  infiniteQueryOptions({
    queryKey: ["conversations", filter],
    ...pagesFrom((cursor, signal) => {
      const { archived, ...rest } = filter;
      const query = {
        ...rest,
        archived: archived === true ? "true" : undefined,
        order: "stuck",
        cursor,
        limit: PAGE_SIZE,
      } as const;
      return call(operations.conversation.list, query, signal);
    }),
    placeholderData: keepPreviousData,
    refetchInterval: AGAIN_MS,
  });

/** With what its protocol expects next. */
export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: ["conversation", id],
    queryFn: ({ signal }) => call(operations.conversation.get, { id }, signal),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? AGAIN_MS : false),
  });

/** Nothing more can be said in it. */
export const endConversation = (id: string) => call(operations.conversation.end, { id });

/** Of one that is over: it is no longer in the list. */
export const archiveConversation = (id: string) => call(operations.conversation.archive, { id });

/** Merges a conversation into another one. It then accepts no more messages. */
export const mergeConversation = (id: string, into: string) => call(operations.conversation.merge, { id, into });

export const isOver = ({ state }: Pick<Conversation, "state">): boolean =>
  state !== "initiated" && state !== "in-progress";
