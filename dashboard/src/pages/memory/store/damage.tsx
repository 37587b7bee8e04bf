import { useQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { operations, type MemoryFigures } from "../../../../../src/api/contract/index.ts";
import { toProblem } from "../../../api/client.ts";
import { snapshotsQuery } from "../../../api/memory/memory-maintenance.ts";
import { Button } from "../../../parts/button.tsx";
import { useServerNow } from "../../../parts/format/clock.ts";
import { ago } from "../../../parts/format/format.ts";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { STORE } from "../../../text/memory/store.ts";
import { RestoreDialog } from "./restore-dialog.tsx";

type Props = { readonly error: Error; readonly figures: MemoryFigures | undefined; readonly onRetry: () => void };

/** That memory cannot be read, with what brings it back at once: the snapshot that the failure names. */
export function Damage({ error, figures, onRetry }: Props) {
  const nowMs = useServerNow(15_000);
  const [isRestoring, setRestoring] = useState(false);
  const { data } = useQuery(snapshotsQuery(figures?.backend));
  const latest = data?.items.find(({ name }) => name === toProblem(error).details["snapshot"]);
  return (
    <>
      <ProblemView error={error} onRetry={onRetry} className="mb-4">
        {latest === undefined ? null : (
          <Button needs={operations.memoryMaintenance.restoreSnapshot} size="small" onClick={() => setRestoring(true)}>
            <RotateCcw aria-hidden />
            {STORE.restoreLatest(ago(latest.at, nowMs))}
          </Button>
        )}
      </ProblemView>
      {isRestoring && latest !== undefined ? (
        <RestoreDialog snapshot={latest} figures={figures} onClose={() => setRestoring(false)} />
      ) : null}
    </>
  );
}
