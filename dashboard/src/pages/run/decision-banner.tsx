import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleHelp } from "lucide-react";
import { operations, type RunDetail } from "../../../../src/api/contract/index.ts";
import { decideRun, type Decision } from "../../api/actions.ts";
import { Button } from "../../parts/button.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";

const CHOICES = ["retry", "skip", "fail"] as const satisfies readonly Decision["decision"][];

/** Asks for a decision about each tool call that was running when the server stopped. */
export function DecisionBanner({ run }: { readonly run: RunDetail }) {
  if (run.state !== "needs-decision") return null;
  return run.waiting_calls.map((call) => <Undecided key={call} run={run} call={call} />);
}

function Undecided({ run, call }: { readonly run: RunDetail; readonly call: string }) {
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: (decision: Decision) => decideRun(run.id, decision),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run.id] }),
  });
  const step = run.step_list.find((other) => other.kind === "tool" && other.call_id === call);
  const tool = step?.kind === "tool" ? step.tool : call;
  return (
    <section aria-label={text.decision.title} className="mb-5 rounded-lg border border-warn/50 bg-warn-soft px-4 py-3">
      <div className="flex gap-2.5">
        <CircleHelp aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
        <div className="min-w-0 flex-1">
          <h2 className="font-medium">{text.decision.title}</h2>
          <p className="mt-0.5 max-w-3xl text-sm text-muted">{text.decision.note(tool)}</p>
          <ul className="mt-2.5 flex flex-wrap gap-x-5 gap-y-2">
            {CHOICES.map((decision) => (
              <li key={decision} className="flex items-center gap-2 text-sm text-muted">
                <Button
                  needs={operations.run.decide}
                  size="small"
                  look={decision === "fail" ? "danger" : "plain"}
                  disabled={decide.isPending}
                  onClick={() => decide.mutate({ call, decision })}
                >
                  {text.decision.choices[decision]}
                </Button>
                {text.decision.notes[decision]}
              </li>
            ))}
          </ul>
          {decide.error === null ? null : <ProblemView error={decide.error} className="mt-3" />}
        </div>
      </div>
    </section>
  );
}
