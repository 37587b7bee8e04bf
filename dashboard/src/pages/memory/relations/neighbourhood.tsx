import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { operations, type MemoryEntity, type MemoryGraph } from "../../../../../src/api/contract/index.ts";
import { AROUND_MAX, neighbourhoodQuery } from "../../../api/memory/memory.ts";
import { Button } from "../../../parts/button.tsx";
import { Choices } from "../../../parts/forms/choices.tsx";
import { Skeleton } from "../../../parts/empty.tsx";
import { MoreButton } from "../../../parts/more-button.tsx";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";
import { MemoryProblem } from "../memory-problem.tsx";
import { AddRelation } from "./relation-dialog.tsx";
import { RelationDrawing } from "./relation-drawing.tsx";
import { RelationTable } from "./relation-table.tsx";

const route = getRouteApi("/memory/$id");
const words = text.memory;
const DEPTHS = ["1", "2", "3"] as const;

/** Related entities of an entity, as a drawing and as a table. */
export function Neighbourhood({ entity }: { readonly entity: MemoryEntity }) {
  const { depth: steps = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  const depth = DEPTHS.find((each) => each === String(steps)) ?? "1";
  const [isMost, setMost] = useState(false);
  const [isAdding, setAdding] = useState(false);
  const most = useQuery({ ...neighbourhoodQuery(entity, Number(depth), AROUND_MAX), enabled: isMost });
  const first = useQuery({ ...neighbourhoodQuery(entity, Number(depth)), enabled: most.data === undefined });
  const graph = most.data ?? first.data;
  const { error, refetch } = most.data === undefined ? first : most;
  const types = [...new Set(graph?.relations.map(({ type }) => type))];
  return (
    <section aria-label={words.neighbourhood} className="min-w-0 space-y-3">
      <div className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="flex-1 text-sm font-semibold">{words.neighbourhood}</h2>
        <Button needs={operations.memory.relate} size="small" onClick={() => setAdding(true)}>
          <Plus aria-hidden />
          {EDITING.relations.add}
        </Button>
        <Choices
          label={words.depth}
          value={depth}
          choices={DEPTHS.map((value) => ({ value, label: words.depths[value] }))}
          onChange={(chosen = "1") => {
            const search = { depth: chosen === "1" ? undefined : Number(chosen) };
            void navigate({ search, replace: true, resetScroll: false });
          }}
        />
      </div>
      {error === null ? null : <MemoryProblem error={error} onRetry={() => void refetch()} />}
      {graph !== undefined ? (
        <Shown graph={graph} middle={entity.id}>
          {graph.truncated && most.data === undefined ? (
            <MoreButton
              label={words.showMore(AROUND_MAX)}
              isLoading={most.isFetching}
              error={most.error}
              onMore={() => void (isMost ? most.refetch() : setMost(true))}
            />
          ) : null}
        </Shown>
      ) : error === null ? (
        <Skeleton lines={4} />
      ) : null}
      {isAdding ? <AddRelation entity={entity} types={types} onClose={() => setAdding(false)} /> : null}
    </section>
  );
}

type ShownProps = {
  readonly graph: MemoryGraph;
  readonly middle: string;
  /** Leads to those that are not shown. */
  readonly children: ReactNode;
};

function Shown({ graph, middle, children }: ShownProps) {
  if (graph.relations.length === 0) return <p className="text-sm text-muted">{words.alone}</p>;
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-muted">
        <span>{words.aroundCount(graph.entities.length - 1, graph.relations.length)}</span>
        {graph.truncated ? <span className="text-warn">{words.cut}</span> : null}
        {children}
        <span className="flex-1 text-right max-sm:hidden">{words.drawingKeys}</span>
      </div>
      <RelationDrawing graph={graph} middle={middle} />
      <RelationTable graph={graph} />
    </>
  );
}
