import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import type { RunDetail, Step } from "../../../../src/api/contract/index.ts";
import type { Logs } from "../../api/live/live-text.ts";
import { useRun, type Drafts, type Progress } from "../../api/live/run-live.ts";
import { Card } from "../../parts/card.tsx";
import { Choices } from "../../parts/forms/choices.tsx";
import { CopyButton } from "../../parts/content/copy.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { Input } from "../../parts/forms/field.tsx";
import { JsonView } from "../../parts/content/json-view.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { RUN_VIEWS } from "../../search/search.ts";
import { useKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { Conversation } from "./conversation.tsx";
import { ChoiceBanner } from "./choice-banner.tsx";
import { DecisionBanner } from "./decision-banner.tsx";
import { RunApprovals } from "../approvals/approval-card.tsx";
import { Questions } from "./questions.tsx";
import { RunHeading } from "./run-heading.tsx";
import { Overview } from "./overview.tsx";
import { RunNotices } from "./steps/step-context.tsx";
import { filteredSteps, hasFailed, SLOWEST, type StepFilter } from "./steps/step-filter.ts";
import { StepDetail } from "./steps/step-detail.tsx";
import { Waterfall } from "./steps/waterfall.tsx";
import { useSeenRun } from "../home/seen.ts";

const route = getRouteApi("/runs/$id");

export function Run() {
  const { id } = route.useParams();
  const { data: run, error, refetch, drafts, progress, logs } = useRun(id);
  useSeenRun();
  if (run === undefined) {
    return (
      <>
        <PageHeading title={text.run.title} />
        {error === null ? <Skeleton lines={10} /> : <ProblemView error={error} onRetry={() => void refetch()} />}
      </>
    );
  }
  return (
    <>
      <Above run={run} />
      <RunHeading run={run} />
      <RunNotices run={run} />
      <DecisionBanner run={run} />
      <ChoiceBanner run={run} />
      <RunApprovals run={run} />
      <Questions run={run} />
      <Views run={run} drafts={drafts} progress={progress} logs={logs} />
    </>
  );
}

const Above = ({ run }: { readonly run: RunDetail }) => (
  <nav aria-label={text.run.trail} className="mb-1 flex gap-1.5 text-xs text-muted">
    <Link to="/runs" className="hover:text-ink hover:underline">
      {text.pages.runs}
    </Link>
    <span aria-hidden>/</span>
    <Link to="/runs" search={{ agent: run.agent }} className="hover:text-ink hover:underline">
      {run.agent}
    </Link>
    {run.thread === null ? null : (
      <>
        <span aria-hidden>/</span>
        <Link to="/chat/$id" params={{ id: run.thread.id }} className="hover:text-ink hover:underline">
          {text.chat.thread}
        </Link>
      </>
    )}
  </nav>
);

type ViewProps = { readonly run: RunDetail; readonly drafts: Drafts; readonly progress: Progress; readonly logs: Logs };

function Views({ run, drafts, progress, logs }: ViewProps) {
  const { view = "timeline" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Tabs
      label={text.run.views}
      value={view}
      tabs={RUN_VIEWS.map((value) => ({ value, label: text.run.view[value] }))}
      onChange={(chosen) => void navigate({ search: (before) => ({ ...before, view: chosen }), replace: true })}
    >
      {view === "timeline" ? <Timeline run={run} drafts={drafts} /> : null}
      {view === "conversation" ? (
        <div className="max-w-3xl">
          <Conversation run={run} drafts={drafts} progress={progress} logs={logs} />
        </div>
      ) : null}
      {view === "json" ? (
        <Card title={text.run.view.json} actions={<CopyButton value={JSON.stringify(run, null, 2)} />}>
          <JsonView value={run} />
        </Card>
      ) : null}
    </Tabs>
  );
}

/** Runs with fewer steps are seen at a glance. */
const FILTERED_FROM = 10;

function Timeline({ run, drafts }: Omit<ViewProps, "progress" | "logs">) {
  const { step: index, only, find } = route.useSearch();
  const step = run.step_list.find((other) => other.index === index);
  const steps = useMemo(() => filteredSteps(run.step_list, { only, find }), [run.step_list, only, find]);
  useStepKeys(steps, step?.index);
  useStepInView(step?.index);
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,11fr)_minmax(0,9fr)]">
      <section
        aria-label={text.run.view.timeline}
        className="flex max-h-[70dvh] flex-col rounded-lg border border-line bg-surface shadow-card xl:sticky xl:top-16 xl:max-h-[calc(100dvh-5rem)]"
      >
        {run.step_list.length < FILTERED_FROM ? null : <FilterBar run={run} />}
        <div className="relative min-h-0 overflow-y-auto">
          <Waterfall run={run} steps={steps} selected={step?.index} />
          {steps.length === 0 && run.step_list.length > 0 ? (
            <p className="px-4 pb-4 text-sm text-muted">{text.run.noStep}</p>
          ) : null}
        </div>
      </section>
      <section aria-label={text.run.detail} className="min-w-0">
        {step === undefined ? (
          <Overview run={run} drafts={drafts} />
        ) : (
          <StepDetail key={step.index} run={run} step={step} draft={drafts[step.turn]} />
        )}
      </section>
    </div>
  );
}

function FilterBar({ run: { step_list: steps } }: { readonly run: RunDetail }) {
  const { only, find } = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: StepFilter) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false });
  const { all, failed, slow } = text.run.only;
  return (
    <search className="flex flex-wrap items-center gap-2 border-b border-line p-2">
      <Choices
        label={text.run.filterSteps}
        value={only}
        choices={[
          { value: undefined, label: all },
          { value: "failed", label: failed(steps.filter(hasFailed).length) },
          { value: "slow", label: slow(Math.min(SLOWEST, steps.length)) },
        ]}
        onChange={(chosen) => set({ only: chosen })}
      />
      <Input
        data-filter
        type="search"
        aria-label={text.run.findSteps}
        placeholder={text.run.findSteps}
        value={find ?? ""}
        onChange={({ target }) => set({ find: target.value === "" ? undefined : target.value })}
        className="min-w-32 flex-1"
      />
    </search>
  );
}

/** "[" and "]" go through the run itself and the listed steps. */
function useStepKeys(steps: readonly Step[], selected: number | undefined): void {
  const navigate = route.useNavigate();
  const places = [undefined, ...steps.map(({ index }) => index)];
  const go = (by: number) => {
    const at = Math.min(places.length - 1, Math.max(0, places.indexOf(selected) + by));
    void navigate({ search: (before) => ({ ...before, step: places[at] }), replace: true, resetScroll: false });
  };
  useKeys({ "[": () => go(-1), "]": () => go(1) });
}

/** Brings the row of the selected step into view. */
function useStepInView(selected: number | undefined): void {
  const before = useRef(selected);
  useEffect(() => {
    // Nothing was chosen yet: the page stays at its top.
    if (selected === before.current && selected === undefined) return;
    const block = selected === before.current ? "center" : "nearest";
    before.current = selected;
    document.querySelector(`[data-step="${selected ?? 0}"]`)?.scrollIntoView({ block });
  }, [selected]);
}
