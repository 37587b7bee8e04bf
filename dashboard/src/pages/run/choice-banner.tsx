import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleHelp } from "lucide-react";
import { useState } from "react";
import { operations, type ChooseBody, type RunChoice, type RunDetail } from "../../../../src/api/contract/index.ts";
import { chooseRun } from "../../api/actions.ts";
import { Button } from "../../parts/button.tsx";
import { Input } from "../../parts/forms/field.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";

/** Asks how the run continues after a model failure. */
export function ChoiceBanner({ run }: { readonly run: RunDetail }) {
  if (run.state !== "awaiting-choice" || run.choice === null) return null;
  return <Choice run={run.id} choice={run.choice} />;
}

function Choice({ run, choice }: { readonly run: string; readonly choice: RunChoice }) {
  const client = useQueryClient();
  const [other, setOther] = useState("");
  const choose = useMutation({
    mutationFn: (body: ChooseBody) => chooseRun(run, body),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run] }),
  });
  const busy = choose.isPending;
  const common = { needs: operations.run.choose, size: "small", disabled: busy } as const;
  return (
    <section aria-label={text.choice.title} className="mb-5 rounded-lg border border-warn/50 bg-warn-soft px-4 py-3">
      <div className="flex gap-2.5">
        <CircleHelp aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
        <div className="min-w-0 flex-1 space-y-2.5">
          <div>
            <h2 className="font-medium">{text.choice.title}</h2>
            <p className="mt-0.5 text-sm [overflow-wrap:anywhere]">
              <span className="font-mono text-xs text-bad">{choice.failure.code}</span> {choice.failure.message}
            </p>
            <p className="mt-0.5 text-xs text-muted">{text.choice.note(choice.expires_at)}</p>
          </div>
          <div className="flex flex-wrap gap-2">
            <Button {...common} look="primary" onClick={() => choose.mutate({ choice: "retry" })}>
              {text.choice.retry}
            </Button>
            {choice.backups.map((model) => (
              <Button {...common} key={model} onClick={() => choose.mutate({ choice: "use", model })}>
                {text.choice.use(model)}
              </Button>
            ))}
            <Button {...common} look="danger" onClick={() => choose.mutate({ choice: "cancel" })}>
              {text.choice.cancel}
            </Button>
          </div>
          <form
            className="flex max-w-md gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              if (other.trim() !== "") choose.mutate({ choice: "use", model: other.trim() });
            }}
          >
            <Input
              aria-label={text.choice.other}
              placeholder={text.choice.other}
              value={other}
              onChange={(event) => setOther(event.target.value)}
            />
            <Button needs={operations.run.choose} type="submit" disabled={busy || other.trim() === ""}>
              {text.choice.useOther}
            </Button>
          </form>
          {choose.error === null ? null : <ProblemView error={choose.error} />}
        </div>
      </div>
    </section>
  );
}
