import { getRouteApi } from "@tanstack/react-router";
import { List, Workflow } from "lucide-react";
import { useState } from "react";
import type { Conversation } from "../../../../src/api/contract/index.ts";
import { useMessageTail } from "../../api/live/message-tail.ts";
import { tailPath } from "../../api/messages.ts";
import { Button } from "../../parts/button.tsx";
import { Choices } from "../../parts/forms/choices.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { THREAD_VIEWS } from "../../search/messages.ts";
import { text } from "../../text/text.ts";
import { Diagram } from "./diagram.tsx";
import { ThreadList } from "./thread-list.tsx";

const route = getRouteApi("/conversations/$id");
const words = text.conversations;
/** Messages that are read; more is the whole of what a conversation usually is. */
const PAST = 1_000;
/** Messages drawn at first, the last ones. */
const DRAWN = 200;

type Props = {
  readonly id: string;
  readonly conversation: Conversation | undefined;
  readonly onSelect: (id: string) => void;
};

/** Messages of a conversation, live: as a sequence diagram or as a list. */
export function Thread({ id, conversation, onSelect }: Props) {
  const { as, message: selected } = route.useSearch();
  const view = as ?? (isTelephone() ? "list" : "diagram");
  const navigate = route.useNavigate();
  const { messages, live, missed, isRead } = useMessageTail(tailPath({ conversation_id: id }, PAST));
  const [all, setAll] = useState(false);
  if (messages.length === 0) {
    return isRead ? <Empty title={words.nothing} note={words.nothingNote} /> : <Skeleton lines={8} />;
  }
  const shown = all ? messages : messages.slice(-DRAWN);
  const thread = { conversation, messages: shown, selected, onSelect };
  return (
    <section aria-label={words.thread} className="min-w-0">
      <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-1">
        <p role="status" className="flex flex-1 flex-wrap gap-x-4 text-xs text-muted">
          <span className={live === true ? "text-good" : "text-warn"}>
            {live === true ? text.messages.live : text.messages.lost}
          </span>
          <span>{text.messages.shown(shown.length, messages.length)}</span>
          {missed === 0 ? null : <span className="text-warn">{text.messages.missed(missed)}</span>}
        </p>
        {shown.length === messages.length ? null : (
          <Button size="small" onClick={() => setAll(true)}>
            {words.earlier(messages.length - shown.length)}
          </Button>
        )}
        <Choices
          label={words.views}
          value={view}
          choices={THREAD_VIEWS.map((value) => ({
            value,
            label: words.view[value],
            icon:
              value === "list" ? <List aria-hidden className="size-4" /> : <Workflow aria-hidden className="size-4" />,
          }))}
          onChange={(chosen) =>
            void navigate({ search: (before) => ({ ...before, as: chosen }), replace: true, resetScroll: false })
          }
        />
      </div>
      {view === "list" ? <ThreadList {...thread} /> : <Diagram {...thread} />}
    </section>
  );
}

/** Screen width below which a diagram of several lifelines does not fit. */
const isTelephone = (): boolean => matchMedia("(max-width: 40rem)").matches;
