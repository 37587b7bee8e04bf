import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { RunState } from "../../../../src/api/contract/index.ts";
import { agentsQuery, runsQuery } from "../../api/queries.ts";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Select } from "../../parts/forms/field.tsx";
import { useSettled } from "../../parts/forms/settled.ts";
import { TimeFilter } from "../../parts/forms/time-filter.tsx";
import { TagFilter, WordsFilter } from "../../parts/forms/words-filter.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { StateIcon } from "../../parts/state-pill.tsx";
import { RUN_STATES, type RunsSearch } from "../../search/search.ts";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { LongRunTable } from "./long-run-table.tsx";
import { NoRuns } from "./no-runs.tsx";

const route = getRouteApi("/runs");
/** Time without a key press before runs are searched. */
const TYPING_MS = 200;

export function Runs() {
  const filter = route.useSearch();
  useListKeys();
  return (
    <>
      <PageHeading title={text.pages.runs} note={text.runs.note} />
      <FilterBar filter={filter} />
      <RunList filter={filter} />
    </>
  );
}

function FilterBar({ filter }: { readonly filter: RunsSearch }) {
  const navigate = route.useNavigate();
  const set = (change: RunsSearch) => void navigate({ search: { ...filter, ...change }, replace: true });
  const names = useInfiniteQuery(agentsQuery).data?.pages.flatMap((page) => page.items.map(({ name }) => name)) ?? [];
  const known = filter.agent === undefined || names.includes(filter.agent) ? names : [filter.agent, ...names];
  return (
    <search className="mb-3 space-y-2">
      <StateFilter state={filter.state} onChange={(state) => set({ state })} />
      <div className="flex flex-wrap items-center gap-2">
        <WordsFilter
          label={text.runs.find}
          value={filter.q}
          onChange={(q) => set({ q })}
          className="w-auto! min-w-48 flex-1 sm:max-w-96"
        />
        <TagFilter value={filter.tag} onChange={(tag) => set({ tag })} className="w-36!" />
        <Select
          aria-label={text.runs.columns.agent}
          value={filter.agent ?? ""}
          onChange={(event) => set({ agent: event.target.value === "" ? undefined : event.target.value })}
          className="w-40!"
        >
          <option value="">{text.runs.anyAgent}</option>
          {known.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
        <TimeFilter range={filter} onChange={set} />
      </div>
    </search>
  );
}

type StateFilterProps = {
  readonly state: RunState | undefined;
  readonly onChange: (state: RunState | undefined) => void;
};

function StateFilter({ state, onChange }: StateFilterProps) {
  const choice = (value: RunState | undefined, label: string) => (
    <button
      key={label}
      type="button"
      aria-pressed={state === value}
      onClick={() => onChange(value)}
      className={cx(
        "inline-flex h-8 items-center gap-1.5 rounded-md px-2.5 text-sm whitespace-nowrap",
        state === value
          ? "bg-surface font-medium text-ink shadow-card ring-1 ring-line-strong"
          : "text-muted hover:text-ink",
      )}
    >
      {value === undefined ? null : <StateIcon state={value} className="motion-safe:animate-none" />}
      {label}
    </button>
  );
  return (
    <div
      role="group"
      aria-label={text.runs.columns.state}
      className="flex max-w-full flex-wrap gap-0.5 rounded-lg border border-line bg-sunken p-0.5"
    >
      {choice(undefined, text.runs.anyState)}
      {RUN_STATES.map((value) => choice(value, text.states[value]))}
    </div>
  );
}

type RunListProps = { readonly filter: RunsSearch; readonly withAgent?: boolean };

/** The runs that fit, newest first, more at the press of a button; used by the agent's page too. */
export function RunList({ filter, withAgent = true }: RunListProps) {
  const settled = { ...filter, q: useSettled(filter.q, TYPING_MS), tag: useSettled(filter.tag, TYPING_MS) };
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(runsQuery(settled));
  if (error !== null && data === undefined) return <ProblemView error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton lines={10} />;
  const runs = data.pages.flatMap((page) => page.items);
  if (runs.length === 0) {
    const { state, agent, ...more } = settled;
    if (Object.values(more).some((value) => value !== undefined))
      return <Empty title={text.runs.noMatch} note={text.runs.noMatchNote} />;
    return state === undefined ? (
      <NoRuns agent={agent} />
    ) : (
      <Empty title={text.runs.none(text.states[state])} note={text.runs.noneNote} />
    );
  }
  return (
    <>
      <LongRunTable label={text.pages.runs} runs={runs} withAgent={withAgent} />
      <div className="mt-3 flex items-center gap-3 text-sm text-muted">
        <span>{text.runs.shown(runs.length, hasNextPage)}</span>
        {hasNextPage ? (
          <Button size="small" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? text.actions.loading : text.actions.older}
          </Button>
        ) : null}
      </div>
    </>
  );
}
