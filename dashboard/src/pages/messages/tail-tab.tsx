import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Pause, Play, Send } from "lucide-react";
import { useState } from "react";
import { operations, type MessageRecord } from "../../../../src/api/contract/index.ts";
import { useMessageTail } from "../../api/live/message-tail.ts";
import { type MessageFilter, olderMessages, tailPath } from "../../api/messages.ts";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { text } from "../../text/text.ts";
import { MessageDetail } from "./message-detail.tsx";
import { MessageTable } from "./message-table.tsx";
import { TailFilter } from "./tail-filter.tsx";

const route = getRouteApi("/messages");
const words = text.messages;
/** Of the past, when the page opens. */
const PAST = 200;
/** Rows in the page at once. */
const SHOWN_MAX = 200;

type Props = { readonly onCompose: () => void };

/** Messages as they come, the newest on top; beside them the one that is looked at. */
export function TailTab({ onCompose }: Props) {
  const { sender, recipient, act, conversation, message } = route.useSearch();
  const navigate = route.useNavigate();
  const select = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, message: id }), replace: true, resetScroll: false });
  const filter = { sender, recipient, performative: act, conversation_id: conversation };
  const path = tailPath(filter, PAST);
  const isFiltered = (sender ?? recipient ?? act ?? conversation) !== undefined;
  return (
    <>
      <TailFilter />
      <div
        className={cx("grid items-start gap-4", message !== undefined && "xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]")}
      >
        <Tail key={path} path={path} filter={filter} selected={message} isFiltered={isFiltered} onCompose={onCompose} />
        {message === undefined ? null : (
          <div className="min-w-0 max-xl:order-first xl:sticky xl:top-16 xl:max-h-[calc(100dvh-5rem)] xl:overflow-y-auto">
            <MessageDetail key={message} id={message} onSelect={select} onClose={() => select(undefined)} />
          </div>
        )}
      </div>
    </>
  );
}

type TailProps = Props & {
  readonly path: string;
  readonly filter: MessageFilter;
  readonly selected: string | undefined;
  readonly isFiltered: boolean;
};

function Tail({ path, filter, selected, isFiltered, onCompose }: TailProps) {
  const { messages, missed, live, isRead } = useMessageTail(path);
  const [held, setHeld] = useState<readonly MessageRecord[] | undefined>();
  const older = useOlder(filter);
  const now = held ?? messages;
  const shown = [...now.slice(held === undefined ? -SHOWN_MAX : 0).toReversed(), ...older.messages];
  const resume = () => {
    setHeld(undefined);
    older.forget();
  };
  const goBack = () => {
    // What is looked back from stands still: it would else move away under the reader.
    if (held === undefined) setHeld(messages);
    if (held !== undefined || messages.length <= SHOWN_MAX) older.read(shown.at(-1)?.position);
  };
  if (messages.length === 0 && !isRead) return <Skeleton lines={8} />;
  return (
    <section aria-label={words.tabs.tail} className="min-w-0">
      <div className="mb-2 flex min-h-7 flex-wrap items-center gap-x-4 gap-y-1">
        <p role="status" className="flex flex-1 flex-wrap gap-x-4 text-xs text-muted">
          <span className={live === true ? "text-good" : "text-warn"}>{live === true ? words.live : words.lost}</span>
          {now.length === 0 ? null : <span>{words.shown(shown.length, now.length + older.messages.length)}</span>}
          {missed === 0 ? null : <span className="text-warn">{words.missed(missed)}</span>}
          {held === undefined ? null : <span>{words.held(newSince(held, messages))}</span>}
        </p>
        <Button
          size="small"
          aria-pressed={held !== undefined}
          onClick={() => (held === undefined ? setHeld(messages) : resume())}
          className={cx(held !== undefined && "bg-warn-soft! text-warn!")}
        >
          {held === undefined ? <Pause aria-hidden /> : <Play aria-hidden />}
          {held === undefined ? words.pause : words.resume}
        </Button>
      </div>
      {shown.length === 0 ? (
        <Nothing isFiltered={isFiltered} onCompose={onCompose} />
      ) : (
        <>
          <MessageTable messages={shown} selected={selected} isNarrow={selected !== undefined} />
          {older.isEnd || shown.length < SHOWN_MAX ? null : (
            <Button size="small" className="mt-3" disabled={older.isReading} onClick={goBack}>
              {older.isReading ? text.actions.loading : text.actions.older}
            </Button>
          )}
        </>
      )}
    </section>
  );
}

/** What was said before that which the page follows, page by page. */
function useOlder(filter: MessageFilter) {
  const [messages, setMessages] = useState<readonly MessageRecord[]>([]);
  const [isEnd, setIsEnd] = useState(false);
  const { mutate, isPending } = useMutation({
    mutationFn: (before: string | undefined) => olderMessages(filter, before),
    onSuccess: ({ items, next }) => {
      setMessages((before) => [...before, ...items]);
      setIsEnd(next === null);
    },
    onError: (error) => notify(error.message),
  });
  const forget = () => {
    setMessages([]);
    setIsEnd(false);
  };
  return { messages, isEnd, isReading: isPending, read: mutate, forget };
}

const newSince = (held: readonly MessageRecord[], messages: readonly MessageRecord[]): number => {
  const known = new Set(held.map(({ position }) => position));
  return messages.filter(({ position }) => !known.has(position)).length;
};

function Nothing({ isFiltered, onCompose }: Props & { readonly isFiltered: boolean }) {
  if (isFiltered) return <Empty title={words.none} note={words.noneNote} />;
  return (
    <Empty title={words.empty} note={words.emptyNote} command={words.emptyCommand}>
      <Button needs={operations.message.send} look="primary" onClick={onCompose}>
        <Send aria-hidden />
        {words.compose}
      </Button>
    </Empty>
  );
}
