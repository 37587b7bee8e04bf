import { Link } from "@tanstack/react-router";
import { MessageSquareText, Sparkles, Wrench } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import type { RunDetail, Step } from "../../../../../src/api/contract/index.ts";
import { isInherited } from "../../../api/inherited.ts";
import { isMoving } from "../../../api/live/live.ts";
import { cx } from "../../../parts/class-names.ts";
import { useServerNow } from "../../../parts/format/clock.ts";
import { duration } from "../../../parts/format/format.ts";
import { StateIcon } from "../../../parts/state-pill.tsx";
import { text } from "../../../text/text.ts";
import { span, stretchOf, ticksOf, timeScale, type TimeScale } from "./time-scale.ts";

type Props = {
  readonly run: RunDetail;
  /** Those of its steps that are listed. */
  readonly steps: readonly Step[];
  readonly selected: number | undefined;
};

/** Every step against time: parallel calls stand side by side, what runs grows, what waits and what failed is marked. */
export function Waterfall({ run, steps, selected }: Props) {
  const scale = timeScale(run, useServerNow(100, isMoving(run)));
  return (
    <div className="min-w-0">
      <div
        aria-hidden
        className="sticky top-0 z-10 flex h-8 items-end border-b border-line bg-surface pr-20 pb-1.5 text-2xs text-faint"
      >
        <div className="w-68 shrink-0 pl-3 max-sm:w-36">{text.run.step}</div>
        <div className="relative h-4 flex-1">
          {/* Between its ends there is no room for marks on a narrow screen. */}
          {ticksOf(scale).map(({ at, label }, index, { length }) => (
            <span
              key={at}
              className={cx(
                "absolute -translate-x-1/2 whitespace-nowrap",
                index > 0 && index < length - 1 && "max-sm:hidden",
              )}
              style={{ left: `${at}%` }}
            >
              {label}
            </span>
          ))}
        </div>
      </div>
      <ol aria-label={text.run.steps} className="py-1">
        <RunLine run={run} scale={scale} selected={selected === undefined} />
        {steps.map((step) => (
          <Fragment key={step.index}>
            {isInherited(run, step) ? (
              <InheritedLine run={run} step={step} selected={step.index === selected} />
            ) : (
              <StepLine run={run} step={step} scale={scale} selected={step.index === selected} />
            )}
          </Fragment>
        ))}
      </ol>
    </div>
  );
}

type LineProps = { readonly run: RunDetail; readonly scale: TimeScale; readonly selected: boolean };

function RunLine({ run, scale, selected }: LineProps) {
  const total = run.duration_ms ?? scale.nowMs - scale.startMs;
  const waitedMs = run.started_at === null ? total : Date.parse(run.started_at) - scale.startMs;
  return (
    <Line
      run={run}
      step={undefined}
      selected={selected}
      icon={<MessageSquareText aria-hidden className="size-3.5 shrink-0 text-muted" />}
      name={text.run.whole}
      note={text.states[run.state]}
      took={run.duration_ms === null && !isMoving(run) ? "–" : duration(Math.max(0, total))}
    >
      <Bar
        scale={scale}
        from={scale.startMs}
        to={scale.startMs + waitedMs}
        className="border border-dashed border-line-strong"
      />
      <Bar scale={scale} from={scale.startMs + waitedMs} to={scale.startMs + total} className="h-1 bg-line-strong" />
    </Line>
  );
}

/** A step of the run that this one was forked from: it has no time here. */
const InheritedLine = ({ run, step, selected }: Omit<LineProps, "scale"> & { readonly step: Step }) => (
  <Line
    run={run}
    step={step}
    selected={selected}
    icon={<StepIcon step={step} />}
    name={nameOf(step)}
    note=""
    took={text.run.inherited}
  />
);

const nameOf = (step: Step): string => (step.kind === "model" ? text.run.turn(step.turn) : step.tool);

function StepLine({ run, step, scale, selected }: LineProps & { readonly step: Step }) {
  const { beganMs, from, to } = stretchOf(step, scale.nowMs);
  const open = step.state === "running" || step.state === "waiting" || step.state === "queued";
  const firstMs = step.kind === "model" ? (step.first_part_ms ?? 0) : 0;
  return (
    <Line
      run={run}
      step={step}
      selected={selected}
      icon={<StepIcon step={step} />}
      name={nameOf(step)}
      note={noteOf(step)}
      took={step.state === "waiting" ? "–" : duration(step.duration_ms ?? to - from)}
    >
      {from === beganMs ? null : (
        <Bar scale={scale} from={beganMs} to={from} className="h-1 bg-line-strong" title={text.run.begunAgain} />
      )}
      <Bar scale={scale} from={from} to={to} className={cx(toneOf(step), open && "animate-pulse-soft")} />
      {firstMs === 0 || step.state !== "done" ? null : (
        <Bar scale={scale} from={from} to={from + firstMs} className="bg-surface/55" title={text.run.firstPart} />
      )}
    </Line>
  );
}

const toneOf = (step: Step): string =>
  step.state === "failed"
    ? "bg-bad"
    : step.state === "waiting" || step.state === "queued"
      ? "border border-dashed border-warn bg-warn-soft"
      : step.kind === "model"
        ? "bg-model"
        : "bg-tool";

function StepIcon({ step }: { readonly step: Step }) {
  if (step.state !== "done") return <StateIcon state={step.state} />;
  return step.kind === "model" ? (
    <Sparkles aria-hidden className="size-3.5 shrink-0 text-model" />
  ) : (
    <Wrench aria-hidden className="size-3.5 shrink-0 text-tool" />
  );
}

function noteOf(step: Step): string {
  if (step.state === "failed" && step.kind === "tool") return step.outcome ?? text.states.failed;
  if (step.state !== "done") return text.states[step.state];
  if (step.kind === "tool") return "";
  return step.attempts.length === 0 ? step.model : text.run.attempts(step.attempts.length + 1);
}

type RowProps = {
  readonly run: RunDetail;
  readonly step: Step | undefined;
  readonly selected: boolean;
  readonly icon: ReactNode;
  readonly name: string;
  readonly note: string;
  readonly took: string;
  readonly children?: ReactNode;
};

function Line({ run, step, selected, icon, name, note, took, children }: RowProps) {
  const indent = step === undefined ? "pl-3" : step.kind === "model" ? "pl-5" : "pl-9";
  return (
    <li className="scroll-my-16 [contain-intrinsic-size:auto_2rem] [content-visibility:auto]">
      <Link
        to="/runs/$id"
        params={{ id: run.id }}
        search={(before) => ({ ...before, step: step?.index })}
        replace
        resetScroll={false}
        data-step={step?.index ?? 0}
        aria-current={selected ? "true" : undefined}
        className={cx(
          "flex h-8 items-center border-l-2 focus-visible:-outline-offset-2",
          selected ? "border-accent bg-accent-soft" : "border-transparent hover:bg-hover",
        )}
      >
        <span className={cx("-ml-0.5 flex w-68 shrink-0 items-center gap-2 pr-3 max-sm:w-36", indent)}>
          {icon}
          <span className={cx("min-w-0 truncate text-xs", step?.kind === "tool" ? "font-mono" : "font-medium")}>
            {name}
          </span>
          <span
            className={cx(
              "truncate text-2xs",
              step?.state === "failed" ? "max-w-1/2 shrink-0 text-bad max-sm:hidden" : "min-w-0 flex-1 text-muted",
            )}
          >
            {note}
          </span>
        </span>
        <span aria-hidden className="relative h-full flex-1">
          {children}
        </span>
        <span className="w-20 shrink-0 pr-3 text-right text-xs whitespace-nowrap text-muted">{took}</span>
      </Link>
    </li>
  );
}

type BarProps = {
  readonly scale: TimeScale;
  readonly from: number;
  readonly to: number;
  readonly className: string;
  readonly title?: string;
};

function Bar({ scale, from, to, className, title }: BarProps) {
  const { left, width } = span(scale, from, to);
  return (
    <span
      title={title}
      className={cx(
        "absolute top-1/2 min-w-0.5 -translate-y-1/2 rounded-xs",
        className.includes("h-1") ? "" : "h-3.5",
        className,
      )}
      style={{ left: `${left}%`, width: `${width}%` }}
    />
  );
}
