import { useQuery } from "@tanstack/react-query";
import type { ReplayReport } from "../../../../src/api/contract/index.ts";
import { replayRun } from "../../api/actions.ts";
import { Diff } from "../../parts/content/code.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";

const words = text.run.replay;

/** Replays a run from its recording and shows the differences. */
export function ReplayRun({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const replay = useQuery({
    queryKey: ["run-replay", id],
    queryFn: () => replayRun(id),
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  return (
    <Dialog title={words.title} onClose={onClose} wide>
      {/* A list that is longer than the window is scrolled by keys too. */}
      <div className="space-y-4 overflow-y-auto p-5" tabIndex={0} role="region" aria-label={words.result}>
        <p className="text-muted">{words.note}</p>
        <div role="status" aria-live="polite">
          {replay.data === undefined ? null : <Verdict report={replay.data} />}
          {replay.isPending ? <Skeleton lines={4} /> : null}
        </div>
        {replay.error === null ? null : <ProblemView error={replay.error} onRetry={() => void replay.refetch()} />}
        {replay.data === undefined ? null : <Divergences divergences={replay.data.divergences} />}
      </div>
    </Dialog>
  );
}

const Verdict = ({ report: { same, compared, divergences, stopped } }: { readonly report: ReplayReport }) => (
  <>
    <p className="font-semibold">{same ? words.same(compared) : words.different(divergences.length)}</p>
    {stopped === null ? null : <p className="text-muted">{words.stopped(stopped)}</p>}
  </>
);

const SHOWN_MAX = 50;

function Divergences({ divergences }: Pick<ReplayReport, "divergences">) {
  const more = divergences.length - SHOWN_MAX;
  return (
    <ul className="space-y-4">
      {divergences.slice(0, SHOWN_MAX).map(({ turn, event, tool, field, recorded, replayed, reason }, index) => {
        const place = [turn === null ? words.request : text.run.turn(turn), tool ?? event, field];
        const label = place.filter((each) => each !== "").join(" · ");
        return (
          <li key={`${index} ${label}`} className="min-w-0">
            <h3 className="font-mono text-xs break-words">{label}</h3>
            <p className="mb-1 text-sm text-muted">{reason}</p>
            <Diff label={label} before={shown(recorded)} after={shown(replayed)} />
          </li>
        );
      })}
      {more > 0 ? <li className="text-sm text-muted">{words.more(more)}</li> : null}
    </ul>
  );
}

const shown = (value: ReplayReport["divergences"][number]["recorded"]): string =>
  typeof value === "string" ? value : value === null ? "" : JSON.stringify(value, null, 2);
