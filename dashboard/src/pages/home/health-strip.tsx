import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import type { ReactNode } from "react";
import type { RunState, Status } from "../../../../src/api/contract/index.ts";
import { cx } from "../../parts/class-names.ts";
import { useServerNow } from "../../parts/format/clock.ts";
import { bytes, count, upFor } from "../../parts/format/format.ts";
import { StateIcon } from "../../parts/state-pill.tsx";
import { RUN_STATES } from "../../search/search.ts";
import { text } from "../../text/text.ts";

/** Nothing for a key of single workspaces. */
const serverNote = ({ memory_bytes: memory, data_bytes: data }: Status): string | undefined =>
  memory === null || data === null ? undefined : text.home.serverNote(bytes(memory), bytes(data));

/** How the server is, in one line of numbers. */
export function HealthStrip({ status }: { readonly status: Status }) {
  const nowMs = useServerNow(1_000);
  const { names } = text.home;
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line shadow-card md:grid-cols-3 xl:grid-cols-[minmax(0,1.35fr)_minmax(0,0.6fr)_minmax(0,0.8fr)_minmax(0,1.5fr)_minmax(0,1fr)_minmax(0,1.3fr)]">
      <Cell name={names.server} note={serverNote(status)}>
        <span title={text.home.node(status.node_version)}>{status.version}</span>
        <span className="ml-2 text-sm font-normal text-muted">
          {text.home.up(upFor(nowMs - Date.parse(status.started_at)))}
        </span>
      </Cell>
      <Cell name={names.agents}>
        <Link to="/agents" className="hover:text-accent hover:underline">
          {count(status.agents)}
        </Link>
      </Cell>
      <ToolCell status={status} />
      <Cell name={names.runs}>
        <RunCounts status={status} />
      </Cell>
      <MemoryCell status={status} />
      <ModelCell status={status} />
    </dl>
  );
}

type CellProps = {
  readonly name: string;
  readonly note?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
};

const Cell = ({ name, note, className, children }: CellProps) => (
  <div className={cx("min-w-0 bg-surface px-4 py-3", className)}>
    <dt className="text-xs text-muted">{name}</dt>
    <dd className="mt-0.5 min-w-0 text-lg font-semibold">
      {children}
      {note === undefined ? null : <div className="truncate text-xs font-normal text-muted">{note}</div>}
    </dd>
  </div>
);

function ToolCell({ status }: { readonly status: Status }) {
  const bad = status.tool_servers.filter(({ state }) => state === "failed" || state === "quarantined");
  const tools = status.tool_servers.reduce((sum, server) => sum + server.tools, 0);
  return (
    <Cell
      name={text.home.names.tools}
      note={
        bad.length === 0 ? (
          text.home.tools(tools)
        ) : (
          <span className="text-bad">{text.home.badTools(bad.map(({ name }) => name).join(", "))}</span>
        )
      }
    >
      <Link to="/tools" className="hover:text-accent hover:underline">
        {count(status.tool_servers.length)}
      </Link>
    </Cell>
  );
}

const countOf = ({ runs }: Status, state: RunState): number =>
  ({
    ...runs,
    "needs-decision": runs.needs_decision,
    "awaiting-approval": runs.awaiting_approval,
    "awaiting-choice": runs.awaiting_choice,
    "awaiting-input": runs.awaiting_input,
    "awaiting-reply": runs.awaiting_reply,
  })[state];

function RunCounts({ status }: { readonly status: Status }) {
  const shown = RUN_STATES.filter((state) => countOf(status, state) > 0);
  if (shown.length === 0) return <span className="text-sm font-normal text-muted">{text.home.noRuns}</span>;
  return (
    <ul className="flex flex-wrap gap-x-3.5 gap-y-0.5">
      {shown.map((state) => (
        <li key={state}>
          <Link
            to="/runs"
            search={{ state }}
            className="flex min-h-6 items-center gap-1 text-sm font-medium hover:text-accent hover:underline"
          >
            <StateIcon state={state} />
            {count(countOf(status, state))}
            <span className="text-xs font-normal text-muted">{text.states[state]}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function MemoryCell({ status: { memory } }: { readonly status: Status }) {
  const entities = memory.limits.find(({ what }) => what === "entities");
  return (
    <Cell
      name={text.home.names.memory}
      note={
        memory.ready ? (
          text.home.memoryNote(memory.backend)
        ) : (
          <span title={memory.note} className="text-bad">
            {memory.note}
          </span>
        )
      }
    >
      <Link to="/memory" className="hover:text-accent hover:underline">
        {entities === undefined || !memory.ready ? text.home.memoryLook : count(entities.used)}
        {entities !== undefined && memory.ready ? (
          <span className="ml-1.5 text-xs font-normal text-muted">{text.home.memoryEntities(entities.used)}</span>
        ) : null}
      </Link>
      {entities?.near === true ? (
        <span className="ml-2 text-xs font-normal text-warn">{text.home.memoryNear}</span>
      ) : null}
    </Cell>
  );
}

function ModelCell({ status }: { readonly status: Status }) {
  const provider = status.models.find((model) => model.provider === status.default_model.split("/")[0]);
  const ready = provider?.ready ?? false;
  const Icon = ready ? CircleCheck : CircleAlert;
  return (
    <Cell
      name={text.home.names.model}
      note={
        <span className="flex items-center gap-1">
          <Icon aria-hidden className={`size-3.5 shrink-0 ${ready ? "text-good" : "text-warn"}`} />
          <span className="truncate">{provider?.note ?? text.home.unknownProvider}</span>
        </span>
      }
    >
      <span className="block truncate text-sm/6" title={status.default_model}>
        {status.default_model}
      </span>
    </Cell>
  );
}
