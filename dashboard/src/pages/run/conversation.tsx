import type { RunDetail, Step } from "../../../../src/api/contract/index.ts";
import { isMoving } from "../../api/live/live.ts";
import type { Logs } from "../../api/live/live-text.ts";
import type { Drafts, Progress } from "../../api/live/run-live.ts";
import { JsonView } from "../../parts/content/json-view.tsx";
import { Markdown } from "../../parts/content/markdown.tsx";
import { StateIcon } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { Failure } from "./failure.tsx";
import { Input } from "./overview.tsx";
import { MadeFiles } from "./created-files.tsx";
import { WithDelegates } from "./delegates.tsx";
import { SentFiles } from "./sent-files.tsx";
import { Took, ToolLine } from "./tool-line.tsx";

type Props = { readonly run: RunDetail; readonly drafts: Drafts; readonly progress: Progress; readonly logs: Logs };

/** A run as a conversation: the request, tool calls, and the answer with its images. */
export function Conversation({ run, drafts, progress, logs }: Props) {
  const said = run.step_list.some((step) => step.kind === "model" && step.text !== "" && step.text === run.output);
  const waiting = isMoving(run) && run.step_list.every(({ state }) => state !== "running");
  return (
    <WithDelegates run={run.id} tools={toolsOf(run)}>
      <div className="space-y-4">
        <div className="flex justify-end">
          <div className="max-w-[85%] rounded-xl rounded-br-sm bg-accent-soft px-4 py-2.5">
            <Input run={run} />
            <SentFiles run={run.id} files={run.files} />
          </div>
        </div>
        <div className="space-y-3" role="log" aria-live="off" aria-label={text.run.view.conversation} tabIndex={-1}>
          {run.step_list.map((step) =>
            step.kind === "tool" ? (
              <ToolLine
                key={step.index}
                use={step}
                call={step.call_id}
                took={<Took step={step} />}
                progress={progress[step.call_id]}
                log={logs[step.call_id]}
              />
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
    </WithDelegates>
  );
}

const toolsOf = (run: RunDetail) => run.step_list.flatMap((step) => (step.kind === "tool" ? [step.tool] : []));

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
