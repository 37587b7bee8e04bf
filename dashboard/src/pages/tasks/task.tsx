import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CircleStop, Megaphone } from "lucide-react";
import { useState } from "react";
import { operations, type Task as TaskRecord } from "../../../../src/api/contract/index.ts";
import { useTalkUpdates } from "../../api/live/live-talk.ts";
import { useMessageTail } from "../../api/live/message-tail.ts";
import { tailPath } from "../../api/messages.ts";
import { cancelTask, distributeTask, isTaskOver, taskQuery } from "../../api/tasks.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { JsonView } from "../../parts/content/json-view.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { jsonIn } from "../../parts/messages/plain-words.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { ThreadList } from "../conversations/thread-list.tsx";
import { MessageDetail } from "../messages/message-detail.tsx";
import { Announcement } from "./announcement.tsx";
import { Bidders, Calls } from "./bidders.tsx";
import { TaskStatus } from "./status-badge.tsx";

const route = getRouteApi("/tasks/$id");
const words = text.tasks;
/** Messages of its conversation that are shown, the last ones. */
const SHOWN = 200;

/** One task: what was announced, who bid what, who got it, and what was said. */
export function Task() {
  const { id } = route.useParams();
  useTalkUpdates("task");
  const { data: task, error, refetch } = useQuery(taskQuery(id));
  return (
    <>
      <PageHeading
        title={task?.name ?? text.pages.tasks}
        above={<Trail />}
        note={<span className="font-mono text-xs">{id}</span>}
      >
        {task === undefined ? null : <Actions task={task} />}
      </PageHeading>
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} className="mb-4" />}
      {task === undefined && error === null ? <Skeleton lines={6} /> : null}
      {task === undefined ? null : (
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
          <div className="min-w-0 space-y-4">
            <Announcement task={task} />
            <Bidders task={task} />
            {task.auction === null || task.auction.calls.length === 0 ? null : <Calls calls={task.auction.calls} />}
            {task.result === null ? null : (
              <Card title={words.result}>
                <TaskResult result={task.result} />
              </Card>
            )}
            <Subtasks of={task} />
          </div>
          <History key={id} task={task} />
        </div>
      )}
    </>
  );
}

function TaskResult({ result }: Pick<TaskRecord, "result">) {
  const parsed = typeof result === "string" ? jsonIn(result) : undefined;
  if (typeof result !== "string" || parsed !== undefined) return <JsonView value={parsed ?? result} />;
  return <p className="text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">{result}</p>;
}

const Trail = () => (
  <nav aria-label={words.trail} className="mb-1 text-xs text-muted">
    <Link to="/tasks" className="hover:text-ink hover:underline">
      {text.pages.tasks}
    </Link>
  </nav>
);

function Subtasks({ of: { subtasks } }: { readonly of: TaskRecord }) {
  if (subtasks.length === 0) return null;
  return (
    <Card title={words.subtasks}>
      <ul className="space-y-1.5 text-sm">
        {subtasks.map(({ id, name, status }) => (
          <li key={id} className="flex min-w-0 items-center gap-2">
            <TaskStatus status={status} />
            <Link to="/tasks/$id" params={{ id }} className="truncate text-accent hover:underline">
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** What was said in its conversation, as it is said. */
function History({ task: { conversation_id: conversation, status } }: { readonly task: TaskRecord }) {
  const [selected, select] = useState<string>();
  const { messages } = useMessageTail(tailPath({ conversation_id: conversation }, SHOWN), SHOWN);
  return (
    <section aria-label={words.history} className="min-w-0 space-y-4">
      {selected === undefined ? null : (
        <MessageDetail key={selected} id={selected} onSelect={select} onClose={() => select(undefined)} />
      )}
      <h2 className="flex items-baseline gap-3 text-sm font-semibold">
        {words.history}
        {status === "created" ? null : (
          <Link
            to="/conversations/$id"
            params={{ id: conversation }}
            className="text-xs font-normal text-accent hover:underline"
          >
            {words.conversation}
          </Link>
        )}
      </h2>
      {messages.length === 0 ? (
        <p className="text-sm text-muted">{words.noBidders}</p>
      ) : (
        <ThreadList conversation={undefined} messages={messages} selected={selected} onSelect={select} />
      )}
    </section>
  );
}

function Actions({ task }: { readonly task: TaskRecord }) {
  const [cancelling, setCancelling] = useState(false);
  const client = useQueryClient();
  const distribute = useMutation({
    mutationFn: distributeTask,
    onError: (error) => notify(error.message),
    onSettled: () => client.invalidateQueries({ queryKey: ["task", task.id] }),
  });
  if (isTaskOver(task)) return null;
  return (
    <>
      {task.status === "created" ? (
        <Button
          needs={operations.task.distribute}
          look="primary"
          disabled={distribute.isPending}
          onClick={() => distribute.mutate(task.id)}
        >
          <Megaphone aria-hidden />
          {words.distribute}
        </Button>
      ) : null}
      <Button needs={operations.task.cancel} look="danger" onClick={() => setCancelling(true)}>
        <CircleStop aria-hidden />
        {words.cancel}
      </Button>
      {cancelling ? <CancelDialog task={task} onClose={() => setCancelling(false)} /> : null}
    </>
  );
}

function CancelDialog({ task, onClose }: { readonly task: TaskRecord; readonly onClose: () => void }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: cancelTask,
    onSuccess: (cancelled) => {
      client.setQueryData(["task", task.id], cancelled);
      notify(words.cancelled);
      onClose();
    },
  });
  return (
    <Dialog title={words.cancelTitle} onClose={onClose}>
      <div className="space-y-4 p-5">
        <p className="text-sm">{words.cancelNote}</p>
        {cancel.error === null ? null : <ProblemView error={cancel.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.actions.cancel}</Button>
          <Button look="danger" disabled={cancel.isPending} onClick={() => cancel.mutate(task.id)}>
            {words.cancel}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
