import { Ban, CircleAlert } from "lucide-react";
import type { RunDetail } from "../../../../src/api/contract/index.ts";
import { text } from "../../text/text.ts";

/** Why a run has no answer: the words, code and hint the command line prints. */
export function Failure({ run }: { readonly run: RunDetail }) {
  if (run.state === "cancelled") {
    return (
      <p className="flex items-center gap-2 text-muted">
        <Ban aria-hidden className="size-4" />
        {text.run.cancelled}
      </p>
    );
  }
  if (run.failure === null) return null;
  return (
    <div role="alert" className="flex gap-2.5 rounded-lg border border-bad/40 bg-bad-soft px-4 py-3">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <div className="min-w-0 space-y-1">
        <p className="font-medium [overflow-wrap:anywhere]">{run.failure.message}</p>
        {run.hint === "" ? null : <p className="text-sm text-muted [overflow-wrap:anywhere]">{run.hint}</p>}
        <code className="font-mono text-xs text-muted">{run.failure.code}</code>
      </div>
    </div>
  );
}
