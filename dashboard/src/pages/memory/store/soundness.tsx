import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, Clock, TriangleAlert } from "lucide-react";
import { operations, type MemoryChecked, type MemoryFigures } from "../../../../../src/api/contract/index.ts";
import { memoryFiguresQuery } from "../../../api/memory/memory.ts";
import { checkMemory, reindexMemory } from "../../../api/memory/memory-maintenance.ts";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { Progress } from "../../../parts/progress.tsx";
import { STORE } from "../../../text/memory/store.ts";
import { useChange } from "../forms/use-change.ts";
import { useEvery } from "./use-every.ts";

const LOOK_MS = 1_000;

/** Consistency problems with their fixes, and the rebuild of indexes. */
export function Soundness({ figures }: { readonly figures: MemoryFigures | undefined }) {
  const check = useMutation({ mutationFn: checkMemory });
  return (
    <Card title={STORE.soundness}>
      <div className="space-y-3">
        <p className="text-sm text-muted">{STORE.checkNote}</p>
        <Button
          needs={operations.memoryMaintenance.check}
          disabled={check.isPending}
          onClick={() => check.mutate(false)}
        >
          {check.isPending ? STORE.checking : STORE.check}
        </Button>
        {check.error === null ? null : <ProblemView error={check.error} />}
        <div role="status">
          {check.data === undefined ? null : (
            <Findings
              checked={check.data}
              onRepair={check.isPending || check.variables ? undefined : () => check.mutate(true)}
            />
          )}
        </div>
        {figures === undefined ? null : <Reindex figures={figures} />}
      </div>
    </Card>
  );
}

/** Without `onRepair` all that can be repaired here was, or is being. */
type FindingsProps = { readonly checked: MemoryChecked; readonly onRepair: (() => void) | undefined };

function Findings({ checked: { items }, onRepair }: FindingsProps) {
  if (items.length === 0)
    return (
      <p className="flex items-center gap-2 text-sm">
        <CircleCheck aria-hidden className="size-4 text-good" />
        {STORE.sound}
      </p>
    );
  return (
    <div className="space-y-2">
      <ul aria-label={STORE.findings} className="divide-y divide-line rounded-lg border border-line">
        {items.map(({ what, hint, repaired, pending }, index) => (
          <li key={index} className="flex gap-2.5 px-3 py-2.5 text-sm">
            {repaired ? (
              <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
            ) : pending ? (
              <Clock aria-hidden className="mt-0.5 size-4 shrink-0 text-muted" />
            ) : (
              <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
            )}
            <div className="min-w-0 [overflow-wrap:anywhere]">
              <p className="font-medium">{what}</p>
              <p className="text-muted">{repaired ? STORE.repaired : hint}</p>
            </div>
          </li>
        ))}
      </ul>
      {onRepair === undefined || items.every(({ repaired }) => repaired) ? null : (
        <Button needs={operations.memoryMaintenance.check} onClick={onRepair}>
          {STORE.repair}
        </Button>
      )}
    </div>
  );
}

function Reindex({ figures: { indexed } }: { readonly figures: MemoryFigures }) {
  const client = useQueryClient();
  const reindex = useChange(reindexMemory, () => STORE.reindexed);
  // How far it is stands in the figures.
  useEvery(reindex.isPending ? LOOK_MS : undefined, () => void client.refetchQueries(memoryFiguresQuery));
  return (
    <div className="space-y-3 border-t border-line pt-3">
      <p className="text-sm text-muted">{STORE.reindexNote}</p>
      <Button
        needs={operations.memoryMaintenance.reindex}
        disabled={reindex.isPending}
        onClick={() => reindex.mutate(undefined)}
      >
        {reindex.isPending ? STORE.reindexing : STORE.reindex}
      </Button>
      {reindex.isPending ? (
        <Progress label={STORE.indexing} share={indexed >= 1 ? undefined : indexed}>
          {indexed >= 1 ? STORE.begins : `${Math.floor(indexed * 100)} %`}
        </Progress>
      ) : null}
      {reindex.error === null ? null : <ProblemView error={reindex.error} />}
    </div>
  );
}
