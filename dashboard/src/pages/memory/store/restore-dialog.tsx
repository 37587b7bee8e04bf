import { useQuery } from "@tanstack/react-query";
import type { MemoryFigures, MemorySnapshot } from "../../../../../src/api/contract/index.ts";
import { latestChangesQuery, restoreSnapshot } from "../../../api/memory/memory-maintenance.ts";
import { useServerNow } from "../../../parts/format/clock.ts";
import { Skeleton } from "../../../parts/empty.tsx";
import { ago, fullTime } from "../../../parts/format/format.ts";
import { STORE } from "../../../text/memory/store.ts";
import { ChangeForm } from "../forms/change-form.tsx";
import { scopesToLookInto } from "../scopes.ts";
import { forgetCached, useChange } from "../forms/use-change.ts";
import { lostSince } from "./lost-since.ts";

type Props = {
  readonly snapshot: MemorySnapshot;
  /** Undefined while memory cannot be read. */
  readonly figures: MemoryFigures | undefined;
  readonly onClose: () => void;
};

/** Says what is undone when memory becomes what it was, before it does. */
export function RestoreDialog({ snapshot, figures, onClose }: Props) {
  const nowMs = useServerNow(15_000);
  const restore = useChange(
    () => restoreSnapshot(snapshot.name),
    ({ replaced }) => STORE.restored(replaced.name),
    { refresh: forgetCached },
  );
  return (
    <ChangeForm
      title={STORE.restoreTitle}
      action={STORE.restore}
      look="danger"
      onClose={onClose}
      onSubmit={() => restore.mutate(undefined, { onSuccess: onClose })}
      isReady={!restore.isPending}
      error={restore.error}
    >
      <p className="text-sm font-medium">{STORE.restoreWhat(fullTime(snapshot.at), ago(snapshot.at, nowMs))}</p>
      {figures === undefined ? <Unknown /> : <Lost at={snapshot.at} figures={figures} />}
      <p className="text-sm">{STORE.restoreKept}</p>
    </ChangeForm>
  );
}

/** A list of changes that cannot be loaded must not prevent a restore. */
const Unknown = () => <p className="text-sm">{STORE.lostUnknown}</p>;

function Lost({ at, figures }: { readonly at: string; readonly figures: MemoryFigures }) {
  const { scopes, leftOut } = scopesToLookInto(figures);
  const { data, error } = useQuery(latestChangesQuery(scopes));
  if (error !== null) return <Unknown />;
  if (data === undefined) return <Skeleton lines={2} />;
  const { counts, isAll } = lostSince(data.items, { at, hasMore: data.next !== null });
  if (counts.length === 0) return <p className="text-sm">{STORE.lostNothing}</p>;
  return (
    <div className="text-sm">
      <p>{isAll ? STORE.lostTitle : STORE.lostMore(data.items.length)}</p>
      <ul className="list-disc space-y-1 pl-5">
        {counts.map(([action, count]) => (
          <li key={action}>{STORE.lost[action](count)}</li>
        ))}
      </ul>
      {leftOut === 0 ? null : <p className="text-xs text-muted">{STORE.lostElsewhere(leftOut)}</p>}
    </div>
  );
}
