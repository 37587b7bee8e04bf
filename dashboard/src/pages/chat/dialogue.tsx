import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowDown } from "lucide-react";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Thread, Turn } from "../../../../src/api/contract/index.ts";
import { hasEnded } from "../../api/live/live.ts";
import { readEarlier, showBranch, showUpTo } from "../../api/threads/threads.ts";
import type { Turns } from "../../api/threads/turns.ts";
import { IconButton } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { MoreButton } from "../../parts/more-button.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { text } from "../../text/text.ts";
import { EditTurn, Regenerate } from "./edit-turn.tsx";
import { Entries } from "./entries.tsx";
import { saidAdded } from "./said.ts";
import { useFork } from "./thread-menu.tsx";
import { EndedTurn, LiveTurn, type TurnActions } from "./turn.tsx";

const words = text.chat;
/** From this many turns on, the browser skips what is not in view. */
const SKIPPED_FROM = 40;

type Props = {
  readonly thread: Thread;
  readonly turns: Turns;
  readonly current: Turn | undefined;
  /** Number of messages that were sent here: each brings the end into view. */
  readonly sent: number;
};

/** The turns of the shown branch, oldest first, with the one in progress. Messages that wait are shown at the send box. */
export function Dialogue({ thread, turns, current, sent }: Props) {
  const shown = turns.items.filter((turn) => hasEnded(turn) || turn === current).toReversed();
  const scroller = useRef<HTMLDivElement>(null);
  const { isAtEnd, toEnd } = useStaysAtEnd(scroller);
  useEffect(() => {
    if (sent > 0) toEnd();
  }, [sent, toEnd]);
  const lived = useLived(current?.run);
  const { changing, actions, close } = useActions(thread.id);
  const last = shown.at(-1)?.run;
  const since = (turn: Turn) => shown.slice(shown.findIndex(({ run }) => run === turn.run));
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={words.dialogue}
        tabIndex={0}
        className="h-full overflow-y-auto focus-visible:outline-offset-[-2px]"
      >
        <div className="mx-auto max-w-3xl space-y-6 px-4 py-5">
          <Earlier id={thread.id} next={turns.next} scroller={scroller} />
          {shown.length + turns.added.length === 0 ? <Nothing agent={thread.agent} /> : null}
          {shown.map((turn) => {
            const Shown = lived.has(turn.run) || turn === current ? LiveTurn : EndedTurn;
            const skips = shown.length > SKIPPED_FROM && turn.run !== last;
            return (
              <div
                key={turn.run}
                className={cx(skips && "[contain-intrinsic-size:auto_12rem] [content-visibility:auto]")}
              >
                {changing?.kind === "edit" && changing.turn.run === turn.run ? (
                  <EditTurn thread={thread.id} turn={turn} replaced={since(turn)} onClose={close} />
                ) : (
                  <Shown turn={turn} isLast={turn.run === last} actions={actions} />
                )}
              </div>
            );
          })}
          <Entries said={saidAdded(turns.added)} agent={thread.agent} run="" />
        </div>
      </div>
      {isAtEnd ? null : (
        <IconButton
          label={words.latest}
          onClick={toEnd}
          className="absolute! bottom-3 left-1/2 -translate-x-1/2 rounded-full! border border-line-strong bg-surface! shadow-pop"
        >
          <ArrowDown aria-hidden />
        </IconButton>
      )}
      {changing?.kind === "regenerate" ? (
        <Regenerate thread={thread.id} turn={changing.turn} replaced={since(changing.turn)} onClose={close} />
      ) : null}
    </div>
  );
}

const Nothing = ({ agent }: { readonly agent: string }) => (
  <div className="py-16 text-center">
    <p className="font-medium">{words.empty(agent)}</p>
    <p className="mt-1 text-sm text-muted">{words.emptyNote}</p>
  </div>
);

type Changing = { readonly kind: "edit" | "regenerate"; readonly turn: Turn };

function useActions(id: string) {
  const client = useQueryClient();
  const [changing, setChanging] = useState<Changing | undefined>();
  const fork = useFork(id);
  const move = useMutation({
    mutationFn: ({ branch, head }: { readonly branch?: string; readonly head?: string }) =>
      branch === undefined ? showUpTo(id, head ?? "") : showBranch(id, branch),
    onSuccess: (_thread, { head }) => {
      if (head !== undefined) notify(words.undone);
      return client.invalidateQueries({ queryKey: ["thread", id] });
    },
    onError: ({ message }) => notify(message),
  });
  const { mutate } = move;
  const actions = useMemo<TurnActions>(() => {
    // The effects that stay are those of now: a turn may be in progress.
    const change = async (next: Changing) => {
      await client.invalidateQueries({ queryKey: ["thread", id] });
      setChanging(next);
    };
    return {
      edit: (turn) => void change({ kind: "edit", turn }),
      regenerate: (turn) => void change({ kind: "regenerate", turn }),
      fork: ({ run }) => fork(run),
      undoAfter: ({ run }) => mutate({ head: run }),
      show: (branch) => mutate({ branch }),
    };
  }, [client, id, fork, mutate]);
  return { changing, actions, close: () => setChanging(undefined) };
}

/** Turns that were in progress since the page was opened. */
function useLived(current: string | undefined): ReadonlySet<string> {
  const [lived, setLived] = useState<ReadonlySet<string>>(new Set());
  if (current !== undefined && !lived.has(current)) setLived(new Set([...lived, current]));
  return lived;
}

type EarlierProps = {
  readonly id: string;
  readonly next: string | null;
  readonly scroller: RefObject<HTMLDivElement | null>;
};

/** Reads earlier turns. What is in view stays where it is. */
function Earlier({ id, next, scroller }: EarlierProps) {
  const client = useQueryClient();
  const height = useRef<number | undefined>(undefined);
  const earlier = useMutation({
    mutationFn: async (cursor: string) => {
      height.current = scroller.current?.scrollHeight;
      await readEarlier(client, id, cursor);
    },
  });
  useLayoutEffect(() => {
    const { current: box } = scroller;
    if (box === null || height.current === undefined) return;
    box.scrollTop += box.scrollHeight - height.current;
    height.current = undefined;
  }, [next, scroller]);
  if (next === null) return null;
  return (
    <MoreButton
      label={words.earlier}
      isLoading={earlier.isPending}
      error={earlier.error}
      onMore={() => earlier.mutate(next)}
      className="justify-center"
    />
  );
}

/** Distance from the end within which the reader counts as being there. */
const END_PX = 60;

/** Keeps the end in view while text is added, unless the reader scrolled up. */
function useStaysAtEnd(scroller: RefObject<HTMLDivElement | null>) {
  const [isAtEnd, setAtEnd] = useState(true);
  const stays = useRef(true);
  const toEnd = useCallback(() => {
    const { current: box } = scroller;
    if (box === null) return;
    stays.current = true;
    box.scrollTop = box.scrollHeight;
  }, [scroller]);
  useEffect(() => {
    const { current: box } = scroller;
    const content = box?.firstElementChild;
    if (box === null || content === null || content === undefined) return undefined;
    let size = box.scrollHeight - box.clientHeight;
    const onScroll = () => {
      const now = box.scrollHeight - box.clientHeight;
      const isThere = now - box.scrollTop < END_PX;
      // Where the size has changed, the browser moved the view, not the reader.
      stays.current = isThere || (stays.current && now !== size);
      size = now;
      setAtEnd(stays.current);
    };
    const observer = new ResizeObserver(() => {
      if (stays.current) toEnd();
    });
    observer.observe(content);
    observer.observe(box);
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", onScroll);
    };
  }, [scroller, toEnd]);
  return { isAtEnd, toEnd };
}
