import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Task } from "../../../../src/api/contract/index.ts";
import { useTalkUpdates } from "../../api/live/live-talk.ts";
import { tasksQuery } from "../../api/tasks.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Choices } from "../../parts/forms/choices.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { shortId } from "../../parts/messages/message-words.ts";
import { NameFilter } from "../../parts/forms/name-filter.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { TASK_STATUSES, type TasksSearch } from "../../search/tasks.ts";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { TaskStatus } from "./status-badge.tsx";

const route = getRouteApi("/tasks");
const words = text.tasks;

/** Tasks, the newest first, as they stand. */
export function Tasks() {
  useListKeys();
  useTalkUpdates("task");
  return (
    <>
      <PageHeading title={text.pages.tasks} note={words.note} />
      <FilterBar />
      <List />
    </>
  );
}

function FilterBar() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: TasksSearch) => void navigate({ search: { ...filter, ...change }, replace: true });
  return (
    <search className="mb-3 flex flex-wrap items-end gap-2">
      <Choices
        label={words.columns.status}
        value={filter.status}
        choices={[
          { value: undefined, label: words.any },
          ...TASK_STATUSES.map((value) => ({ value, label: words.statuses[value] })),
        ]}
        onChange={(status) => set({ status })}
      />
      <div className="flex-1" />
      <NameFilter label={words.owner} value={filter.owner} onChange={(owner) => set({ owner })} isFirst />
    </search>
  );
}

function List() {
  const filter = route.useSearch();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(tasksQuery(filter));
  if (error !== null && data === undefined) return <ProblemView error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton lines={8} />;
  const items = data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <Nothing filter={filter} />;
  return (
    <>
      <TaskTable tasks={items} />
      <div className="mt-3 flex items-center gap-3 text-sm text-muted">
        <span>{words.shown(items.length, hasNextPage)}</span>
        {hasNextPage ? (
          <Button size="small" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? text.actions.loading : text.actions.older}
          </Button>
        ) : null}
      </div>
    </>
  );
}

function Nothing({ filter }: { readonly filter: TasksSearch }) {
  if (Object.values(filter).every((value) => value === undefined)) {
    return <Empty title={words.empty} note={words.emptyNote} command={words.emptyCommand} />;
  }
  return (
    <Empty title={words.none} note={words.noneNote}>
      <Link to="/tasks" className={buttonClass()}>
        {words.clear}
      </Link>
    </Empty>
  );
}

function TaskTable({ tasks }: { readonly tasks: readonly Task[] }) {
  const { columns } = words;
  return (
    <Table label={text.pages.tasks}>
      <thead>
        <tr>
          <Th className="w-32 max-sm:w-0">{columns.status}</Th>
          <Th>{columns.name}</Th>
          <Th className="w-44 max-md:hidden">{columns.protocol}</Th>
          <Th className="w-24 text-right max-sm:hidden">{columns.bids}</Th>
          <Th className="w-44 max-lg:hidden">{columns.winner}</Th>
          <Th className="w-28 text-right max-sm:hidden">{columns.changed}</Th>
        </tr>
      </thead>
      <tbody>
        {tasks.map((task) => (
          <Row key={task.id} className="h-10.5">
            <Td>
              <TaskStatus status={task.status} />
            </Td>
            <Td className="max-w-0">
              <Link to="/tasks/$id" params={{ id: task.id }} data-row-link className={`${rowLink} block truncate`}>
                {task.name}
                <span className="ml-2 font-mono text-xs font-normal text-faint">{shortId(task.id)}</span>
              </Link>
              {task.failure === null ? null : (
                <span className="block truncate text-xs text-muted">{task.failure.message}</span>
              )}
            </Td>
            <Td className="text-muted max-md:hidden">{words.protocols[task.protocol]}</Td>
            <Td className="text-right text-muted max-sm:hidden">
              {words.bids(task.bidders.filter(({ bid }) => bid !== null).length, task.bidders.length)}
            </Td>
            <Td className="max-w-0 truncate text-muted max-lg:hidden">{task.assigned_to ?? "–"}</Td>
            <Td className="text-right text-muted max-sm:hidden">
              <Ago at={task.updated_at} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
