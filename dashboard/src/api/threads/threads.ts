import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { operations, type RunSummary, type Thread, type WhenBusy } from "../../../../src/api/contract/index.ts";
import { upload } from "../actions.ts";
import { call } from "../client.ts";
import { readAgain } from "../live/read-again.ts";
import { type Page, pagesFrom } from "../page.ts";
import type { ChatSearch } from "../../search/chat.ts";
import { timesOf } from "../../search/time-range.ts";
import { retryUnlessRefused } from "../queries.ts";
import { type Turns, TURNS_SIZE, withEarlier } from "./turns.ts";

const LIST_SIZE = 50;

export const threadsQuery = ({ q, agent, tag, since, until }: ChatSearch) =>
  infiniteQueryOptions({
    queryKey: ["threads", { q, agent, tag, since, until }],
    ...pagesFrom((cursor, signal) => {
      const times = timesOf({ since, until }, Date.now());
      const filter = { search: q?.trim() || undefined, agent, tag, ...times };
      return call(operations.thread.list, { ...filter, cursor, limit: LIST_SIZE }, signal);
    }),
    placeholderData: keepPreviousData,
    retry: retryUnlessRefused,
  });

export const threadQuery = (id: string) =>
  queryOptions({
    queryKey: ["thread", id],
    queryFn: ({ signal }) => call(operations.thread.get, { id }, signal),
    retry: retryUnlessRefused,
  });

const turnsKey = (id: string) => ["thread", id, "turns"] as const;

/** Reads the newest turns. Earlier ones that were read before stay if they belong to the same branch. */
export const turnsQuery = (id: string) =>
  queryOptions({
    queryKey: turnsKey(id),
    queryFn: async ({ client, signal }): Promise<Turns> => {
      const newest = await call(operations.thread.turns, { id, limit: TURNS_SIZE }, signal);
      const known = client.getQueryData<Turns>(turnsKey(id));
      return withEarlier(newest, known);
    },
    // It compares items by their place, and a new turn moves them all.
    structuralSharing: false,
    retry: retryUnlessRefused,
  });

/** Adds a page of earlier turns to those that are shown. */
export async function readEarlier(client: QueryClient, id: string, cursor: string): Promise<void> {
  const page = await call(operations.thread.turns, { id, cursor, limit: TURNS_SIZE });
  client.setQueryData<Turns>(turnsKey(id), (known) =>
    known?.next === cursor ? { ...known, items: [...known.items, ...page.items], next: page.next } : known,
  );
}

/** Reads a thread again when a run of it has another state than what is shown. */
export function applyTurn(client: QueryClient, { id, state, thread }: RunSummary): void {
  if (thread === null) return;
  const isShown = (turn: { readonly run: string | null; readonly state: string | null }) =>
    turn.run === id && turn.state === state;
  const turns = client.getQueryData<Turns>(turnsKey(thread.id))?.items ?? [];
  if (!turns.some(isShown)) readAgain(client, { queryKey: ["thread", thread.id] });
  const lists = client.getQueriesData<InfiniteData<Page<Thread>>>({ queryKey: ["threads"] });
  const listed = lists.flatMap(([, data]) => data?.pages.flatMap(({ items }) => items) ?? []);
  if (!listed.some(({ head, state: known }) => isShown({ run: head, state: known })))
    readAgain(client, { queryKey: ["threads"] });
}

export const createThread = (agent: string) => call(operations.thread.create, { agent });

export type Message = {
  readonly input?: string | undefined;
  readonly files?: readonly File[] | undefined;
  /** The turn that it replaces. */
  readonly insteadOf?: string | undefined;
  readonly whenBusy?: WhenBusy | undefined;
  /** The same for each attempt to send it, so that it is sent once. */
  readonly key: string;
};

/** Files that were sent, for a message that is sent once more. */
const sentFiles = new WeakMap<File, ReturnType<typeof upload>>();

/** Sends a file, once. */
function sendFile(file: File): ReturnType<typeof upload> {
  const known = sentFiles.get(file);
  if (known !== undefined) return known;
  const sent = upload(file);
  sentFiles.set(file, sent);
  sent.catch(() => sentFiles.delete(file));
  return sent;
}

/** Sends the files, then the message. A user follows its turn here, so the agent may ask questions. */
export async function sendMessage(id: string, { input, files = [], insteadOf, whenBusy, key }: Message) {
  const uploads = await Promise.all(files.map(sendFile));
  const body = {
    ...(input !== undefined && { input }),
    ...(uploads.length > 0 && { uploads: uploads.map((sent) => sent.id) }),
    ...(insteadOf !== undefined && { instead_of: insteadOf }),
    ...(whenBusy !== undefined && { when_busy: whenBusy }),
    attended: true,
  };
  return call(operations.thread.send, { id, ...body }, undefined, { key });
}

export const renameThread = (id: string, title: string) => call(operations.thread.update, { id, title });

/** Shows the branch of a turn, up to its newest turn. */
export const showBranch = (id: string, branch: string) => call(operations.thread.update, { id, branch });

/** Makes a turn the last one that is shown and continued. */
export const showUpTo = (id: string, head: string) => call(operations.thread.update, { id, head });

export const forkThread = (id: string, at: string) => call(operations.thread.fork, { id, at });

export const deleteThread = (id: string) => call(operations.thread.delete, { id });
