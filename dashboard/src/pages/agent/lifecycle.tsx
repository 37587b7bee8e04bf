import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CirclePause } from "lucide-react";
import { useState } from "react";
import { operations, type AgentDetail } from "../../../../src/api/contract/index.ts";
import { activateAgent, pauseAgent, resumeAgent } from "../../api/actions.ts";
import { Ago } from "../../parts/format/ago.tsx";
import { Button } from "../../parts/button.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { PauseDialog } from "../../parts/dialogs/pause-dialog.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";

const words = text.agent.lifecycle;

/** A change of an agent's state; every page that shows the agent is read again. */
function useChange(name: string, change: () => Promise<AgentDetail>, done: (agent: AgentDetail) => string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (agent) => {
      notify(done(agent));
      return Promise.all(
        [["agents"], ["agent", name], ["revisions", name]].map((queryKey) => client.invalidateQueries({ queryKey })),
      );
    },
  });
}

type Props = { readonly name: string; readonly onClose: () => void };

/** Asks for the reason, which refused runs show. */
export function PauseAgent({ name, onClose }: Props) {
  const [reason, setReason] = useState("");
  const pause = useChange(
    name,
    () => pauseAgent(name, reason.trim()),
    () => words.paused(name),
  );
  const shown = {
    title: words.pauseTitle(name),
    note: words.pauseNote,
    reason: words.reason,
    reasonNote: words.reasonNote,
    action: words.pause,
  };
  return <PauseDialog words={shown} reason={reason} onReason={setReason} pause={pause} onClose={onClose} />;
}

/** Shown while the agent is paused. */
export function PausedBanner({ agent: { name, paused } }: { readonly agent: AgentDetail }) {
  const resume = useChange(
    name,
    () => resumeAgent(name),
    () => words.resumed(name),
  );
  if (paused === null) return null;
  return (
    <section aria-label={words.isPaused} className="mb-4 rounded-lg border border-warn/50 bg-warn-soft px-4 py-3">
      <div className="flex flex-wrap items-center gap-2.5">
        <CirclePause aria-hidden className="size-4 shrink-0 text-warn" />
        <div className="min-w-0 flex-1">
          <h2 className="font-medium">
            {words.isPaused} · <Ago at={paused.since} />
          </h2>
          <p className="mt-0.5 text-sm text-muted [overflow-wrap:anywhere]">
            {paused.reason === "" ? words.pausedNote : `${paused.reason} · ${words.pausedNote}`}
          </p>
        </div>
        <Button
          needs={operations.agent.resume}
          size="small"
          disabled={resume.isPending}
          onClick={() => resume.mutate()}
        >
          {words.resume}
        </Button>
      </div>
      {resume.error === null ? null : <ProblemView error={resume.error} />}
    </section>
  );
}

type ServeProps = { readonly agent: AgentDetail; readonly revision: number };

/** Makes the revision that is shown the serving one. */
export function ServeRevision({ agent: { name, revision: serving }, revision }: ServeProps) {
  const serve = useChange(
    name,
    () => activateAgent(name, revision),
    (agent) => words.serves(agent.name, agent.revision),
  );
  if (revision === serving) return null;
  return (
    <>
      <Button needs={operations.agent.activate} size="small" disabled={serve.isPending} onClick={() => serve.mutate()}>
        {revision < serving ? words.rollBack(revision) : words.serve(revision)}
      </Button>
      {serve.error === null ? null : <ProblemView error={serve.error} />}
    </>
  );
}
