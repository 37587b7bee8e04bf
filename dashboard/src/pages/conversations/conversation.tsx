import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Conversation as StoredConversation } from "../../../../src/api/contract/index.ts";
import { conversationQuery } from "../../api/conversations.ts";
import { useTalkUpdates } from "../../api/live/live-talk.ts";
import { conversationRunsQuery } from "../../api/messages.ts";
import { Card } from "../../parts/card.tsx";
import { cx } from "../../parts/class-names.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { requestTitle } from "../../parts/messages/plain-words.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { MessageDetail } from "../messages/message-detail.tsx";
import { ConversationActions } from "./conversation-actions.tsx";
import { ConversationFacts } from "./conversation-facts.tsx";
import { ProtocolFold } from "./protocol-fold.tsx";
import { Thread } from "./thread.tsx";
import { Turns } from "./turns.tsx";

const route = getRouteApi("/conversations/$id");
const words = text.conversations;

/** One conversation: who said what to whom, what is expected next, and until when. */
export function Conversation() {
  const { id } = route.useParams();
  const { message } = route.useSearch();
  const navigate = route.useNavigate();
  useTalkUpdates("conversation");
  const { data: conversation, error, refetch } = useQuery(conversationQuery(id));
  const select = (chosen: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, message: chosen }), replace: true, resetScroll: false });
  return (
    <>
      <PageHeading
        title={titleOf(conversation)}
        above={<Trail />}
        note={<span className="font-mono text-xs">{id}</span>}
      >
        {conversation === undefined ? null : <ConversationActions conversation={conversation} />}
      </PageHeading>
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} className="mb-4" />}
      {conversation === undefined && error === null ? <Skeleton lines={3} /> : null}
      {conversation === undefined ? null : (
        <Card className="mb-4">
          <ConversationFacts conversation={conversation} />
        </Card>
      )}
      <div
        className={cx(
          "grid items-start gap-4",
          message === undefined
            ? "xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]"
            : "xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]",
        )}
      >
        <Thread key={id} id={id} conversation={conversation} onSelect={select} />
        <div className={cx("min-w-0 space-y-4", message !== undefined && "max-xl:order-first")}>
          {message === undefined ? null : (
            <MessageDetail key={message} id={message} onSelect={select} onClose={() => select(undefined)} />
          )}
          {conversation === undefined ? null : <Turns conversation={conversation} />}
          <StartedRuns id={id} />
          {conversation === undefined ? null : <ProtocolFold conversation={conversation} />}
        </div>
      </div>
    </>
  );
}

function titleOf(conversation: StoredConversation | undefined): string {
  if (conversation === undefined) return words.detail;
  const { initiator, participants } = conversation;
  return words.title(
    initiator,
    participants.map(({ name }) => name).filter((name) => name !== initiator),
  );
}

const Trail = () => (
  <nav aria-label={words.trail} className="mb-1 text-xs text-muted">
    <Link to="/conversations" className="hover:text-ink hover:underline">
      {text.pages.conversations}
    </Link>
  </nav>
);

function StartedRuns({ id }: { readonly id: string }) {
  const runs = useQuery(conversationRunsQuery(id)).data?.items ?? [];
  if (runs.length === 0) return null;
  return (
    <Card title={words.runs}>
      <ul className="space-y-1.5 text-sm">
        {runs.map(({ id: run, agent, state, input_preview: input, message }) => (
          <li key={run} className="flex min-w-0 items-center gap-2">
            <StatePill state={state} />
            <Link to="/runs/$id" params={{ id: run }} className="shrink-0 text-accent hover:underline">
              {agent}
            </Link>
            <span className="truncate text-xs text-muted">{requestTitle(input, message)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
