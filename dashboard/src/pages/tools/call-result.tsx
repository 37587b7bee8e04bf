import type { ToolCallOutcome } from "../../../../src/api/contract/index.ts";
import { Fact } from "../../parts/card.tsx";
import { bytes, count, duration } from "../../parts/format.ts";
import { JsonView } from "../../parts/json-view.tsx";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text.ts";
import { Loose } from "../run/step-detail.tsx";

/** What a call by hand gave, and what it took. */
export function CallResult({ outcome }: { readonly outcome: ToolCallOutcome }) {
  const { facts } = text.step;
  const done = outcome.outcome === "done";
  return (
    <section aria-label={text.step.result} className="mt-5 space-y-3 border-t border-line pt-4">
      <div role="status" className="flex flex-wrap items-center gap-x-6 gap-y-2">
        <StatePill state={done ? "done" : "failed"} words={done ? text.states.done : outcome.outcome} />
        <dl className="flex flex-wrap gap-x-6 gap-y-2 [&_div]:flex [&_div]:items-baseline [&_div]:gap-1.5">
          <Fact name={facts.duration}>{duration(outcome.duration_ms)}</Fact>
          <Fact name={facts.fuel}>{count(outcome.fuel)}</Fact>
          <Fact name={facts.memory}>{bytes(outcome.memory_bytes)}</Fact>
        </dl>
      </div>
      {done ? null : <p className="text-sm text-muted">{text.outcomes[outcome.outcome] ?? ""}</p>}
      {outcome.structured === null ? null : (
        <div className="rounded-lg border border-line p-3">
          <JsonView value={outcome.structured} />
        </div>
      )}
      {outcome.text === "" ? null : (
        <div className="rounded-lg border border-line">
          <Loose label={text.step.result} value={outcome.text} />
        </div>
      )}
      {outcome.files.map((file) => (
        <ResultFile key={file.name} file={file} />
      ))}
    </section>
  );
}

function ResultFile({ file }: { readonly file: ToolCallOutcome["files"][number] }) {
  return (
    <figure className="overflow-hidden rounded-lg border border-line">
      {file.media_type === "image/svg+xml" ? (
        <div className="p-3">
          <img
            src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(file.text)}`}
            alt={text.run.picture(file.name)}
            className="mx-auto max-h-96 max-w-full"
          />
        </div>
      ) : (
        <Loose label={file.name} value={file.text} />
      )}
      <figcaption className="border-t border-line px-3 py-1.5 font-mono text-xs text-muted">{file.name}</figcaption>
    </figure>
  );
}
