import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { MemoryLocation } from "../../../../../src/api/contract/index.ts";
import { locationQuery } from "../../../api/memory/memory-maintenance.ts";
import { Ago } from "../../../parts/format/ago.tsx";
import { Command } from "../../../parts/content/copy.tsx";
import { count } from "../../../parts/format/format.ts";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { Progress } from "../../../parts/progress.tsx";
import { STORE } from "../../../text/memory/store.ts";

type Migration = NonNullable<MemoryLocation["migration"]>;

/** Whether memory is on its way to another place, or came from one. */
export function WhereItIs() {
  const { data, error } = useQuery(locationQuery);
  // The server reports a migration only while it runs; its result goes to the client that started it.
  const [seen, setSeen] = useState<Migration | null>(null);
  const migration = data?.migration ?? null;
  if (migration !== null && migration !== seen) setSeen(migration);
  if (error !== null && data === undefined) return <ProblemView error={error} />;
  if (data === undefined) return null;
  const { backend, configured, previous_backend: previous } = data;
  return (
    <div className="space-y-2 text-sm">
      {previous === null ? null : (
        <p>
          {STORE.cameFrom(previous.backend)} <Ago at={previous.at} />
        </p>
      )}
      {backend === configured ? null : <p className="text-warn">{STORE.otherwise(configured, backend)}</p>}
      {migration !== null ? (
        <Under migration={migration} />
      ) : seen !== null && backend !== seen.to ? (
        <Ended migration={seen} place={backend} />
      ) : (
        <>
          <p className="text-muted">{previous === null ? STORE.migrateNote : STORE.backNote(previous.backend)}</p>
          <Command>
            {STORE.migrateCommand(previous?.backend ?? (backend === "embedded" ? "postgresql" : "embedded"))}
          </Command>
        </>
      )}
    </div>
  );
}

const copiedBy = ({ progress }: Migration): number => (progress === null ? 0 : progress.entities + progress.relations);

function Under({ migration }: { readonly migration: Migration }) {
  const { from, to, progress } = migration;
  const isCopying = progress !== null && progress.phase !== "changes" && progress.all > 0;
  const done = copiedBy(migration);
  return (
    <>
      <Progress label={STORE.goingFrom(from, to)} share={isCopying ? done / progress.all : undefined}>
        {progress === null
          ? STORE.begins
          : isCopying
            ? STORE.copied(count(done), count(progress.all))
            : STORE.followed(count(progress.followed))}
      </Progress>
      <p className="text-xs text-muted">{STORE.goingNote(from)}</p>
    </>
  );
}

/** A migration that was seen running and ended without a cutover. */
const Ended = ({ migration, place }: { readonly migration: Migration; readonly place: string }) => (
  <>
    <p role="status" className="text-warn">
      {STORE.endedAt(migration.to, place, count(copiedBy(migration)), count(migration.progress?.all ?? 0))}
    </p>
    <Command>{STORE.migrateCommand(migration.to)}</Command>
  </>
);
