import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { operations, type Thread } from "../../../../src/api/contract/index.ts";
import { agentsQuery } from "../../api/queries.ts";
import { threadsQuery } from "../../api/threads/threads.ts";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { Select } from "../../parts/forms/field.tsx";
import { useSettled } from "../../parts/forms/settled.ts";
import { TimeFilter } from "../../parts/forms/time-filter.tsx";
import { TagFilter, WordsFilter } from "../../parts/forms/words-filter.tsx";
import { MoreButton } from "../../parts/more-button.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { StateIcon } from "../../parts/state-pill.tsx";
import { hasEnded } from "../../api/live/live.ts";
import type { ChatSearch } from "../../search/chat.ts";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { NewThread } from "./new-thread.tsx";

const words = text.chat;
/** Time without a key press before threads are searched. */
const TYPING_MS = 200;

type Props = { readonly open: string | undefined };

/** Threads with users, the last used first. */
export function ThreadList({ open }: Props) {
  const filter: ChatSearch = useSearch({ strict: false });
  const [isCreating, setCreating] = useState(false);
  useListKeys();
  return (
    <nav aria-label={words.threads} className="flex min-h-0 flex-1 flex-col">
      <div className="space-y-2 border-b border-line px-4 pb-3 md:max-lg:px-6">
        <Button look="primary" needs={operations.thread.create} className="w-full" onClick={() => setCreating(true)}>
          <Plus aria-hidden />
          {words.create}
        </Button>
        <Filter filter={filter} />
      </div>
      <Threads filter={filter} open={open} />
      {isCreating ? <NewThread agent={filter.agent} onClose={() => setCreating(false)} /> : null}
    </nav>
  );
}

type FilterProps = { readonly filter: ChatSearch };

function Filter({ filter }: FilterProps) {
  const { agent } = filter;
  const navigate = useNavigate();
  const set = (change: ChatSearch) =>
    void navigate({ to: ".", search: { ...filter, ...change }, replace: true, resetScroll: false });
  const names = useInfiniteQuery(agentsQuery).data?.pages.flatMap((page) => page.items.map(({ name }) => name)) ?? [];
  const known = agent === undefined || names.includes(agent) ? names : [agent, ...names];
  return (
    <search className="flex flex-wrap gap-2">
      <WordsFilter label={words.find} value={filter.q} onChange={(q) => set({ q })} className="w-full" />
      <Select
        aria-label={words.agent}
        value={agent ?? ""}
        onChange={({ target }) => set({ agent: target.value === "" ? undefined : target.value })}
        className="w-auto! min-w-0 flex-1 basis-24"
      >
        <option value="">{words.anyAgent}</option>
        {known.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
      <TagFilter value={filter.tag} onChange={(tag) => set({ tag })} className="w-auto! min-w-0 flex-1 basis-24" />
      <TimeFilter range={filter} onChange={set} />
    </search>
  );
}

function Threads({ filter, open }: FilterProps & Props) {
  const settled = { ...filter, q: useSettled(filter.q, TYPING_MS), tag: useSettled(filter.tag, TYPING_MS) };
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    threadsQuery(settled),
  );
  if (data === undefined)
    return (
      <div className="p-4">
        {error === null ? <Skeleton lines={6} /> : <ProblemView error={error} onRetry={() => void refetch()} />}
      </div>
    );
  const threads = data.pages.flatMap(({ items }) => items);
  if (threads.length === 0) return <Nothing isFiltered={Object.values(settled).some((value) => value !== undefined)} />;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto" tabIndex={-1}>
      <ul className="p-2">
        {threads.map((thread) => (
          <li key={thread.id}>
            <ThreadLink thread={thread} isOpen={thread.id === open} search={filter} />
          </li>
        ))}
      </ul>
      {hasNextPage ? (
        <MoreButton
          label={text.actions.older}
          isLoading={isFetchingNextPage}
          error={error}
          onMore={() => void fetchNextPage()}
          className="px-4 pb-4"
        />
      ) : null}
    </div>
  );
}

type LinkProps = { readonly thread: Thread; readonly isOpen: boolean; readonly search: ChatSearch };

const ThreadLink = ({ thread, isOpen, search }: LinkProps) => (
  <Link
    to="/chat/$id"
    params={{ id: thread.id }}
    search={search}
    data-row-link
    aria-current={isOpen ? "page" : undefined}
    className={cx("block rounded-md px-2.5 py-2 hover:bg-hover", isOpen && "bg-accent-soft")}
  >
    <span className="flex items-center gap-2">
      <span className="min-w-0 flex-1 truncate font-medium">{titleOf(thread)}</span>
      {thread.state === null || hasEnded({ state: thread.state }) ? null : <StateIcon state={thread.state} />}
    </span>
    <span className="flex justify-between gap-2 text-xs text-muted">
      <span className="truncate">{thread.agent}</span>
      <Ago at={thread.updated_at} />
    </span>
  </Link>
);

export const titleOf = ({ title }: Pick<Thread, "title">): string => (title === "" ? words.untitled : title);

const Nothing = ({ isFiltered }: { readonly isFiltered: boolean }) => (
  <div className="p-4">
    {isFiltered ? (
      <Empty title={words.noMatch} note={words.noMatchNote} />
    ) : (
      <Empty title={words.none} note={words.noneNote} />
    )}
  </div>
);
