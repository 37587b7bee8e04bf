import { useQuery } from "@tanstack/react-query";
import { RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { operations, type MemoryFigures, type MemorySnapshot } from "../../../../../src/api/contract/index.ts";
import { createSnapshot, deleteSnapshot, snapshotsQuery } from "../../../api/memory/memory-maintenance.ts";
import { Ago } from "../../../parts/format/ago.tsx";
import { Button, IconButton } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { Skeleton } from "../../../parts/empty.tsx";
import { bytes } from "../../../parts/format/format.ts";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { STORE } from "../../../text/memory/store.ts";
import { ChangeForm } from "../forms/change-form.tsx";
import { useChange } from "../forms/use-change.ts";
import { RestoreDialog } from "./restore-dialog.tsx";

/** Snapshots of memory: create, restore, delete. */
export function Snapshots({ figures }: { readonly figures: MemoryFigures | undefined }) {
  const { data, error, refetch } = useQuery(snapshotsQuery(figures?.backend));
  const make = useChange(createSnapshot, () => STORE.made);
  return (
    <Card
      title={STORE.snapshots}
      actions={
        <Button
          needs={operations.memoryMaintenance.createSnapshot}
          size="small"
          disabled={make.isPending || data === undefined || figures === undefined}
          onClick={() => make.mutate(undefined)}
        >
          {STORE.make}
        </Button>
      }
      flush
    >
      <p className="p-4 text-sm text-muted">{STORE.snapshotsNote}</p>
      {make.error === null ? null : <ProblemView error={make.error} className="mx-4 mb-4" />}
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} className="mx-4 mb-4" />}
      {data !== undefined ? (
        <SnapshotList snapshots={data.items} figures={figures} />
      ) : error === null ? (
        <Skeleton lines={2} />
      ) : null}
    </Card>
  );
}

type ListProps = { readonly snapshots: readonly MemorySnapshot[]; readonly figures: MemoryFigures | undefined };

function SnapshotList({ snapshots, figures }: ListProps) {
  const [chosen, choose] = useState<{ readonly act: "restore" | "delete"; readonly snapshot: MemorySnapshot }>();
  const close = () => choose(undefined);
  if (snapshots.length === 0) return <p className="px-4 pb-4 text-sm">{STORE.noSnapshots}</p>;
  return (
    <>
      <ul aria-label={STORE.snapshots} className="max-h-96 divide-y divide-line overflow-y-auto border-t border-line">
        {snapshots.map((snapshot) => (
          <li key={snapshot.name} className="flex items-center gap-2 py-1.5 pr-2 pl-4">
            <div className="min-w-0 flex-1">
              <p className="truncate font-mono text-xs" title={snapshot.name}>
                {snapshot.name}
              </p>
              <p className="flex flex-wrap gap-x-3 text-xs text-muted">
                <Ago at={snapshot.at} />
                <span>{STORE.kinds[snapshot.kind]}</span>
                <span>{bytes(snapshot.bytes)}</span>
              </p>
            </div>
            {snapshot.kind === "damaged" ? null : (
              <IconButton
                needs={operations.memoryMaintenance.restoreSnapshot}
                label={STORE.restoreOne(snapshot.name)}
                onClick={() => choose({ act: "restore", snapshot })}
              >
                <RotateCcw aria-hidden />
              </IconButton>
            )}
            <IconButton
              needs={operations.memoryMaintenance.deleteSnapshot}
              label={STORE.remove(snapshot.name)}
              onClick={() => choose({ act: "delete", snapshot })}
            >
              <Trash2 aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {chosen?.act === "restore" ? (
        <RestoreDialog snapshot={chosen.snapshot} figures={figures} onClose={close} />
      ) : null}
      {chosen?.act === "delete" ? <RemoveDialog snapshot={chosen.snapshot} onClose={close} /> : null}
    </>
  );
}

function RemoveDialog({ snapshot, onClose }: { readonly snapshot: MemorySnapshot; readonly onClose: () => void }) {
  const remove = useChange(
    () => deleteSnapshot(snapshot.name),
    () => STORE.removed,
  );
  return (
    <ChangeForm
      title={STORE.removeTitle(snapshot.name)}
      action={STORE.removeAction}
      look="danger"
      onClose={onClose}
      onSubmit={() => remove.mutate(undefined, { onSuccess: onClose })}
      isReady={!remove.isPending}
      error={remove.error}
    >
      <p className="text-sm">{STORE.removeNote}</p>
    </ChangeForm>
  );
}
