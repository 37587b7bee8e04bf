import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import type { Step } from "../../../../src/api/contract/index.ts";
import type { Progress } from "../../api/live/run-live.ts";
import { useServerNow } from "../../parts/format/clock.ts";
import { duration } from "../../parts/format/format.ts";
import { JsonView } from "../../parts/content/json-view.tsx";
import { StateIcon } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { DelegateLink } from "./delegates.tsx";
import { Loose } from "./steps/step-detail.tsx";

type ToolStep = Extract<Step, { kind: "tool" }>;
/** A tool call with its result. */
export type ToolUse = Pick<ToolStep, "tool" | "state" | "outcome" | "text"> & {
  readonly arguments: unknown;
  readonly structured: unknown;
};

type ToolLineProps = {
  readonly use: ToolUse;
  /** Id of the call. */
  readonly call: string;
  readonly took?: ReactNode;
  readonly progress?: Progress[string] | undefined;
  readonly log?: readonly string[] | undefined;
};

/** One line for a tool call, which opens to its arguments and result. */
export function ToolLine({ use, call, took, progress, log }: ToolLineProps) {
  return (
    <div className="rounded-lg border border-line bg-surface">
      <details className="group/tool">
        <summary className="flex min-h-9 list-none items-center gap-2 rounded-lg px-3 py-1 hover:bg-hover">
          <ChevronRight aria-hidden className="size-3.5 shrink-0 text-faint group-open/tool:rotate-90" />
          <StateIcon state={use.state} />
          <span className="shrink-0 font-mono text-xs font-medium">{use.tool}</span>
          <span className="min-w-0 flex-1 truncate font-mono text-2xs text-muted">{brief(use.arguments)}</span>
          {use.state === "done" ? null : (
            <span className="text-xs text-muted">{use.outcome ?? text.states[use.state]}</span>
          )}
          {use.state === "running" && progress !== undefined ? <HowFar progress={progress} /> : null}
          <span className="text-xs text-muted">{took}</span>
        </summary>
        <div className="grid gap-px border-t border-line bg-line sm:grid-cols-2">
          <div className="bg-surface p-3">
            <p className="mb-1 text-xs text-muted">{text.step.arguments}</p>
            <JsonView value={use.arguments} />
            {log === undefined ? null : (
              <>
                <p className="mt-3 mb-1 text-xs text-muted">{text.step.log}</p>
                <pre
                  className="max-h-48 overflow-auto text-2xs whitespace-pre-wrap"
                  tabIndex={0}
                  role="group"
                  aria-label={text.step.log}
                >
                  {log.join("\n")}
                </pre>
              </>
            )}
          </div>
          <div
            className="max-h-96 min-w-0 overflow-auto bg-surface p-3"
            tabIndex={0}
            role="group"
            aria-label={text.step.result}
          >
            <p className="mb-1 text-xs text-muted">{use.state === "failed" ? text.step.failure : text.step.result}</p>
            {use.structured === null ? (
              <Loose label={text.step.result} value={use.text} />
            ) : (
              <JsonView value={use.structured} />
            )}
          </div>
        </div>
      </details>
      <DelegateLink call={call} />
    </div>
  );
}

/** How far a long call has come, in its server's own words. */
function HowFar({ progress: { done, total, message } }: { readonly progress: Progress[string] }) {
  return (
    <span className="flex min-w-0 items-center gap-2 text-xs text-muted">
      {total === null ? done : <progress className="w-24" value={done} max={total} aria-label={text.step.progress} />}
      <span className="truncate">{message}</span>
    </span>
  );
}

/** The duration of a step, which grows while it is running. */
export function Took({ step }: { readonly step: Step }) {
  const nowMs = useServerNow(100, step.state === "running");
  return duration(step.duration_ms ?? Math.max(0, nowMs - Date.parse(step.started_at)));
}

const brief = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([name, member]) => `${name}: ${typeof member === "string" ? member : JSON.stringify(member)}`)
        .join(", ")
    : JSON.stringify(value);
