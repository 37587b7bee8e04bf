import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { operations, type MemoryPruned } from "../../../../../src/api/contract/index.ts";
import { toProblem } from "../../../api/client.ts";
import { pruneMemory } from "../../../api/memory/memory-maintenance.ts";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { count } from "../../../parts/format/format.ts";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../../parts/table.tsx";
import { STORE } from "../../../text/memory/store.ts";
import { ChangeForm } from "../forms/change-form.tsx";
import { forgetCached, useChange } from "../forms/use-change.ts";

/** What the policy takes out: seen first, then done. */
export function Retention() {
  const [isSure, setSure] = useState(false);
  const look = useMutation({ mutationFn: () => pruneMemory(true) });
  const prune = useChange(
    () => pruneMemory(false),
    (pruned) => STORE.went(pruned),
    { refresh: forgetCached },
  );
  const shown = prune.data ?? look.data;
  return (
    <Card title={STORE.retention}>
      <div className="space-y-3">
        <p className="text-sm text-muted">{STORE.retentionNote}</p>
        <div className="flex flex-wrap gap-2">
          <Button
            needs={operations.memoryMaintenance.prune}
            disabled={look.isPending}
            onClick={() => {
              prune.reset();
              look.mutate();
            }}
          >
            {STORE.whatWouldGo}
          </Button>
          {shown?.dry_run === true && isAny(shown) ? (
            <Button needs={operations.memoryMaintenance.prune} look="danger" onClick={() => setSure(true)}>
              {STORE.prune}
            </Button>
          ) : null}
        </div>
        {look.error === null ? null : isOff(look.error) ? (
          <NoPolicy error={look.error} />
        ) : (
          <ProblemView error={look.error} />
        )}
        <div role="status">{shown === undefined ? null : <Gone pruned={shown} />}</div>
      </div>
      {isSure && look.data !== undefined ? (
        <ChangeForm
          title={STORE.pruneTitle}
          action={STORE.prune}
          look="danger"
          onClose={() => setSure(false)}
          onSubmit={() => prune.mutate(undefined, { onSuccess: () => setSure(false) })}
          isReady={!prune.isPending}
          error={prune.error}
        >
          <p className="text-sm font-medium">{STORE.wouldGo(look.data)}</p>
          <p className="text-sm">{look.data.action === "archive" ? STORE.toArchive : STORE.toDelete}</p>
        </ChangeForm>
      ) : null}
    </Card>
  );
}

const isAny = ({ entities, relations }: MemoryPruned): boolean => entities + relations > 0;

const isOff = (error: Error): boolean => toProblem(error).code === "MEMORY_RETENTION_OFF";

/** A missing policy is not an error: it is the default. */
const NoPolicy = ({ error }: { readonly error: Error }) => (
  <p role="status" className="rounded-lg border border-line bg-sunken px-3 py-2 text-sm">
    {STORE.noPolicy} <span className="text-muted">{toProblem(error).hint}</span>
  </p>
);

function Gone({ pruned }: { readonly pruned: MemoryPruned }) {
  const { retentionColumns: columns } = STORE;
  const { dry_run: isTrial, items, archive, more, action } = pruned;
  if (!isAny(pruned)) return <p className="text-sm">{STORE.nothingGoes}</p>;
  return (
    <div className="space-y-2">
      <p className="text-sm font-medium">{isTrial ? STORE.wouldGo(pruned) : STORE.went(pruned)}</p>
      <Table label={STORE.retention}>
        <thead>
          <tr>
            <Th>{columns.scope}</Th>
            <Th>{columns.reason}</Th>
            <Th className="text-right">{columns.entities}</Th>
            <Th className="text-right">{columns.relations}</Th>
            <Th className="max-sm:hidden">{columns.examples}</Th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <Row key={`${item.scope} ${item.reason}`}>
              <Td>{item.scope}</Td>
              <Td className="text-muted">{STORE.reasons[item.reason]}</Td>
              <Td className="text-right text-muted">{count(item.entities)}</Td>
              <Td className="text-right text-muted">{count(item.relations)}</Td>
              <Td className="text-muted max-sm:hidden">{item.examples.join(", ")}</Td>
            </Row>
          ))}
        </tbody>
      </Table>
      {more ? <p className="text-xs text-warn">{STORE.moreGoes}</p> : null}
      <p className="text-xs text-muted [overflow-wrap:anywhere]">
        {archive !== null ? STORE.archived(archive) : action === "archive" ? STORE.toArchive : STORE.toDelete}
      </p>
    </div>
  );
}
