import { ChevronRight } from "lucide-react";
import type { RunDetail, Step } from "../../../../src/api/contract/index.ts";
import { isMoving } from "../../api/live/live.ts";
import type { Logs } from "../../api/live/live-text.ts";
import type { Drafts, Progress } from "../../api/live/run-live.ts";
import { useServerNow } from "../../parts/format/clock.ts";
import { duration } from "../../parts/format/format.ts";
import { JsonView } from "../../parts/content/json-view.tsx";
import { Markdown } from "../../parts/content/markdown.tsx";
import { StateIcon } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { Failure } from "./failure.tsx";
import { Attached, Input } from "./overview.tsx";
import { MadeFiles } from "./created-files.tsx";
import { Loose } from "./steps/step-detail.tsx";

type Props = { readonly run: RunDetail; readonly drafts: Drafts; readonly progress: Progress; readonly logs: Logs };

/** A run as a conversation: the request, tool calls, and the answer with its images. */
export function Conversation({ run, drafts, progress, logs }: Props) {
  const said = run.step_list.some((step) => step.kind === "model" && step.text !== "" && step.text === run.output);
  const waiting = isMoving(run) && run.step_list.every(({ state }) => state !== "running");
  return (
    <div className="space-y-4">
      <div className="flex justify-end">
        <div className="max-w-[85%] rounded-xl rounded-br-sm bg-accent-soft px-4 py-2.5">
          <Input run={run} />
          <Attached run={run} />
        </div>
      </div>
      <div className="space-y-3" role="log" aria-live="off" aria-label={text.run.view.conversation} tabIndex={-1}>
        {run.step_list.map((step) =>
          step.kind === "tool" ? (
            <ToolLine key={step.index} step={step} progress={progress[step.call_id]} log={logs[step.call_id]} />
          ) : (
            <Saying key={step.index} step={step} draft={drafts[step.turn]} />
          ),
        )}
        {said || run.output === "" ? null : <Markdown>{run.output}</Markdown>}
        {run.output_json === null ? null : <JsonView value={run.output_json} open={4} />}
        {waiting ? <Thinking words={text.states[run.state]} /> : null}
        <MadeFiles files={run.artifacts} />
        <Failure run={run} />
      </div>
    </div>
  );
}

type SayingProps = { readonly step: Extract<Step, { kind: "model" }>; readonly draft: string | undefined };

function Saying({ step, draft = "" }: SayingProps) {
  if (step.text !== "") return <Markdown>{step.text}</Markdown>;
  if (step.state !== "running") return null;
  return draft === "" ? <Thinking words={text.run.thinking(step.model)} /> : <Markdown>{draft}</Markdown>;
}

const Thinking = ({ words }: { readonly words: string }) => (
  <p className="flex items-center gap-2 text-sm text-muted">
    <StateIcon state="running" />
    {words}
  </p>
);

type ToolLineProps = {
  readonly step: Extract<Step, { kind: "tool" }>;
  readonly progress: Progress[string] | undefined;
  readonly log: readonly string[] | undefined;
};

function ToolLine({ step, progress, log }: ToolLineProps) {
  return (
    <details className="group/tool rounded-lg border border-line bg-surface">
      <summary className="flex min-h-9 list-none items-center gap-2 px-3 py-1 hover:bg-hover">
        <ChevronRight aria-hidden className="size-3.5 shrink-0 text-faint group-open/tool:rotate-90" />
        <StateIcon state={step.state} />
        <span className="shrink-0 font-mono text-xs font-medium">{step.tool}</span>
        <span className="min-w-0 flex-1 truncate font-mono text-2xs text-muted">{brief(step.arguments)}</span>
        {step.state === "done" ? null : (
          <span className="text-xs text-muted">{step.outcome ?? text.states[step.state]}</span>
        )}
        {step.state === "running" && progress !== undefined ? <HowFar progress={progress} /> : null}
        <span className="text-xs text-muted">
          <Took step={step} />
        </span>
      </summary>
      <div className="grid gap-px border-t border-line bg-line sm:grid-cols-2">
        <div className="bg-surface p-3">
          <p className="mb-1 text-xs text-muted">{text.step.arguments}</p>
          <JsonView value={step.arguments} />
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
          <p className="mb-1 text-xs text-muted">{step.state === "failed" ? text.step.failure : text.step.result}</p>
          {step.structured === null ? (
            <Loose label={text.step.result} value={step.text} />
          ) : (
            <JsonView value={step.structured} />
          )}
        </div>
      </div>
    </details>
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

function Took({ step }: { readonly step: Step }) {
  const nowMs = useServerNow(100, step.state === "running");
  return duration(step.duration_ms ?? Math.max(0, nowMs - Date.parse(step.started_at)));
}

const brief = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([name, member]) => `${name}: ${typeof member === "string" ? member : JSON.stringify(member)}`)
        .join(", ")
    : JSON.stringify(value);
