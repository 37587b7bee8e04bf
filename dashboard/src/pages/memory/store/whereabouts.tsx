import { useQuery } from "@tanstack/react-query";
import type { MemoryWhereabouts } from "../../../../../src/api/contract/index.ts";
import { whereaboutsQuery } from "../../../api/memory-upkeep.ts";
import { Ago } from "../../../parts/ago.tsx";
import { Command } from "../../../parts/copy.tsx";
import { count } from "../../../parts/format.ts";
import { ProblemView } from "../../../parts/problem-view.tsx";
import { Progress } from "../../../parts/progress.tsx";
import { STORE } from "../../../text-memory-store.ts";

/** Whether memory is on its way to another place, or came from one. */
export function WhereItIs() {
  const { data, error } = useQuery(whereaboutsQuery);
  if (error !== null && data === undefined) return <ProblemView error={error} />;
  if (data === undefined) return null;
  const { place, configured, came_from: cameFrom, migration } = data;
  return (
    <div className="space-y-2 border-t border-line pt-3 text-sm">
      {cameFrom === null ? null : (
        <p>
          {STORE.cameFrom(cameFrom.place)} <Ago at={cameFrom.at} />
        </p>
      )}
      {place === configured ? null : <p className="text-warn">{STORE.otherwise(configured, place)}</p>}
      {migration === null ? (
        <>
          <p className="text-muted">{cameFrom === null ? STORE.migrateNote : STORE.backNote(cameFrom.place)}</p>
          <Command>
            {STORE.migrateCommand(cameFrom?.place ?? (place === "embedded" ? "postgresql" : "embedded"))}
          </Command>
        </>
      ) : (
        <Under migration={migration} />
      )}
    </div>
  );
}

function Under({
  migration: { from, to, progress },
}: {
  readonly migration: NonNullable<MemoryWhereabouts["migration"]>;
}) {
  const isCopying = progress !== null && progress.phase !== "changes" && progress.all > 0;
  const done = progress === null ? 0 : progress.entities + progress.relations;
  return (
    <Progress label={STORE.goingFrom(from, to)} share={isCopying ? done / progress.all : undefined}>
      {progress === null
        ? STORE.begins
        : isCopying
          ? STORE.copied(count(done), count(progress.all))
          : STORE.followed(count(progress.followed))}
    </Progress>
  );
}
