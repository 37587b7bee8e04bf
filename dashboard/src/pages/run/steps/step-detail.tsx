import type { ReactNode } from "react";
import type { RunDetail, Step } from "../../../../../src/api/contract/index.ts";
import { Card, Fact } from "../../../parts/card.tsx";
import { CopyButton } from "../../../parts/content/copy.tsx";
import { bytes, count, duration, shortCount } from "../../../parts/format/format.ts";
import { JsonView } from "../../../parts/content/json-view.tsx";
import { Markdown } from "../../../parts/content/markdown.tsx";
import { tokens, usd } from "../../../parts/format/money.ts";
import { jsonIn } from "../../../parts/messages/plain-words.ts";
import { StatePill } from "../../../parts/state-pill.tsx";
import { text } from "../../../text/text.ts";
import { Fold, TextBlock } from "../fold.tsx";
import { ForkButton } from "./fork-button.tsx";
import { ContextCard } from "./step-context.tsx";
import { TurnMessages } from "./step-messages.tsx";
import { DelegateLink, WithDelegates } from "../delegates.tsx";
import { MadeFiles } from "../created-files.tsx";

type Props = { readonly run: RunDetail; readonly step: Step; readonly draft: string | undefined };

/** All there is about one step. */
export const StepDetail = ({ run, step, draft }: Props) => (
  <div className="space-y-4">
    <div className="flex justify-end">
      <ForkButton run={run} step={step.index} />
    </div>
    {step.kind === "model" ? (
      <ModelDetail run={run} step={step} draft={draft} />
    ) : (
      <ToolDetail run={run.id} step={step} />
    )}
  </div>
);

type Of<Kind extends Step["kind"]> = Extract<Step, { kind: Kind }>;
type ModelProps = { readonly run: RunDetail; readonly step: Of<"model">; readonly draft: string | undefined };

/** Tokens as reported by the provider, or else estimated. */
const tokensOf = (reported: number | null, estimate: number | undefined): string =>
  reported === null && estimate === undefined ? "–" : tokens(reported ?? estimate ?? 0, reported === null);

function ModelDetail({ run, step, draft = "" }: ModelProps) {
  const { facts } = text.step;
  const words = step.text === "" ? draft : step.text;
  return (
    <>
      <Card title={text.run.turn(step.turn)} actions={<StatePill state={step.state} />}>
        <Facts>
          <Fact name={facts.model}>{step.model}</Fact>
          <Fact name={facts.duration}>{step.duration_ms === null ? "–" : duration(step.duration_ms)}</Fact>
          <Fact name={facts.first}>{step.first_part_ms === null ? "–" : duration(step.first_part_ms)}</Fact>
          {(step.queued_ms ?? 0) === 0 ? null : <Fact name={facts.queued}>{duration(step.queued_ms ?? 0)}</Fact>}
          {step.waits_for === null ? null : <Fact name={facts.queued}>{text.step.waitsFor(step.waits_for)}</Fact>}
          <Fact name={facts.tokensIn}>{tokensOf(step.input_tokens, step.cost?.input_tokens)}</Fact>
          <Fact name={facts.tokensOut}>{tokensOf(step.output_tokens, step.cost?.output_tokens)}</Fact>
          <Fact name={facts.cost}>
            <span title={step.cost?.estimated ? text.usage.estimated : (step.cost?.price ?? undefined)}>
              {costOf(step)}
            </span>
          </Fact>
          {step.limited === null ? null : (
            <Fact name={facts.limited}>
              <span title={step.limited.file}>{`${step.limited.key}, ${count(step.limited.output_tokens_max)}`}</span>
            </Fact>
          )}
          <Fact name={facts.offered}>
            {step.offered_tools === null
              ? "–"
              : text.step.offered(count(step.offered_tools), count(step.offered_tools_tokens ?? 0))}
          </Fact>
          <Fact name={facts.finish}>{step.finish === null ? "–" : (text.step.finish[step.finish] ?? step.finish)}</Fact>
        </Facts>
      </Card>
      <Attempts step={step} />
      {step.context === null ? null : (
        <ContextCard run={run} turn={step.turn} context={step.context} counted={step.input_tokens} />
      )}
      <Refused step={step} />
      {step.reasoning === "" ? null : (
        <Card title={text.step.reasoning} flush>
          <Fold title={text.step.asReturned} content={step.reasoning} />
        </Card>
      )}
      {words === "" ? null : (
        <Card title={text.step.said} actions={<CopyButton value={words} />}>
          <Markdown>{words}</Markdown>
        </Card>
      )}
      {step.tool_calls.length === 0 ? null : (
        <Card title={text.step.asked(step.tool_calls.length)}>
          <ol className="space-y-3">
            {step.tool_calls.map((call) => (
              <li key={call.id}>
                <p className="mb-1 font-mono text-xs font-semibold">{call.name}</p>
                <Loose label={call.name} value={call.arguments} />
              </li>
            ))}
          </ol>
        </Card>
      )}
      <TurnMessages run={run} step={step} />
    </>
  );
}

function costOf({ cost }: Pick<Of<"model">, "cost">): string {
  if (cost === null) return "–";
  const known = cost.usd === null ? text.usage.unknownPrice : usd(cost.usd);
  return cost.estimated ? `≈ ${known}` : known;
}

function Attempts({ step }: { readonly step: Of<"model"> }) {
  if (step.attempts.length === 0) return null;
  return (
    <Card title={text.step.failedAttempts(step.attempts.length)}>
      <ol className="space-y-2">
        {step.attempts.map((attempt, index) => (
          <li key={index} className="text-sm">
            <span className="font-mono text-xs text-bad">{attempt.class}</span> {attempt.model}: {attempt.message}
            <span className="block text-xs text-muted">
              {afterAttempt(attempt)}
              {attempt.cost && ` · ${costOf(attempt)}`}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function afterAttempt({ class: kind, retry_in_ms: ms, next }: Of<"model">["attempts"][number]): string {
  if (kind === "cancelled") return text.step.cutOff;
  if (next !== null) return text.step.fellBack(next);
  return ms === null ? text.step.gaveUp : text.step.retried(duration(ms));
}

function Refused({ step }: { readonly step: Of<"model"> }) {
  if (step.output_problems.length === 0) return null;
  return (
    <Card title={text.step.refused}>
      <ul className="space-y-1 text-sm">
        {step.output_problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </Card>
  );
}

function ToolDetail({ run, step }: { readonly run: string; readonly step: Of<"tool"> }) {
  const { facts } = text.step;
  const failed = step.state === "failed";
  const why = step.outcome === null ? undefined : text.outcomes[step.outcome];
  return (
    <>
      <Card title={<span className="font-mono">{step.tool}</span>} actions={<StatePill state={step.state} />}>
        <Facts>
          <Fact name={facts.duration}>{step.duration_ms === null ? "–" : duration(step.duration_ms)}</Fact>
          {step.waits_for === null ? null : <Fact name={facts.queued}>{text.step.waitsForBudget}</Fact>}
          <Fact name={facts.fuel}>
            <span title={count(step.fuel)}>{shortCount(step.fuel)}</span>
          </Fact>
          <Fact name={facts.memory}>{bytes(step.memory_bytes)}</Fact>
          <Fact name={facts.turn}>{step.turn}</Fact>
          <Fact name={facts.outcome}>{step.outcome ?? "–"}</Fact>
        </Facts>
        {failed && why !== undefined ? (
          <p className="mt-3 border-t border-line pt-3 text-sm text-muted">{why}</p>
        ) : null}
        <WithDelegates run={run} tools={[step.tool]}>
          <DelegateLink call={step.call_id} />
        </WithDelegates>
      </Card>
      <Card title={text.step.arguments} actions={<CopyButton value={JSON.stringify(step.arguments, null, 2)} />}>
        <JsonView value={step.arguments} />
      </Card>
      <Result step={step} />
      {step.artifacts.length === 0 ? null : (
        <Card title={text.run.made}>
          <MadeFiles files={step.artifacts} />
        </Card>
      )}
    </>
  );
}

function Result({ step }: { readonly step: Of<"tool"> }) {
  if (step.text === "" && step.structured === null) return null;
  return (
    <Card
      flush
      title={step.state === "failed" ? text.step.failure : text.step.result}
      actions={<CopyButton value={step.text} />}
    >
      {step.structured === null ? (
        <Loose label={text.step.result} value={step.text} />
      ) : (
        <>
          <div className="p-4">
            <JsonView value={step.structured} />
          </div>
          <div className="border-t border-line">
            <Fold title={text.step.shownToModel} content={step.text} />
          </div>
        </>
      )}
    </Card>
  );
}

/** Text that is JSON as a tree, any other as it is. */
export function Loose({ label, value }: { readonly label: string; readonly value: string }) {
  const parsed = jsonIn(value);
  return parsed === undefined ? (
    <TextBlock label={label}>{value}</TextBlock>
  ) : (
    <div className="p-1">
      <JsonView value={parsed} />
    </div>
  );
}

const Facts = ({ children }: { readonly children: ReactNode }) => (
  <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-3">{children}</dl>
);
