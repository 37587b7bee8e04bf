import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Conversation, type ConversationPage, fillRoute, ROUTES } from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";
import { retryUnlessRefused, withQuery } from "./queries.ts";

/** That somebody's time is over is no event: for that they are read again now and then. */
const AGAIN_MS = 30_000;
const PAGE_SIZE = 50;

export type ConversationFilter = {
  readonly state?: string | undefined;
  readonly protocol?: string | undefined;
  readonly participant?: string | undefined;
  readonly archived?: true | undefined;
};

export const conversationsQuery = (filter: ConversationFilter) =>
  infiniteQueryOptions({
    queryKey: ["conversations", filter],
    queryFn: ({ pageParam, signal }) => {
      const { archived, ...rest } = filter;
      const query = {
        ...rest,
        archived: archived === true ? "true" : undefined,
        order: "stuck",
        cursor: pageParam,
        limit: PAGE_SIZE,
      };
      return ask<ConversationPage>(withQuery(ROUTES.conversations, query), { signal });
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    refetchInterval: AGAIN_MS,
  });

/** With what its protocol expects next. */
export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: ["conversation", id],
    queryFn: ({ signal }) => ask<Conversation>(fillRoute("conversation", { id }), { signal }),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? AGAIN_MS : false),
  });

const change = (route: "endConversation" | "archiveConversation", id: string) =>
  ask<Conversation>(fillRoute(route, { id }), { method: "POST", json: {} });

/** Nothing more can be said in it. */
export const endConversation = (id: string) => change("endConversation", id);

/** Of one that is over: it is no longer in the list. */
export const archiveConversation = (id: string) => change("archiveConversation", id);

/** It goes on in another one: nothing more can be said in it. */
export const mergeConversation = (id: string, into: string) =>
  ask<Conversation>(fillRoute("mergeConversation", { id }), { method: "POST", json: { into } });

export const isOver = ({ state }: Pick<Conversation, "state">): boolean =>
  state !== "initiated" && state !== "in-progress";
