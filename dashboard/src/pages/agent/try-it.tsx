import { useMutation } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowUpRight, CircleStop } from "lucide-react";
import { operations, type AgentDetail } from "../../../../src/api/contract/index.ts";
import { cancelRun, startRun, upload } from "../../api/actions.ts";
import { hasEnded, usedSoFar } from "../../api/live/live.ts";
import { useRun } from "../../api/live/run-live.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { tokens } from "../../parts/format/money.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { Conversation } from "../run/conversation.tsx";
import { RunDuration } from "../runs/run-rows.tsx";
import { ChoiceBanner } from "../run/choice-banner.tsx";
import { DecisionBanner } from "../run/decision-banner.tsx";
import { Composer, type Asked } from "./composer.tsx";

const route = getRouteApi("/agents/$name");

/** Ask the agent and see it work. The run shown is in the address, so a reload does not lose it. */
export function TryIt({ agent }: { readonly agent: AgentDetail }) {
  const { run } = route.useSearch();
  const navigate = route.useNavigate();
  const ask = useMutation({
    mutationFn: async ({ input, files, model }: Asked) => {
      const sent = await Promise.all(files.map((file) => upload(file)));
      const uploads = sent.map(({ id }) => id);
      return startRun({ agent: agent.name, input, uploads, ...(model === "" ? {} : { model }) });
    },
    onSuccess: ({ id }) => navigate({ search: { tab: "try", run: id }, replace: true, resetScroll: false }),
  });
  return (
    <div className="max-w-3xl space-y-5">
      <Composer agent={agent} busy={ask.isPending} again={run} onAsk={ask.mutate} />
      {ask.error === null ? null : <ProblemView error={ask.error} />}
      {run === undefined ? null : <RunHere key={run} id={run} />}
    </div>
  );
}

function RunHere({ id }: { readonly id: string }) {
  const { data: run, error, drafts, progress, logs } = useRun(id);
  const cancel = useMutation({ mutationFn: () => cancelRun(id) });
  if (run === undefined) return error === null ? <Skeleton lines={4} /> : <ProblemView error={error} />;
  const used = usedSoFar(run);
  return (
    <section aria-label={text.run.title} className="space-y-4 border-t border-line pt-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 text-sm text-muted">
        <span role="status">
          <StatePill state={run.state} />
        </span>
        <RunDuration run={run} />
        <span>{text.tryIt.tokens(tokens(used.inputTokens + used.outputTokens, used.estimated))}</span>
        <span>{text.tryIt.tools(used.toolCalls)}</span>
        <span className="flex-1" />
        {hasEnded(run) ? null : (
          <Button
            needs={operations.run.cancel}
            size="small"
            look="danger"
            disabled={cancel.isPending}
            onClick={() => cancel.mutate()}
          >
            <CircleStop aria-hidden />
            {text.tryIt.stop}
          </Button>
        )}
        <Link to="/runs/$id" params={{ id }} className={buttonClass("plain", "small")}>
          {text.tryIt.open}
          <ArrowUpRight aria-hidden />
        </Link>
      </div>
      {cancel.error === null ? null : <ProblemView error={cancel.error} />}
      <DecisionBanner run={run} />
      <ChoiceBanner run={run} />
      <Conversation run={run} drafts={drafts} progress={progress} logs={logs} />
    </section>
  );
}
