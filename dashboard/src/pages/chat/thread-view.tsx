import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useEffect, useState } from "react";
import type { Thread } from "../../../../src/api/contract/index.ts";
import { hasEnded } from "../../api/live/live.ts";
import { threadQuery, turnsQuery } from "../../api/threads/threads.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import type { ChatSearch } from "../../search/chat.ts";
import { text } from "../../text/text.ts";
import { Dialogue } from "./dialogue.tsx";
import { SendBox } from "./send-box.tsx";
import { titleOf } from "./thread-list.tsx";
import { ThreadMenu } from "./thread-menu.tsx";

const words = text.chat;

/** One thread: its dialogue, and the box that sends a message. */
export function ThreadView({ id }: { readonly id: string }) {
  const thread = useQuery(threadQuery(id));
  const turns = useQuery(turnsQuery(id));
  const [sent, setSent] = useState(0);
  const error = thread.error ?? turns.error;
  if (thread.data === undefined || turns.data === undefined) {
    return (
      <section className="min-w-0 flex-1 p-4 md:p-6">
        <h1 className="sr-only">{text.pages.chat}</h1>
        {error === null ? (
          <Skeleton lines={8} />
        ) : (
          <ProblemView
            error={error}
            onRetry={() => {
              void thread.refetch();
              void turns.refetch();
            }}
          />
        )}
      </section>
    );
  }
  const open = turns.data.items.filter((turn) => !hasEnded(turn)).toReversed();
  const [current, ...waiting] = open;
  return (
    <section aria-label={titleOf(thread.data)} className="flex min-w-0 flex-1 flex-col">
      <Heading thread={thread.data} />
      <Dialogue thread={thread.data} turns={turns.data} current={current} sent={sent} />
      <div className="mx-auto w-full max-w-3xl px-4">
        <SendBox thread={thread.data} current={current} waiting={waiting} onSent={() => setSent(sent + 1)} />
      </div>
    </section>
  );
}

function Heading({ thread }: { readonly thread: Thread }) {
  const title = titleOf(thread);
  const search: ChatSearch = useSearch({ strict: false });
  useEffect(() => {
    document.title = text.titleOf(title);
  }, [title]);
  return (
    <header className="flex min-h-12 items-center gap-2 border-b border-line py-1.5 pr-2 pl-4">
      <Link
        to="/chat"
        search={search}
        aria-label={words.back}
        title={words.back}
        className="-ml-2 inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover lg:hidden"
      >
        <ArrowLeft aria-hidden className="size-4" />
      </Link>
      <div className="min-w-0 flex-1">
        <h1 className="truncate font-semibold" title={title}>
          {title}
        </h1>
        <p className="flex gap-x-3 truncate text-xs text-muted">
          <Link to="/agents/$name" params={{ name: thread.agent }} className="text-accent hover:underline">
            {thread.agent}
          </Link>
          {thread.forked_from === null ? null : (
            <Link to="/chat/$id" params={{ id: thread.forked_from }} className="truncate hover:underline">
              {words.forked}
            </Link>
          )}
        </p>
      </div>
      <ThreadMenu thread={thread} />
    </header>
  );
}
